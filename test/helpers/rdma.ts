/** RDMA devices for tests: ends of a connection, and a wire between them in virtual time that loses, repeats and reorders. */
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import type { LimitSizes } from "../../src/limit/plane/sizes.js";
import type {
  Access,
  AddressOptions,
  CompletionQueue,
  Icrc,
  Mtu,
  ProtectionDomain,
  QueuePair,
  RdmaDevice,
  RdmaSizes,
  RtrOptions,
  RtsOptions,
} from "../../src/rdma/verbs/index.js";
import { type Build, testEngine } from "./engines.js";
import { drain } from "./ports.js";
import type { Random } from "./property.js";

export interface End {
  readonly engine: Engine;
  readonly port: Port;
  readonly device: RdmaDevice;
  readonly pd: ProtectionDomain;
  readonly cq: CompletionQueue;
  readonly qp: QueuePair;
}

export interface EndShape {
  readonly build?: Build;
  readonly type?: "rc" | "ud";
  readonly qpn?: number;
  readonly rdma?: RdmaSizes;
  readonly mbufs?: number;
  readonly icrc?: Icrc;
  readonly limits?: LimitSizes;
}

export const ALL_ACCESS: readonly Access[] = ["local-write", "remote-write", "remote-read", "remote-atomic"];

export async function makeEnd({
  build = "debug",
  type = "rc",
  qpn,
  rdma = {},
  mbufs = 256,
  icrc = "full",
  limits,
}: EndShape = {}): Promise<End> {
  const engine = await testEngine(
    { mbufs, payloadBytes: 4608, queueSize: 256, rdma, ...(limits && { limits }) },
    build,
  );
  const port = engine.addPort("roce");
  const device = engine.addRdma({ port, icrc });
  const pd = device.allocPd();
  const cq = device.createCq();
  return { engine, port, device, pd, cq, qp: device.createQp({ pd, type, sendCq: cq, ...(qpn && { qpn }) }) };
}

export const A4: AddressOptions = { local: "10.9.0.1", remote: "10.9.0.2" };
export const B4: AddressOptions = { local: "10.9.0.2", remote: "10.9.0.1" };

export interface Connection {
  readonly mtu?: Mtu;
  readonly access?: readonly Access[];
  readonly rtr?: Partial<Omit<RtrOptions, "state">>;
  readonly rts?: Partial<Omit<RtsOptions, "state">>;
}

/** Connects two ends, each of which begins with a PSN close to the wrap. */
export function connect(a: End, b: End, { mtu = 256, access = ALL_ACCESS, rtr, rts }: Connection = {}): void {
  const psns = [0xfffff0, 0xfffffe] as const;
  for (const [end, peer, address, sqPsn, rqPsn] of [
    [a, b, A4, psns[0], psns[1]],
    [b, a, B4, psns[1], psns[0]],
  ] as const) {
    end.qp.modify({ state: "init", access });
    end.qp.modify({ state: "rtr", address, destQpn: peer.qp.qpn, rqPsn, mtu, ...rtr });
    end.qp.modify({ state: "rts", sqPsn, timeoutUs: 2000, ...rts });
  }
}

/** What left a port, as bytes. */
export function takeFrames(port: Port): Uint8Array[] {
  return drain(port).map(({ bytes }) => bytes);
}

export interface Faults {
  /** Shares of the frames, 0 to 1. */
  readonly loss?: number;
  readonly twice?: number;
  readonly late?: number;
}

/** A wire between two ends; a frame takes 10 us, a late one up to 500. Where nothing moves, time goes in longer steps. */
export class Wire {
  nowUs = 0;
  #isIdle = false;
  readonly #ends: readonly [End, End];
  readonly #random: Random;
  readonly #faults: Faults;
  #flying: { atUs: number; to: End; data: Uint8Array }[] = [];

  constructor(a: End, b: End, random: Random, faults: Faults = {}) {
    this.#ends = [a, b];
    this.#random = random;
    this.#faults = faults;
  }

  /** One step of time: what is due arrives, both ends work, what they send takes off. Returns true while anything moves or waits. */
  step(): boolean {
    this.nowUs += this.#isIdle ? 100 : 10;
    const dueNow = this.#flying.filter(({ atUs }) => atUs <= this.nowUs);
    this.#flying = this.#flying.filter(({ atUs }) => atUs > this.nowUs);
    let isBusy = dueNow.length > 0 || this.#flying.length > 0;
    this.#isIdle = !isBusy;
    for (const { to, data } of dueNow) to.port.receive(data);
    for (const [i, end] of this.#ends.entries()) {
      if (end.device.tick(this.nowUs / 1000) > 0) isBusy = true;
      while (end.device.poll() > 0) {
        isBusy = true;
        this.#isIdle = false;
        for (const data of takeFrames(end.port)) this.#launch(this.#ends[1 - i] as End, data);
      }
      for (const data of takeFrames(end.port)) this.#launch(this.#ends[1 - i] as End, data);
    }
    return isBusy;
  }

  /** Steps until all is quiet; throws when it never is. */
  settle(steps = 200_000): void {
    for (let i = 0; i < steps; i++) if (!this.step()) return;
    throw new Error("never quiet");
  }

  #launch(to: End, data: Uint8Array): void {
    const { loss = 0, twice = 0, late = 0 } = this.#faults;
    const copies = this.#chance(twice) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.#chance(loss)) continue;
      const delayUs = this.#chance(late) ? 10 * (1 + this.#random.below(50)) : 10;
      this.#flying.push({ atUs: this.nowUs + delayUs, to, data });
    }
  }

  #chance(share: number): boolean {
    return share > 0 && this.#random.below(10_000) < share * 10_000;
  }
}
