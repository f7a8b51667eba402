/** A set that changes under traffic: nothing by a port outside it, nothing lost, nobody else touched. */
import { describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import type { PortSetOptions } from "../../src/lag/options.js";
import type { Partition } from "../../src/lag/partition.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import { flowFrame, flowOf, macBytes, macOf, makeGroup, type TestGroup, take } from "../helpers/lag.js";
import { drain, total } from "../helpers/ports.js";
import { Random } from "../helpers/property.js";

censusAfterEach();

const PORTS = 5;
const GUESTS = 3;

/** Partitions that send, drivers that take when it pleases them, and what each frame was allowed to do when it left. */
class Bench {
  readonly random: Random;
  readonly made: TestGroup;
  readonly partitions: Partition[] = [];
  readonly up = new Set(Array.from({ length: PORTS }, (_, i) => i));
  readonly sets: number[][] = [];
  readonly sent: number[] = [];
  readonly left: number[] = [];
  nowMs = 0;

  constructor(random: Random, made: TestGroup) {
    this.random = random;
    this.made = made;
    for (let i = 0; i < GUESTS; i++) this.add(i);
  }

  add(i: number): void {
    const set = this.#anySet();
    this.sets[i] = set;
    const vnic = this.made.vnics[i] as Port;
    this.partitions[i] = this.made.group.addPartition(
      { name: `vm${i}`, vnic, macs: [macOf(i)], ...this.#options(set) },
      this.nowMs,
    );
    this.sent[i] ??= 0;
    this.left[i] ??= 0;
  }

  edit(i: number): void {
    this.sets[i] = this.#anySet();
    (this.partitions[i] as Partition).setPorts(this.#options(this.sets[i] as number[]), this.nowMs);
  }

  link(port: number): void {
    const up = !this.up.has(port);
    if (up) this.up.add(port);
    else this.up.delete(port);
    this.made.group.link(this.made.ports[port] as Port, up, this.nowMs);
  }

  send(i: number, frames: number): void {
    for (let n = 0; n < frames; n++) {
      const frame = flowFrame({ flow: this.random.below(200), sequence: i, src: macBytes(i), dst: macBytes(99) });
      if ((this.made.vnics[i] as Port).receive(frame)) this.sent[i] = (this.sent[i] as number) + 1;
    }
  }

  /** Does something, after which nothing has left by a port outside its partition's set, and only those without a port have lost any. */
  step(act: () => void): void {
    const before = this.partitions.map((partition) => partition?.counters.sentByPort ?? []);
    const drops = this.made.vnics.map(({ counters }) => total(counters.drops));
    act();
    for (const [i, partition] of this.partitions.entries()) {
      for (const [port, count] of (partition?.counters.sentByPort ?? []).entries()) {
        if (!(this.sets[i] as number[]).includes(port)) expect(count).toBe(before[i]?.[port]);
      }
      const hasLost = total((this.made.vnics[i] as Port).counters.drops) > (drops[i] as number);
      if (hasLost) expect(partition?.activePorts).toEqual([]);
    }
    expect(this.made.engine.census().holds).toBe(true);
  }

  /** A driver takes and completes what a port has; one whose link is down does not. */
  carry(port: number): void {
    if (!this.up.has(port)) return;
    for (const { bytes } of drain(this.made.ports[port] as Port)) {
      const i = flowOf(bytes).sequence;
      this.left[i] = (this.left[i] as number) + 1;
    }
  }

  #anySet(): number[] {
    const all = Array.from({ length: PORTS }, (_, i) => i);
    const set = all.filter(() => this.random.below(2) === 0);
    return set.length > 0 ? set : [this.random.below(PORTS)];
  }

  #options(set: readonly number[]): PortSetOptions {
    const ports = set.map((i) => this.made.ports[i] as Port);
    if (set.length === 1 && this.random.below(2) === 0) return { standalone: ports[0] as Port };
    const backups = this.random.below(set.length);
    const [backup, members] = [ports.slice(0, backups), ports.slice(backups)];
    return { members: members.map((port) => ({ port, weight: this.random.between(1, 4) })), backup };
  }
}

describe.each(BUILDS)("live edits (%s build)", (build) => {
  test.each(["drain", "none"] as const)(
    "at any moment, order %s: by ports of the set alone, and none is lost",
    async (order) => {
      for (let round = 0; round < 6; round++) {
        const random = new Random(round);
        const engine = { mbufs: 512, queueSize: random.pick([8, 32, 64]) };
        const made = await makeGroup(build, { portCount: PORTS, vnicCount: GUESTS, buckets: 32, order, engine });
        const bench = new Bench(random, made);
        const acts = [
          () => bench.edit(random.below(GUESTS)),
          () => bench.link(random.below(PORTS)),
          () => made.group.tick(bench.nowMs),
          ...Array(3).fill(() => bench.carry(random.below(PORTS))),
          ...Array(3).fill(() => bench.send(random.below(GUESTS), random.below(12))),
          ...Array(3).fill(() => made.engine.poll()),
        ];
        for (let step = 0; step < 150; step++) {
          bench.nowMs += random.below(3);
          bench.step(random.pick(acts));
        }
        for (let port = 0; port < PORTS; port++) if (!bench.up.has(port)) bench.link(port);
        for (let n = 0; n < 200; n++) {
          bench.step(() => made.engine.poll());
          bench.carry(n % PORTS);
        }
        for (const [i, vnic] of made.vnics.entries()) {
          expect((bench.left[i] as number) + (vnic.counters.drops["no-live-port"] ?? 0)).toBe(bench.sent[i]);
          expect(bench.partitions[i]?.moving).toBe(0);
        }
        expect(made.engine.census()).toMatchObject({ free: 512, held: 0, holds: true });
      }
    },
  );

  test("a partition that goes takes what is held for it along, counted, and no other's", async () => {
    const { group, ports, vnics, engine } = await makeGroup(build, { portCount: 2, vnicCount: 3, buckets: 32 });
    const [a, b] = ports as [Port, Port];
    const [goes, stays] = [0, 1].map((i) =>
      group.addPartition({ name: `vm${i}`, vnic: vnics[i] as Port, macs: [macOf(i)], members: [a] }),
    ) as [Partition, Partition];
    const send = (i: number, frames: number, first: number) => {
      for (let n = 0; n < frames; n++) {
        (vnics[i] as Port).receive(flowFrame({ flow: n % 4, sequence: first + n, src: macBytes(i), dst: macBytes(9) }));
      }
    };
    for (const i of [0, 1]) send(i, 8, 0);
    engine.poll();
    const inFlight = take(a);
    for (const partition of [goes, stays]) partition.setPorts({ members: [b] }, 1);
    for (const i of [0, 1]) send(i, 8, 8);
    engine.poll();
    expect(engine.census()).toMatchObject({ held: 16, queues: 16 });
    const counted = goes.counters;
    expect(counted).toMatchObject({ sentFrames: 8, held: 8 });
    goes.remove();
    expect(engine.census()).toMatchObject({ held: 8, queues: 16, holds: true });
    expect(vnics.map(({ counters }) => counters.drops)).toEqual([{ "no-live-port": 8 }, {}, {}]);
    expect([goes.counters, goes.moving, goes.owners, goes.activePorts]).toEqual([counted, 0, [], []]);
    // Whoever comes next has its place, but nothing of it.
    const next = group.addPartition({ name: "next", vnic: vnics[2] as Port, macs: [macOf(0)], members: [a] });
    expect(() => goes.setPorts({ members: [b] }, 2)).toThrow('partition is "vm0"; it must be of this group');
    expect([next.activePorts, next.moving, next.counters.sentFrames, next.counters.held]).toEqual([[a], 0, 0, 0]);
    a.complete(inFlight.map(({ frame }) => frame));
    engine.poll();
    expect(take(b).map(({ bytes }) => flowOf(bytes).sequence)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    expect([stays.moving, stays.counters.sentFrames, stays.counters.held]).toEqual([0, 16, 8]);
    expect(next.counters.sentFrames).toBe(0);
    goes.remove();
    expect(group.partitions).toEqual([stays, next]);
  });

  test("what a partition had sent and nobody read goes with it, counted", async () => {
    const { group, ports, vnics, engine } = await makeGroup(build, { portCount: 2 });
    const vnic = vnics[0] as Port;
    const add = () => group.addPartition({ name: "vm", vnic, macs: [macOf(0)], members: ports });
    const partition = add();
    for (let sequence = 0; sequence < 40; sequence++) vnic.receive(flowFrame({ flow: 1, sequence, src: macBytes(0) }));
    partition.remove();
    expect(vnic.counters.drops).toEqual({ "unknown-partition": 40 });
    expect(engine.census().queues).toBe(0);
    add();
    engine.poll();
    expect(ports.flatMap(take)).toEqual([]);
  });

  test("an edit of the set leaves a preemption's delay running, and what backups carry with them", async () => {
    const { group, ports } = await makeGroup(build, { portCount: 4, role: "switch" });
    const [a, b, c, d] = ports as [Port, Port, Port, Port];
    const set = { members: [a], backup: [b], preemptionDelayMs: 1000 };
    const partition = group.addPartition({ name: "vm", macs: [macOf(0)], ...set });
    group.link(a, false, 0);
    group.link(a, true, 100);
    expect([partition.activePorts, group.nextMs]).toEqual([[b], 1100]);
    partition.setPorts({ ...set, backup: [b, c] }, 600);
    expect([partition.activePorts, group.nextMs]).toEqual([[b, c], 1100]);
    group.tick(1100);
    expect(partition.activePorts).toEqual([a]);
    // Without preemption they keep it.
    const kept = { members: [a, d], backup: [b], preempt: false };
    partition.setPorts({ ...kept, members: [a] }, 2000);
    group.link(a, false, 2100);
    group.link(a, true, 2200);
    partition.setPorts(kept, 2300);
    expect(partition.activePorts).toEqual([b]);
  });

  test("new weights share the buckets out anew, rebalancing or not", async () => {
    for (const rebalance of [undefined, {}]) {
      const options = { portCount: 2, role: "switch" as const, buckets: 64, ...(rebalance && { rebalance }) };
      const { group, ports } = await makeGroup(build, options);
      const partition = group.addPartition({ name: "vm", macs: [macOf(0)], members: ports });
      const [a, b] = ports as [Port, Port];
      partition.setPorts({ members: [a, { port: b, weight: 3 }] }, 1);
      expect(ports.map((port) => partition.owners.filter((owner) => owner === port).length)).toEqual([16, 48]);
    }
  });

  test("nothing that happens to one partition touches another's buckets", async () => {
    const random = new Random();
    const made = await makeGroup(build, {
      portCount: PORTS,
      vnicCount: GUESTS,
      buckets: 32,
      rebalance: { intervalMs: 1 },
    });
    const bench = new Bench(random, made);
    const { group } = made;
    const ownersOf = (partition: Partition) => partition.owners.map((port) => port?.name);
    for (let step = 0; step < 60; step++) {
      const [one, ...others] = bench.partitions as [Partition, ...Partition[]];
      const before = others.map(ownersOf);
      if (step % 3 === 0) bench.edit(0);
      else if (step % 3 === 1) {
        one.remove();
        bench.add(0);
      } else {
        // Its traffic alone makes it move buckets.
        bench.send(0, 30);
        made.engine.poll();
        for (let port = 0; port < PORTS; port++) bench.carry(port);
        bench.nowMs += 50;
        group.tick(bench.nowMs);
      }
      expect(others.map(ownersOf)).toEqual(before);
    }
  });

  test("a link's end moves the buckets of those that have it, and nobody else's", async () => {
    const { group, ports, vnics } = await makeGroup(build, { portCount: 4, vnicCount: 3, buckets: 64 });
    const [a, b, c, d] = ports as [Port, Port, Port, Port];
    const sets = [{ members: [a, b] }, { members: [c, d] }, { standalone: b }];
    const [ab, cd, alone] = sets.map((set, i) =>
      group.addPartition({ name: `vm${i}`, vnic: vnics[i] as Port, macs: [macOf(i)], ...set }),
    ) as [Partition, Partition, Partition];
    const before = [ab, cd, alone].map(({ owners }) => owners);
    expect(group.link(a, false, 1)).toMatchObject([{ type: "active", partition: "vm0", ports: ["up1"], buckets: 32 }]);
    expect(new Set(ab.owners)).toEqual(new Set([b]));
    expect([cd.owners, alone.owners]).toEqual(before.slice(1));
    // What was on b stays there.
    expect(ab.owners.filter((port, i) => port === b && before[0]?.[i] === b)).toHaveLength(32);
    expect(group.link(b, false, 2)).toMatchObject([
      { partition: "vm0", using: "none", ports: [], buckets: 64 },
      { partition: "vm2", using: "none", ports: [], buckets: 64 },
    ]);
    expect(alone.owners.every((port) => port === undefined)).toBe(true);
    expect(cd.owners).toEqual(before[1]);
  });
});

describe("a move that turns back", () => {
  test("when half of what was held has left waits for that: nothing overtakes", async () => {
    const engine = { queueSize: 16, mbufs: 256 };
    const { group, ports, vnics, engine: made } = await makeGroup("debug", { portCount: 2, buckets: 32, engine });
    const [a, b] = ports as [Port, Port];
    const vnic = vnics[0] as Port;
    const partition = group.addPartition({ name: "vm", vnic, macs: [macOf(1)], members: [a] });
    const send = (first: number, end: number) => {
      for (let sequence = first; sequence < end; sequence++)
        expect(vnic.receive(flowFrame({ flow: 5, sequence }))).toBe(true);
      made.poll();
    };
    send(0, 1);
    const [first] = take(a);
    partition.setPorts({ members: [b] }, 1);
    send(1, 11);
    send(11, 21);
    send(21, 31);
    // The buckets of which nothing is in flight have moved.
    expect([partition.moving, partition.counters.held]).toEqual([1, 30]);
    a.complete(first ? [first.frame] : []);
    made.poll();
    // As many as fit have left by b when the set turns back to a.
    expect(partition.counters.sentByPort).toEqual([1, 16]);
    partition.setPorts({ members: [a] }, 2);
    made.poll();
    expect(partition.counters.sentByPort).toEqual([1, 16]);
    expect(drain(b).map(({ bytes }) => flowOf(bytes).sequence)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    made.poll();
    expect(drain(a).map(({ bytes }) => flowOf(bytes).sequence)).toEqual(Array.from({ length: 14 }, (_, i) => i + 17));
    expect(partition.moving).toBe(0);
  });
});
