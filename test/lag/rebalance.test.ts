/** Rebalancing: Open vSwitch's thresholds by hand; that it stops, never leaves the members and never makes things worse. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WeightedPort } from "../../src/lag/buckets.js";
import { type BucketMove, OVS_THRESHOLDS, rebalance, smooth } from "../../src/lag/rebalance.js";
import { holds } from "../helpers/property.js";

const even = (...ports: number[]): WeightedPort[] => ports.map((port) => ({ port, weight: 1 }));
const TWO = even(0, 1);
const SECOND = 1000;
/** Bytes that 1 Mbit/s are in a second. */
const MBIT = 125_000;

function apply(owner: Uint8Array, moves: readonly BucketMove[]): Uint8Array {
  const after = owner.slice();
  for (const { bucket, to } of moves) after[bucket] = to;
  return after;
}

describe("one round", () => {
  test("moves the bucket that evens the two ports out", () => {
    const moves = rebalance(Uint8Array.of(0, 0, 0, 1), [5 * MBIT, 2 * MBIT, 3 * MBIT, 4 * MBIT], TWO, SECOND);
    expect(moves).toEqual([{ bucket: 2, from: 0, to: 1, bytes: 3 * MBIT }]);
  });

  test("moves several, from the busiest to the idlest of the time", () => {
    const owner = Uint8Array.of(0, 0, 0, 0, 1, 1);
    const moves = rebalance(
      owner,
      [4, 4, 4, 4, 4, 4].map((n) => n * MBIT),
      even(0, 1, 2),
      SECOND,
    );
    expect(moves.map(({ bucket, from, to }) => [bucket, from, to])).toEqual([
      [0, 0, 2],
      [1, 0, 2],
    ]);
  });

  test("leaves a bucket that carries everything where it is", () => {
    expect(rebalance(Uint8Array.of(0, 0, 1), [900 * MBIT, 0, 0], TWO, SECOND)).toEqual([]);
  });

  test("leaves alone what leads by less than 1 Mbit/s", () => {
    // Two buckets each; the lead of port 0 is exactly 1 Mbit/s, then a byte less.
    const bytes = (lead: number) => [lead / 2, lead / 2, 0, 0];
    expect(rebalance(Uint8Array.of(0, 0, 1, 1), bytes(MBIT), TWO, SECOND)).toHaveLength(1);
    expect(rebalance(Uint8Array.of(0, 0, 1, 1), bytes(MBIT - 1), TWO, SECOND)).toEqual([]);
    expect(rebalance(Uint8Array.of(0, 0, 1, 1), bytes(10 * MBIT), TWO, 10 * SECOND)).toHaveLength(1);
    expect(rebalance(Uint8Array.of(0, 0, 1, 1), bytes(10 * MBIT - 1), TWO, 10 * SECOND)).toEqual([]);
    expect(rebalance(Uint8Array.of(0, 0, 1, 1), bytes(2), TWO, SECOND, { minLeadBitsPerSecond: 0 })).toHaveLength(1);
  });

  test("leaves alone what leads by less than 3 %", () => {
    // 100 Mbit/s on port 1, and on port 0 that and a lead, half of it in a bucket of its own.
    const round = (lead: number) =>
      rebalance(Uint8Array.of(0, 0, 1), [(100 + lead / 2) * MBIT, (lead / 2) * MBIT, 100 * MBIT], TWO, SECOND);
    expect(round(3)).toHaveLength(1);
    expect(round(2.99)).toEqual([]);
  });

  test("leaves alone what a move would improve by less than a tenth", () => {
    // A lead of 100: a bucket of 5 leaves 90, the tenth; one of 4.9 or 95.1 does not.
    const round = (moved: number) =>
      rebalance(Uint8Array.of(0, 0, 1), [(1000 - moved) * MBIT, moved * MBIT, 900 * MBIT], TWO, SECOND);
    for (const [moved, moves] of [
      [5, 1],
      [4.9, 0],
      [50, 1],
      [95, 1],
      [95.1, 0],
      [100, 0],
    ] as const) {
      expect(round(moved)).toHaveLength(moves);
    }
  });

  test("lets small buckets count together", () => {
    // 1000 Mbit/s against none: each of 100 buckets goes a fiftieth of the way.
    expect(rebalance(new Uint8Array(100), Array(100).fill(10 * MBIT), TWO, SECOND)).toHaveLength(50);
    // 990 and small buckets against 100: moving 990 would go no tenth of the way, 30 of 4 do, 10 of 4 do not. Of the 30
    // it moves as many as leave a tenth of the rest of the way to others.
    const round = (small: number) => {
      const sizes = [100, 990, ...Array(small).fill(4)].map((n) => n * MBIT);
      return rebalance(
        Uint8Array.from(sizes, (_, bucket) => (bucket === 0 ? 1 : 0)),
        sizes,
        TWO,
        SECOND,
      );
    };
    expect(round(30).map(({ bytes }) => bytes / MBIT)).toEqual(Array(20).fill(4));
    expect(round(10)).toEqual([]);
  });

  test("reckons by weight: a port of 3 may carry 3 times as much", () => {
    const weighted = [
      { port: 0, weight: 3 },
      { port: 1, weight: 1 },
    ];
    const owner = Uint8Array.of(0, 0, 0, 1);
    expect(
      rebalance(
        owner,
        [10, 10, 10, 10].map((n) => n * MBIT),
        weighted,
        SECOND,
      ),
    ).toEqual([]);
    expect(
      rebalance(
        Uint8Array.of(0, 1, 1, 1),
        [10, 10, 10, 10].map((n) => n * MBIT),
        weighted,
        SECOND,
      ),
    ).toHaveLength(2);
  });

  test("leaves other ports' buckets alone, and takes from a port of members only", () => {
    const bytes = [80, 80, 80, 1].map((n) => n * MBIT);
    expect(rebalance(Uint8Array.of(7, 7, 7, 255), bytes, TWO, SECOND)).toEqual([]);
    expect(rebalance(Uint8Array.of(0, 0, 0, 0), bytes, even(0), SECOND)).toEqual([]);
    expect(rebalance(Uint8Array.of(0, 0, 0, 0), bytes, [], SECOND)).toEqual([]);
  });
});

describe("rounds under constant load", () => {
  const group = fc.uniqueArray(fc.record({ port: fc.nat(31), weight: fc.integer({ min: 1, max: 10 }) }), {
    minLength: 1,
    maxLength: 6,
    selector: ({ port }) => port,
  });
  const load = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(100), fc.nat(1000), fc.constant(0))), {
    minLength: 1,
    maxLength: 64,
  });
  const options = fc.record({
    minLeadBitsPerSecond: fc.constantFrom(0, 1e6, 1e7),
    minLeadPart: fc.constantFrom(0, 0.03),
    minImprovement: fc.constantFrom(0, 0.1, 0.5),
  });

  test("stop, stay in the set, move a bucket once a round, and narrow the imbalance move by move", () => {
    holds(
      fc.property(group, load, options, (members, loads, thresholds) => {
        const bytes = loads.map(([, mbit]) => mbit * MBIT);
        let owner = Uint8Array.from(loads, ([pick]) => (members[pick % members.length] as WeightedPort).port);
        const levels = () =>
          members.map(
            ({ port, weight }) => bytes.reduce((sum, n, b) => (owner[b] === port ? sum + n : sum), 0) / weight,
          );
        for (let round = 0; ; round++) {
          expect(round).toBeLessThan(100);
          const moves = rebalance(owner, bytes, members, SECOND, thresholds);
          if (moves.length === 0) break;
          expect(new Set(moves.map(({ bucket }) => bucket)).size).toBe(moves.length);
          for (const move of moves) {
            const before = levels();
            expect([owner[move.bucket], move.bytes]).toEqual([move.from, bytes[move.bucket]]);
            expect(members.map(({ port }) => port)).toContain(move.to);
            owner = apply(owner, [move]) as typeof owner;
            const after = levels();
            expect(Math.max(...after)).toBeLessThanOrEqual(Math.max(...before));
            expect(Math.min(...after)).toBeGreaterThanOrEqual(Math.min(...before));
          }
        }
      }),
      500,
    );
  });

  test("even out many small buckets to within the thresholds", () => {
    const owner = new Uint8Array(256);
    const bytes = Array.from(owner, (_, b) => (1 + (b % 7)) * MBIT);
    const after = apply(owner, rebalance(owner, bytes, even(0, 1, 2, 3), SECOND));
    const sums = [0, 1, 2, 3].map((port) => bytes.reduce((sum, n, b) => (after[b] === port ? sum + n : sum), 0));
    expect(Math.max(...sums) - Math.min(...sums)).toBeLessThan(0.03 * Math.min(...sums) + MBIT);
  });
});

describe("smooth", () => {
  test("halves what was before, bytes and window alike, so that rates stay rates", () => {
    const first = smooth(undefined, [800, 0], 10_000);
    expect([...first.bytes, first.windowMs]).toEqual([800, 0, 10_000]);
    const second = smooth(first, [0, 100], 10_000);
    expect([...second.bytes, second.windowMs]).toEqual([400, 100, 15_000]);
    let steady = first;
    for (let round = 0; round < 60; round++) steady = smooth(steady, [800, 0], 10_000);
    expect(steady.bytes[0]).toBeCloseTo(1600);
    expect((steady.bytes[0] as number) / steady.windowMs).toBeCloseTo(0.08);
  });

  test("forgets a window to less than 1 % in 7 rounds", () => {
    let bytes = smooth(undefined, [1000], 1);
    for (let round = 0; round < 7; round++) bytes = smooth(bytes, [0], 1);
    expect(bytes.bytes[0]).toBeLessThan(10);
  });
});

test("the thresholds are those that Open vSwitch publishes", () => {
  expect(OVS_THRESHOLDS).toEqual({
    intervalMs: 10_000,
    minLeadBitsPerSecond: 1_000_000,
    minLeadPart: 0.03,
    minImprovement: 0.1,
  });
});
