/** Spread and failures: by hand, and against plain counting. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { type FlowSize, failures, imbalanceOf, Spread } from "../../src/lag/spread.js";
import { Random } from "../helpers/property.js";

describe("Spread", () => {
  test("counts frames, bytes and flows of each member, also of one without traffic", () => {
    const spread = new Spread(3);
    spread.add(0, 100, "a");
    spread.add(0, 50, "a");
    spread.add(0, 10, 7);
    spread.add(2, 40, "a");
    const { members, imbalance, largestFlows } = spread.report();
    expect(members).toEqual([
      { member: 0, frames: 3, bytes: 160, flows: 2 },
      { member: 1, frames: 0, bytes: 0, flows: 0 },
      { member: 2, frames: 1, bytes: 40, flows: 1 },
    ]);
    expect(largestFlows).toEqual([
      { flow: "a", frames: 3, bytes: 190, members: [0, 2] },
      { flow: 7, frames: 1, bytes: 10, members: [0] },
    ]);
    // Bytes 160, 0, 40 about a mean of 200/3: deviations 280/3, -200/3, -80/3.
    expect(imbalance.maxOverMean).toBeCloseTo(2.4);
    expect(imbalance.cv).toBeCloseTo(Math.sqrt((280 ** 2 + 200 ** 2 + 80 ** 2) / 3) / 200);
    expect(spread.report("frames").imbalance.maxOverMean).toBeCloseTo(3 / (4 / 3));
  });

  test("names the ten largest flows, of bytes or frames", () => {
    const random = new Random();
    const spread = new Spread(32);
    const plain = new Map<string, { frames: number; bytes: number; members: Set<number> }>();
    for (let i = 0; i < 5000; i++) {
      const flow = `f${random.below(200)}`;
      const [member, bytes] = [random.below(32), random.between(60, 1500)];
      spread.add(member, bytes, flow);
      const sums = plain.get(flow) ?? { frames: 0, bytes: 0, members: new Set<number>() };
      plain.set(flow, { frames: sums.frames + 1, bytes: sums.bytes + bytes, members: sums.members.add(member) });
    }
    const expected = (order: (a: FlowSize, b: FlowSize) => number) =>
      [...plain]
        .map(([flow, sums]) => ({ flow, ...sums, members: [...sums.members].sort((a, b) => a - b) }))
        .sort(order)
        .slice(0, 10);
    expect(spread.report().largestFlows).toEqual(expected((a, b) => b.bytes - a.bytes || b.frames - a.frames));
    expect(spread.report("frames").largestFlows).toEqual(expected((a, b) => b.frames - a.frames || b.bytes - a.bytes));
    const carried = (member: number) => [...plain.values()].filter(({ members }) => members.has(member)).length;
    for (const { member, flows } of spread.report().members) expect(flows).toBe(carried(member));
  });

  test("of flows that are alike, those that came first", () => {
    const spread = new Spread(1);
    for (let flow = 0; flow < 12; flow++) spread.add(0, 60, flow);
    expect(spread.report().largestFlows.map(({ flow }) => flow)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("without traffic is even", () => {
    expect(new Spread(2).report()).toMatchObject({ imbalance: { maxOverMean: 1, cv: 0 }, largestFlows: [] });
    expect(imbalanceOf([5, 5, 5])).toEqual({ maxOverMean: 1, cv: 0 });
    expect(imbalanceOf([8, 0, 0, 0])).toEqual({ maxOverMean: 4, cv: Math.sqrt(3) });
  });

  test("refuses members that are not there", () => {
    expect(() => new Spread(33)).toThrowError(ConfigError);
    expect(() => new Spread(2).add(2, 60, 1)).toThrowError("member");
  });
});

describe("failures", () => {
  test("by modulo, by hand", () => {
    // Hashes 0-5 of 3 members: member 0 has 0, 3; member 1 has 1, 4; member 2 has 2, 5.
    // Without 0 the survivors 1, 2 get even and odd hashes: 1 goes 1 -> 2, 4 stays, 2 goes 2 -> 1, 5 stays.
    // Without 1: 0 stays, 3 goes to 2, 2 goes to 0, 5 stays. Without 2: 0 and 1 stay, 3 goes to 1, 4 to 0.
    expect(failures([0, 1, 2, 3, 4, 5], 3, { kind: "modulo" })).toEqual([
      { member: 0, flows: 2, moved: 4, needlesslyMoved: 2 },
      { member: 1, flows: 2, moved: 4, needlesslyMoved: 2 },
      { member: 2, flows: 2, moved: 4, needlesslyMoved: 2 },
    ]);
  });

  test("by buckets only the failing member's flows move", () => {
    const random = new Random();
    const hashes = Array.from({ length: 3000 }, () => random.below(2 ** 32));
    for (const members of [1, 2, 3, 5, 32]) {
      const found = failures(hashes, members, { kind: "buckets", buckets: 256 });
      expect(found.reduce((sum, { flows }) => sum + flows, 0)).toBe(hashes.length);
      for (const { flows, moved, needlesslyMoved } of found) expect([moved, needlesslyMoved]).toEqual([flows, 0]);
    }
  });

  test("by modulo nearly all flows move: of n members a flow of a live one stays with about 1 in n-1", () => {
    const random = new Random(1);
    const hashes = Array.from({ length: 20_000 }, () => random.below(2 ** 31));
    for (const { flows, moved, needlesslyMoved } of failures(hashes, 8, { kind: "modulo" })) {
      expect(moved).toBe(flows + needlesslyMoved);
      const live = hashes.length - flows;
      expect(Math.abs(needlesslyMoved / live - 6 / 7)).toBeLessThan(0.05);
    }
  });

  test("the only member's flows go nowhere, which is a move", () => {
    for (const selection of [{ kind: "modulo" }, { kind: "buckets", buckets: 4 }] as const) {
      expect(failures([0, 1, 2 ** 32 - 1], 1, selection)).toEqual([
        { member: 0, flows: 3, moved: 3, needlesslyMoved: 0 },
      ]);
    }
  });

  test("takes a signed hash for its unsigned value", () => {
    const selection = { kind: "modulo" } as const;
    expect(failures([-1, -7], 5, selection)).toEqual(failures([2 ** 32 - 1, 2 ** 32 - 7], 5, selection));
  });

  test.each([
    [0, { kind: "modulo" }, "members"],
    [33, { kind: "modulo" }, "members"],
    [2, { kind: "buckets", buckets: 0 }, "buckets"],
  ] as const)("%i members, %j: refused", (members, selection, argument) => {
    expect(() => failures([1], members, selection)).toThrowError(ConfigError);
    expect(() => failures([1], members, selection)).toThrowError(argument);
  });
});
