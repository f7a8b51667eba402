/** Agents for tests, each on an engine of its own, and a wire between them in virtual time that loses, repeats, delays and damages. */
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import { Agent, type AgentOptions, agentSizes } from "../../src/rdma/agent/index.js";
import { type Build, testEngine } from "./engines.js";
import { drain } from "./ports.js";
import type { Random } from "./property.js";

export interface Station {
  readonly engine: Engine;
  readonly port: Port;
  readonly agent: Agent;
}

export interface StationOptions extends Partial<Omit<AgentOptions, "device" | "local" | "random">> {
  readonly build?: Build;
  readonly mbufs?: number;
}

/** An agent at an address. Seeds what it draws. */
export async function makeStation(local: string, random: Random, options: StationOptions = {}): Promise<Station> {
  const { build = "release", mbufs = 512, connections = 4, ...rest } = options;
  const session = { transfersMax: 8, transferBytes: 4096, ...rest.session };
  const rdma = agentSizes({ connections, session });
  const engine = await testEngine({ mbufs, payloadBytes: 4608, queueSize: 512, rdma }, build);
  const port = engine.addPort("roce");
  const device = engine.addRdma({ port });
  const draw = () => random.below(2 ** 32);
  return { engine, port, agent: new Agent({ ...rest, device, local, session, connections, random: draw }) };
}

export interface WireFaults {
  /** Shares of the frames, 0 to 1. */
  readonly loss?: number;
  readonly twice?: number;
  readonly late?: number;
  readonly damaged?: number;
}

/** A frame takes 10 us, a late one up to 500. */
export class StationWire {
  nowMs = 0;
  faults: WireFaults = {};
  /** Nothing passes. */
  isCut = false;
  /** Every frame that passed. */
  readonly frames: Uint8Array[] = [];
  readonly #stations: Station[];
  readonly #random: Random;
  #flying: { readonly atMs: number; readonly from: number; readonly data: Uint8Array }[] = [];

  constructor(a: Station, b: Station, random: Random) {
    this.#stations = [a, b];
    this.#random = random;
  }

  /** Another agent takes a place, which knows nothing; what was on its way to the last one is lost. */
  replace(place: 0 | 1, station: Station): void {
    this.#stations[place] = station;
    this.#flying = [];
  }

  /** The agent of a place goes on at another station: what is on its way to it arrives there. */
  goOn(place: 0 | 1, station: Station): void {
    this.#stations[place] = station;
  }

  /** One step of time. */
  step(ms = 0.01): void {
    this.nowMs += ms;
    const due = this.#flying.filter(({ atMs }) => atMs <= this.nowMs);
    if (due.length > 0) this.#flying = this.#flying.filter(({ atMs }) => atMs > this.nowMs);
    for (const { from, data } of due) this.#stations[1 - from]?.port.receive(data);
    for (const [from, { agent, port }] of this.#stations.entries()) {
      agent.poll(this.nowMs);
      for (const { bytes } of drain(port)) this.#launch(from, bytes);
      port.reap();
    }
  }

  /** Steps until done says so: goes at once to the next time at which something is due. False: it took longer than so many ms. */
  run(done: () => boolean, ms = 1000): boolean {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      if (done()) return true;
      const times = this.#flying.map(({ atMs }) => atMs);
      for (const { agent } of this.#stations) times.push(agent.nextMs ?? Number.POSITIVE_INFINITY);
      this.step(Math.min(5, Math.max(0.01, Math.min(...times) - this.nowMs)));
    }
    return done();
  }

  #launch(from: number, frame: Uint8Array): void {
    const { loss = 0, twice = 0, late = 0, damaged = 0 } = this.faults;
    for (let copies = this.#chance(twice) ? 2 : 1; copies > 0; copies--) {
      if (this.isCut || this.#chance(loss)) continue;
      const data = frame.slice();
      if (this.#chance(damaged)) {
        const at = this.#random.below(data.length);
        data[at] = (data[at] as number) ^ (1 << this.#random.below(8));
      }
      this.frames.push(data);
      this.#flying.push({
        atMs: this.nowMs + (this.#chance(late) ? 0.01 * (1 + this.#random.below(50)) : 0.01),
        from,
        data,
      });
    }
  }

  #chance(share: number): boolean {
    return share > 0 && this.#random.below(10_000) < share * 10_000;
  }
}
