/** Percentiles out of buckets, beside those of a sorted list. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Delays } from "../../../src/rdma/estimate/delays.js";

const ERROR = 1 / 128;

function delaysOf(values: readonly number[]): Delays {
  const delays = new Delays();
  for (const value of values) delays.add(value);
  return delays;
}

it("is exact where values are equal, and knows the nearest rank", () => {
  const delays = delaysOf([0, 0, 50_000, 100_001, 100_001]);
  expect([0.2, 0.4, 0.5, 0.6, 0.61, 0.99, 1].map((share) => delays.percentileNs(share))).toEqual([
    0, 0, 50_000, 50_000, 100_001, 100_001, 100_001,
  ]);
  expect([delays.count, delays.mostNs]).toEqual([5, 100_001]);
});

it("of no messages is nothing", () => {
  expect(new Delays().percentileNs(0.99)).toBe(0);
});

it("is off by less than a bucket's width, whole or added up", () => {
  const values = fc.array(fc.oneof(fc.nat(300), fc.nat(2 ** 31 - 1), fc.constant(0)), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, fc.nat(), fc.double({ min: 0.01, max: 1, noNaN: true }), (all, cut, share) => {
      const at = cut % all.length;
      const parts = delaysOf(all.slice(0, at));
      parts.addAll(delaysOf(all.slice(at)));
      const whole = delaysOf(all);
      const exact = all.toSorted((a, b) => a - b)[Math.ceil(share * all.length) - 1] as number;
      expect(Math.abs(whole.percentileNs(share) - exact)).toBeLessThanOrEqual(exact * ERROR);
      expect(parts.percentileNs(share)).toBe(whole.percentileNs(share));
      expect(parts.mostNs).toBe(Math.max(...all));
    }),
    { numRuns: 500 },
  );
});
