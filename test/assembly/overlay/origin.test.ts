/** Frames of an endpoint that moves, from where it was, where it is, and where it never was: the data plane and its twin agree on each. */
import { describe, expect, test } from "vitest";
import { ORIGIN_WAYS } from "../../../assembly/layout.js";
import type { Port } from "../../../src/buffer/port.js";
import { HostCore } from "../../../src/host/core.js";
import { parseIp, parseMac } from "../../../src/overlay/address.js";
import { definePolicy } from "../../../src/overlay/policy/policy.js";
import { censusAfterEach } from "../../helpers/census.js";
import { BUILDS, type Build, testEngine } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { LoneHost, macOf, OWN, VNI } from "../../helpers/lone-host.js";
import { drain } from "../../helpers/ports.js";
import { Random } from "../../helpers/property.js";
import { OriginModel } from "../../model/origin.js";

censusAfterEach();

const TICK_MS = 10;
const SEND_ON_MS = 3000;
const LOCAL = { 4: "192.0.2.1", 6: "fd00::1" } as const;
type Family = keyof typeof LOCAL;
const IPS = ["10.0.0.1"];
/** A host that is nobody's. */
const STRANGER = 9;

/** A partition that is here, and another one that is sometimes here, and sometimes on one of six other hosts. */
class Mover {
  readonly bench: LoneHost<HostCore["engine"]>;
  readonly model = new OriginModel(SEND_ON_MS / TICK_MS, ORIGIN_WAYS);
  nowMs = 0;
  readonly #family: Family;
  readonly #uplink: Port;
  readonly #own: Port;
  readonly #vnic: Port;
  #generation = 0;
  #gqpn = 1000;

  private constructor(core: HostCore, family: Family) {
    this.bench = new LoneHost(core);
    this.#family = family;
    const [uplink, own, vnic] = core.engine.ports as [Port, Port, Port];
    [this.#uplink, this.#own, this.#vnic] = [uplink, own, vnic];
    for (let i = 1; i <= 6; i++) {
      this.bench.store.publishHost({
        name: `h${i}`,
        address: this.address(i),
        mtuBytes: 1500,
        encapsulations: ["vxlan"],
      });
    }
    core.attach({ partition: "own", network: VNI, vnic: this.#own, mac: OWN.mac, ips: [OWN.ip] }, 0);
    this.pass(TICK_MS);
  }

  static async make(family: Family, build: Build): Promise<Mover> {
    const headers = ["ethernet", "ipv6", "udp", "vxlan"] as const;
    const engine = await testEngine({ ports: 3, tunnels: 0, overlay: { waits: 16, networks: 1 }, headers }, build);
    const [uplink] = ["up", "own", "vnic"].map((name) => engine.addPort(name)) as [Port, Port, Port];
    const policy = definePolicy({ networks: { n: { vni: VNI, default: "allow" } } });
    const times = { tickMs: TICK_MS, sendOnMs: SEND_ON_MS, idleMs: 86_400_000, leaseMs: 86_400_000 };
    return new Mover(
      new HostCore({ name: "here", address: LOCAL[family], engine, uplinks: [uplink], policy, times }),
      family,
    );
  }

  address(i: number): string {
    return this.#family === 4 ? `192.0.2.${10 + i}` : `fd00::${10 + i}`;
  }

  get tick(): number {
    return Math.floor(this.nowMs / TICK_MS);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.bench.step(this.nowMs);
  }

  /** To another host, or with 0 to this one. */
  move(i: number): void {
    if (i === 0) {
      this.#attach();
      return;
    }
    this.#generation++;
    this.bench.publish(this.#record(`h${i}`), this.nowMs);
    this.bench.step(this.nowMs);
    this.model.move(this.address(i), this.tick);
  }

  /** The endpoint is no more; the next of its address is another, with a number of its own. */
  withdraw(): void {
    this.bench.withdraw(1, this.nowMs);
    this.#gqpn++;
    this.model.withdraw();
  }

  /** A frame of its comes from a host: true when it reaches the partition that is here. */
  arrives(i: number): boolean {
    const src = parseIp("src", this.address(i));
    const dst = parseIp("dst", LOCAL[this.#family]);
    const inner = f.ethernet(f.ipv4(f.udp([1]), { src: [10, 0, 0, 1], dst: [10, 0, 1, 0] }), {
      ...{ src: parseMac("mac", macOf(1)), dst: parseMac("mac", OWN.mac) },
    });
    const datagram = f.vxlan(VNI, inner);
    const layer3 = this.#family === 4 ? f.ipv4(datagram, { src, dst }) : f.ipv6(datagram, { src, dst });
    expect(this.#uplink.receive(f.ethernet(layer3))).toBe(true);
    this.bench.step(this.nowMs);
    return drain(this.#own).length === 1;
  }

  #attach(): void {
    const isHere = this.bench.core.attachments.some(({ mac }) => mac === macOf(1));
    if (isHere) return;
    this.bench.core.attach({ partition: "p1", network: VNI, vnic: this.#vnic, mac: macOf(1), ips: IPS }, this.nowMs);
    this.bench.step(this.nowMs);
    const known = this.bench.store.resolve({ vni: VNI, mac: macOf(1) })?.endpoint;
    expect(known?.host).toBe("here");
    [this.#gqpn, this.#generation] = [known?.gqpn as number, known?.generation as number];
    this.model.come(this.tick);
  }

  #record(host: string) {
    const names = { vni: VNI, mac: macOf(1), ips: IPS, partition: "p1", labels: {} };
    return { ...names, host, gqpn: this.#gqpn, generation: this.#generation };
  }
}

describe.each(BUILDS)("hosts that frames come from (%s build)", (build) => {
  test.each([4, 6] as const)("any moves, over IPv%i", async (family) => {
    const random = new Random(family);
    let [taken, refused, late] = [0, 0, 0];
    for (let round = 0; round < 30; round++) {
      const mover = await Mover.make(family, build);
      const { model } = mover;
      for (let step = 0; step < 120; step++) {
        // A tick at least, so that no two moves end at once.
        mover.pass(random.pick([TICK_MS, TICK_MS, 50, 400, SEND_ON_MS - TICK_MS, SEND_ON_MS]));
        const what = random.below(12);
        if (what === 0) mover.withdraw();
        else if (what < 5) mover.move(random.below(7));
        const at = model.host;
        // Whoever talks to this host is known to it.
        for (let i = 1; i <= 6; i++) if (at === mover.address(i)) expect(mover.arrives(i)).toBe(true);
        const i = random.below(8);
        const from = i === 7 || i === 0 ? STRANGER : i;
        const isWanted = model.accepts(mover.address(from), mover.tick);
        expect(mover.arrives(from), `round ${round}, step ${step}, from ${from}`).toBe(isWanted);
        if (isWanted && at !== mover.address(from)) late++;
        if (isWanted) taken++;
        else refused++;
      }
      mover.bench.core.engine.close();
    }
    expect(Math.min(taken, refused, late)).toBeGreaterThan(100);
  });

  test("to the tick, and of more hosts than are remembered the last", async () => {
    const mover = await Mover.make(4, build);
    mover.move(1);
    expect(mover.arrives(1)).toBe(true);
    mover.pass(TICK_MS);
    mover.move(2);
    mover.pass(SEND_ON_MS - TICK_MS);
    expect(mover.arrives(1)).toBe(true);
    mover.pass(TICK_MS);
    expect(mover.arrives(1)).toBe(false);
    for (const i of [3, 4, 5, 6, 0]) {
      mover.pass(TICK_MS);
      mover.move(i);
    }
    expect([1, 2, 3, 4, 5, 6, STRANGER].map((i) => mover.arrives(i))).toEqual([
      false,
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    mover.bench.core.engine.close();
  });
});
