/** Which flows move when links come and go: those that must, and no other. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import type { LagEvent } from "../../src/lag/events.js";
import type { Partition } from "../../src/lag/partition.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, type Build } from "../helpers/engines.js";
import { flowFrame, flowOf, groupHash, macBytes, macOf, makeGroup, type TestGroupOptions } from "../helpers/lag.js";
import { drain } from "../helpers/ports.js";
import { holdsAsync } from "../helpers/property.js";

censusAfterEach();

const FLOWS = 240;

interface One {
  readonly partition: Partition;
  readonly ports: readonly Port[];
  link(port: number, up: boolean): LagEvent[];
  /** The port that each flow's frame leaves by; undefined for one that does not. */
  flows(): (number | undefined)[];
}

async function makeOne(build: Build, options: TestGroupOptions, weights?: readonly number[]): Promise<One> {
  const made = await makeGroup(build, { ...options, engine: { queueSize: 512, mbufs: 1024 } });
  const { group, ports, vnics, engine } = made;
  const vnic = vnics[0] as Port;
  const members = ports.map((port, i) => ({ port, weight: weights?.[i] ?? 1 }));
  // An aggregate has at most eight members.
  const partition = group.addPartition({ name: "vm", vnic, macs: [macOf(1)], members: members.slice(0, 8) });
  return {
    ...{ partition, ports },
    link: (port, up) => group.link(ports[port] as Port, up, 0),
    flows: () => {
      for (let flow = 0; flow < FLOWS; flow++) vnic.receive(flowFrame({ flow, sequence: 0, src: macBytes(1) }));
      engine.poll();
      const found: (number | undefined)[] = new Array(FLOWS).fill(undefined);
      for (const [i, port] of ports.entries()) for (const { bytes } of drain(port)) found[flowOf(bytes).flow] = i;
      return found;
    },
  };
}

const partOf = (list: readonly unknown[], value: unknown) => list.filter((entry) => entry === value).length;

describe.each(BUILDS)("flows (%s build)", (build) => {
  test("have one port each while the set is steady; every port has its part", async () => {
    for (const portCount of [1, 2, 3, 8]) {
      const { flows, partition } = await makeOne(build, { portCount });
      const before = flows();
      for (let round = 0; round < 3; round++) expect(flows()).toEqual(before);
      for (let port = 0; port < portCount; port++) {
        expect(Math.abs(partOf(before, port) - FLOWS / portCount)).toBeLessThan(FLOWS / portCount / 2);
      }
      expect(partition.counters.held).toBe(0);
    }
  });

  test("of a member that fails move, alone and to all that are left; when it is back it takes its part, alone", async () => {
    const shape = fc.integer({ min: 2, max: 8 }).chain((portCount) =>
      fc.record({
        portCount: fc.constant(portCount),
        fails: fc.nat(portCount - 1),
        weights: fc.option(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: portCount, maxLength: portCount })),
        buckets: fc.constantFrom(32, 256),
      }),
    );
    await holdsAsync(
      fc.asyncProperty(shape, async ({ portCount, fails, weights, buckets }) => {
        const { flows, link, partition, ports } = await makeOne(build, { portCount, buckets }, weights ?? undefined);
        const [before, ownersBefore] = [flows(), partition.owners];
        const own = partOf(ownersBefore, ports[fails]);
        const events = link(fails, false);
        const [during, ownersDuring] = [flows(), partition.owners];
        const movedBuckets = ownersDuring.filter((owner, i) => owner !== ownersBefore[i]).length;
        // Unequal weights may need a move or two besides for fairness (buckets.ts); equal ones never.
        const besides = movedBuckets - own;
        expect(besides).toBeGreaterThanOrEqual(0);
        expect(besides).toBeLessThanOrEqual(weights ? portCount : 0);
        expect(events).toMatchObject([{ type: "active", partition: "vm", buckets: movedBuckets }]);
        expect(during).not.toContain(fails);
        expect(during).not.toContain(undefined);
        if (besides === 0)
          for (const [flow, port] of before.entries()) if (port !== fails) expect(during[flow]).toBe(port);

        link(fails, true);
        const [after, ownersAfter] = [flows(), partition.owners];
        const sum = (weights ?? ports.map(() => 1)).reduce((total, weight) => total + weight, 0);
        const share = (buckets * (weights?.[fails] ?? 1)) / sum;
        const taken = partOf(ownersAfter, ports[fails]);
        expect(Math.abs(taken - share)).toBeLessThan(1);
        const moved = ownersAfter.filter((owner, i) => owner !== ownersDuring[i]);
        if (!weights) expect(moved.every((owner) => owner === ports[fails])).toBe(true);
        expect(moved.length - taken).toBeLessThanOrEqual(weights ? portCount : 0);
        if (!weights) for (const [flow, port] of after.entries()) if (port !== fails) expect(during[flow]).toBe(port);
      }),
      build === "debug" ? 15 : 40,
    );
  });

  test("by modulo go by the hash and the number of live ports, in their order: most move when one fails", async () => {
    const { flows, link } = await makeOne(build, { portCount: 5, selection: "modulo" });
    const twin = (live: readonly number[]) =>
      Array.from(
        { length: FLOWS },
        (_, flow) => live[groupHash(flowFrame({ flow, sequence: 0, src: macBytes(1) })) % live.length],
      );
    const before = flows();
    expect(before).toEqual(twin([0, 1, 2, 3, 4]));
    link(1, false);
    const during = flows();
    expect(during).toEqual(twin([0, 2, 3, 4]));
    expect(during.filter((port, flow) => port !== before[flow]).length).toBeGreaterThan(FLOWS / 2);
    link(4, false);
    expect(flows()).toEqual(twin([0, 2, 3]));
    link(1, true);
    link(4, true);
    expect(flows()).toEqual(before);
    for (const port of [0, 1, 2, 3, 4]) link(port, false);
    expect(flows()).toEqual(twin([undefined as never]));
  });

  test("in turn take the live ports one after the other", async () => {
    const { flows, link } = await makeOne(build, { portCount: 4, selection: "turn" });
    expect(flows()).toEqual(Array.from({ length: FLOWS }, (_, i) => i % 4));
    link(2, false);
    const during = flows();
    for (const port of [0, 1, 3]) expect(partOf(during, port)).toBe(FLOWS / 3);
    expect(during.every((port, i) => i === 0 || port !== during[i - 1])).toBe(true);
  });
});

describe("primaries and backups", () => {
  async function makePair(options: { minLinks?: number; preemptionDelayMs?: number; preempt?: boolean }) {
    const { group, ports, vnics } = await makeGroup("debug", { portCount: 4, buckets: 32 });
    const [a, b, c, d] = ports as [Port, Port, Port, Port];
    const partition = group.addPartition({
      name: "vm",
      vnic: vnics[0] as Port,
      members: [a, b],
      backup: [c, d],
      ...options,
    });
    const active = () => partition.activePorts.map(({ name }) => name).join(" ");
    /** Buckets lie on the active ports, and on all of them. */
    const owning = () => [...new Set(partition.owners.map((port) => port?.name))].sort().join(" ");
    return { group, a, b, c, d, active, owning };
  }

  test("backups carry while fewer members than min-links can, and hand back after the delay, at nextMs", async () => {
    const { group, a, b, active, owning } = await makePair({ minLinks: 2, preemptionDelayMs: 500 });
    expect([active(), owning(), group.nextMs]).toEqual(["up0 up1", "up0 up1", undefined]);
    expect(group.link(a, false, 1000)).toMatchObject([{ using: "backup", ports: ["up2", "up3"], buckets: 32 }]);
    expect(owning()).toBe("up2 up3");
    expect(group.link(a, true, 2000)).toEqual([]);
    expect([active(), group.nextMs]).toEqual(["up2 up3", 2500]);
    // A link that flaps begins to wait anew.
    group.link(b, false, 2400);
    expect(group.nextMs).toBeUndefined();
    group.link(b, true, 2450);
    expect(group.nextMs).toBe(2950);
    expect(group.tick(2949)).toEqual([]);
    expect(group.tick(2950)).toMatchObject([{ using: "primary", ports: ["up0", "up1"], buckets: 32 }]);
    expect([active(), owning(), group.nextMs]).toEqual(["up0 up1", "up0 up1", undefined]);
  });

  test("without enough backups either, nothing carries; what is ready first does", async () => {
    const { group, a, b, c, active, owning } = await makePair({ minLinks: 2, preemptionDelayMs: 500 });
    group.link(c, false, 0);
    expect(group.link(a, false, 10)).toMatchObject([{ using: "none", ports: [] }]);
    expect([active(), owning()]).toEqual(["", ""]);
    expect(group.link(c, true, 20)).toMatchObject([{ using: "backup" }]);
    group.link(a, true, 30);
    // The backups fall short while members wait: no waiting any more.
    expect(group.link(c, false, 40)).toMatchObject([{ using: "primary", ports: ["up0", "up1"] }]);
    expect(group.nextMs).toBeUndefined();
    group.link(b, false, 50);
    expect(active()).toBe("");
  });

  test("without preemption backups keep what they have while they can", async () => {
    const { group, a, b, c, d, active } = await makePair({ preempt: false });
    for (const port of [a, b]) group.link(port, false, 0);
    expect(active()).toBe("up2 up3");
    for (const port of [a, b]) group.link(port, true, 1);
    group.tick(100_000);
    expect([active(), group.nextMs]).toEqual(["up2 up3", undefined]);
    group.link(c, false, 100_001);
    expect(active()).toBe("up3");
    group.link(d, false, 100_002);
    expect(active()).toBe("up0 up1");
  });

  test("a clock that steps back hurries nobody", async () => {
    const { group, a, b, active } = await makePair({ preemptionDelayMs: 500 });
    for (const port of [a, b]) group.link(port, false, 1000);
    group.link(a, true, 2000);
    group.tick(100);
    expect([active(), group.nextMs]).toEqual(["up2 up3", 2500]);
    group.link(b, true, 100);
    expect(group.nextMs).toBe(2500);
    expect(group.tick(2500)).toMatchObject([{ using: "primary" }]);
  });
});
