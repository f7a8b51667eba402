/** Resilient buckets: fair, with the fewest moves, idle buckets first, and the same answer for the same question. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { assignBuckets, NO_PORT, type WeightedPort } from "../../src/lag/buckets.js";
import { holds, Random } from "../helpers/property.js";

const empty = (buckets: number): Uint8Array => new Uint8Array(buckets).fill(NO_PORT);
const even = (...ports: number[]) => ports.map((port) => ({ port, weight: 1 }));
const count = (owner: Uint8Array, port: number) => owner.filter((p) => p === port).length;
const movedLive = (before: Uint8Array, after: Uint8Array, members: readonly WeightedPort[]) =>
  [...before.keys()].filter((b) => members.some(({ port }) => port === before[b]) && before[b] !== after[b]);

/** What each port should own: a real number. */
function fairShare(buckets: number, members: readonly WeightedPort[]): Map<number, number> {
  const sum = members.reduce((total, { weight }) => total + weight, 0);
  return new Map(members.map(({ port, weight }) => [port, (buckets * weight) / sum]));
}

/** Fewest buckets of live members that can move, by trying every fair set of counts. */
function fewestMoves(before: Uint8Array, members: readonly WeightedPort[]): number {
  const quotas = [...fairShare(before.length, members)];
  let fewest = Number.POSITIVE_INFINITY;
  const tryFrom = (at: number, left: number, moves: number): void => {
    const [port, quota] = quotas[at] ?? [];
    if (port === undefined || quota === undefined) {
      if (left === 0) fewest = Math.min(fewest, moves);
      return;
    }
    for (const target of new Set([Math.floor(quota), Math.ceil(quota)])) {
      tryFrom(at + 1, left - target, moves + Math.max(0, count(before, port) - target));
    }
  };
  tryFrom(0, before.length, 0);
  return fewest;
}

function expectFair(owner: Uint8Array, members: readonly WeightedPort[]): void {
  let sum = 0;
  for (const [port, quota] of fairShare(owner.length, members)) {
    const has = count(owner, port);
    expect([Math.floor(quota), Math.ceil(quota)]).toContain(has);
    sum += has;
  }
  expect(sum).toBe(owner.length);
}

const members = (maxLength: number, maxWeight: number) =>
  fc.uniqueArray(fc.record({ port: fc.nat(31), weight: fc.integer({ min: 1, max: maxWeight }) }), {
    minLength: 1,
    maxLength,
    selector: ({ port }) => port,
  });

describe("the first assignment", () => {
  test("goes round", () => {
    expect([...assignBuckets(empty(8), even(0, 1, 2))]).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
    expect([...assignBuckets(empty(4), even(7, 3))]).toEqual([3, 7, 3, 7]);
    for (let n = 1; n <= 32; n++) {
      const owner = assignBuckets(empty(256), even(...Array(n).keys()));
      expect([...owner]).toEqual(Array.from(owner, (_, bucket) => bucket % n));
    }
  });

  test("goes round by weight", () => {
    const weighted = [
      { port: 0, weight: 2 },
      { port: 1, weight: 1 },
      { port: 2, weight: 1 },
    ];
    expect([...assignBuckets(empty(8), weighted)]).toEqual([0, 1, 0, 2, 0, 1, 0, 2]);
  });

  test("gives the odd bucket to the largest remainder", () => {
    // Quotas 1.6 and 6.4.
    const owner = assignBuckets(empty(8), [
      { port: 0, weight: 1 },
      { port: 1, weight: 4 },
    ]);
    expect([count(owner, 0), count(owner, 1)]).toEqual([2, 6]);
  });

  test("is even in every stretch: after t buckets each has within two of its quota", () => {
    holds(
      fc.property(members(8, 1000), fc.constantFrom(16, 64, 256), (group, buckets) => {
        const owner = assignBuckets(empty(buckets), group);
        for (const [port, quota] of fairShare(buckets, group)) {
          for (let t = 1; t <= buckets; t++) {
            expect(Math.abs(count(owner.subarray(0, t), port) - (quota * t) / buckets)).toBeLessThan(2);
          }
        }
      }),
      50,
    );
  });
});

describe("a death", () => {
  test("moves the dead member's buckets only, and to all others", () => {
    const four = assignBuckets(empty(256), even(0, 1, 2, 3));
    const three = assignBuckets(four, even(0, 1, 3));
    for (const [b, port] of four.entries()) {
      if (port !== 2) expect(three[b]).toBe(port);
    }
    expect([0, 1, 3].map((port) => count(three, port)).sort()).toEqual([85, 85, 86]);
  });

  test("of any number of equal members moves no bucket of another", () => {
    const random = new Random(1);
    for (let run = 0; run < 300; run++) {
      const ports = Array.from({ length: random.between(2, 16) }, (_, port) => port);
      const owner = assignBuckets(empty(2 ** random.between(1, 8)), even(...ports));
      const left = even(...ports.filter((port) => port !== random.below(ports.length)));
      if (left.length > 0) expect(movedLive(owner, assignBuckets(owner, left), left)).toEqual([]);
    }
  });

  test("of the last one leaves nobody", () => {
    expect([...assignBuckets(assignBuckets(empty(4), even(9)), [])]).toEqual([255, 255, 255, 255]);
  });
});

describe("a return", () => {
  test("takes floor of the quota, and as many from each as fairness says", () => {
    const two = assignBuckets(empty(256), even(0, 1));
    const three = assignBuckets(two, even(0, 1, 2));
    expect([count(three, 2), count(three, 0) + count(three, 1)]).toEqual([85, 171]);
    expect(movedLive(two, three, even(0, 1, 2))).toHaveLength(85);
  });

  test("takes idle buckets first, then by number", () => {
    const two = Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1);
    const load = [9, 0, 5, 0, 1, 2, 2, 8];
    // 2.67 each: both hold 4 and keep 3 or 2. Buckets 1 (of 0) and 4 (of 1) go; then the other of 0 is idler (0) than of 1 (2).
    // Three may be kept by two of the three: the members that hold more than 2.
    expect([...assignBuckets(two, even(0, 1, 2), load)]).toEqual([0, 2, 0, 0, 2, 1, 1, 1]);
    expect([...assignBuckets(two, even(0, 1, 2))]).toEqual([2, 0, 0, 0, 2, 1, 1, 1]);
  });

  test("lets the member whose buckets are busiest keep the odd one", () => {
    const three = Uint8Array.of(0, 1, 2, 0, 1, 2, 0, 1);
    const load = [7, 8, 3, 6, 7, 2, 9, 4];
    // 2 each: 0 and 1 give the idlest of their three.
    expect([...assignBuckets(three, even(0, 1, 2, 3), load)]).toEqual([0, 1, 2, 3, 1, 2, 0, 3]);
    // 1.14 each: one of eight is odd. The second busiest bucket of 0 and of 1 carry 7, that of 0 has the lower number, so goes.
    expect([...assignBuckets(three, even(0, 1, 2, 3, 4, 5, 6), load)]).toEqual([3, 1, 2, 4, 1, 5, 0, 6]);
  });
});

describe("whatever happens", () => {
  const step = fc.record({ group: members(6, 5), loads: fc.array(fc.nat(3), { minLength: 16, maxLength: 16 }) });

  test("is fair, moves as few buckets as can be, and the idlest of each member", () => {
    holds(
      fc.property(
        fc.constantFrom(1, 2, 4, 8, 16),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        (buckets, steps) => {
          let owner = empty(buckets);
          for (const { group, loads } of steps) {
            const kept = owner.slice();
            const next = assignBuckets(owner, group, loads);
            expect(owner).toEqual(kept);
            expectFair(next, group);
            expect(movedLive(owner, next, group)).toHaveLength(fewestMoves(owner, group));
            for (const { port } of group) {
              const own = [...owner.keys()].filter((b) => owner[b] === port);
              const rank = (b: number) => (loads[b] as number) * 100 + b;
              const gone = own.filter((b) => next[b] !== port).map(rank);
              const stay = own.filter((b) => next[b] === port).map(rank);
              expect(Math.max(-1, ...gone)).toBeLessThan(Math.min(1000, ...stay));
            }
            expect(assignBuckets(owner, group.toReversed(), loads)).toEqual(next);
            expect(assignBuckets(next, group, loads)).toEqual(next);
            owner = next;
          }
        },
      ),
      500,
    );
  });

  test("holds for large tables and weights", () => {
    const random = new Random(2);
    for (const buckets of [256, 4096, 65536]) {
      let owner = empty(buckets);
      for (let run = 0; run < 6; run++) {
        const ports = Array.from({ length: 32 }, (_, port) => port).filter(() => random.below(3) > 0);
        const group = ports.map((port) => ({ port, weight: random.between(1, 1000) }));
        owner = assignBuckets(owner, group);
        if (group.length > 0) expectFair(owner, group);
      }
    }
  });
});

test.each([
  [[{ port: 32, weight: 1 }], "port"],
  [even(3, 3), "port"],
  [[{ port: 0, weight: 0 }], "weight"],
  [[{ port: 0, weight: 1001 }], "weight"],
])("%j is refused", (group, argument) => {
  expect(() => assignBuckets(empty(4), group)).toThrowError(ConfigError);
  expect(() => assignBuckets(empty(4), group)).toThrowError(argument);
});
