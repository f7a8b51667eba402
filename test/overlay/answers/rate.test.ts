/** The token bucket, with a clock of the test's own. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/index.js";
import { TokenBucket } from "../../../src/overlay/answers/index.js";
import { holds } from "../../helpers/property.js";

/** How many of a hundred tries at one time succeed. */
function drain(bucket: TokenBucket, nowMs: number): number {
  return Array.from({ length: 100 }, () => bucket.take(nowMs)).filter(Boolean).length;
}

describe("token bucket", () => {
  test("a burst at once, then by the second", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 });
    const taken = [0, 0, 99, 100, 100, 250, 299, 300, 10_000, 10_001].map((nowMs) => drain(bucket, nowMs));
    expect(taken).toEqual([3, 0, 0, 1, 0, 1, 0, 1, 3, 0]);
  });

  test("begins at any time, and a clock that goes back brings nothing", () => {
    const bucket = new TokenBucket({ perSecond: 1000, burst: 2 });
    expect([5000, 4000, 5000, 5001].map((nowMs) => drain(bucket, nowMs))).toEqual([2, 0, 0, 1]);
  });

  test("in any run of tries, never more than burst and rate allow, nor fewer when asked all the time", () => {
    const arbitrary = fc.record({
      perSecond: fc.integer({ min: 1, max: 500 }),
      burst: fc.integer({ min: 1, max: 50 }),
      steps: fc.array(fc.nat(300), { minLength: 1, maxLength: 100 }),
    });
    holds(
      fc.property(arbitrary, ({ perSecond, burst, steps }) => {
        const bucket = new TokenBucket({ perSecond, burst });
        let nowMs = 0;
        let taken = 0;
        let lost = 0;
        for (const step of steps) {
          nowMs += step;
          // Of all that came so far, burst and what was taken have room.
          lost = Math.max(lost, (nowMs * perSecond) / 1000 - taken);
          while (bucket.take(nowMs)) taken += 1;
          expect(taken).toBeLessThanOrEqual(burst + (nowMs * perSecond) / 1000 + 1e-6);
        }
        expect(taken).toBeGreaterThan(burst + (nowMs * perSecond) / 1000 - lost - 1 - 1e-6);
      }),
      300,
    );
  });

  test.each([
    [{ perSecond: 0, burst: 1 }, "perSecond"],
    [{ perSecond: 1.5, burst: 1 }, "perSecond"],
    [{ perSecond: 1, burst: 0 }, "burst"],
    [{ perSecond: 1, burst: 1_000_001 }, "burst"],
  ])("refuses %j", (limit, argument) => {
    expect(() => new TokenBucket(limit)).toThrow(ConfigError);
    expect(() => new TokenBucket(limit)).toThrow(argument);
  });
});
