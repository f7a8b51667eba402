/** What is counted of a sender's frames. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../src/migrate/blackout/outcome.js";
import { SenderTally } from "../../../src/migrate/blackout/tally.js";
import { holds } from "../../helpers/property.js";

const STREAM = { firstMs: 0, periodMs: 1 };

function outcome(fate: Outcome["fate"], arrivesMs?: number): Outcome {
  return { fate, arrivesMs, deliveries: arrivesMs === undefined ? 0 : 1, toOld: false, copies: 0 };
}

function tallyOf(outcomes: readonly Outcome[]): SenderTally {
  const tally = new SenderTally(STREAM);
  for (const one of outcomes) tally.add(one);
  return tally;
}

describe("a tally", () => {
  it("has the blackout from the last frame here to the first there, and the window's frames", () => {
    const tally = tallyOf([outcome("here", 1.5), outcome("lost"), outcome("via", 9), outcome("there", 9.5)]);
    expect(tally).toMatchObject({ blackoutMs: 7.5, windowFrames: 2, lost: 1, viaOldHost: 1, settledMs: 3 });
    expect(tally.fates.map(({ fate, frames }) => `${fate} ${frames}`)).toEqual([
      "here 1",
      "lost 1",
      "via 1",
      "there 1",
    ]);
  });

  it("counts repeated frames as if they had been added one by one", () => {
    const lost = { ...outcome("lost"), toOld: true, copies: 2 };
    const one = tallyOf([outcome("here", 1), ...Array.from({ length: 6 }, () => lost)]);
    const two = tallyOf([outcome("here", 1), lost]);
    two.repeat(5);
    for (const key of ["lost", "toOldHost", "floodedCopies", "windowFrames", "count", "steadyMs", "nextMs"] as const) {
      expect([key, two[key]]).toEqual([key, one[key]]);
    }
    expect(two.fates).toEqual(one.fates);
  });

  it("has as many frames out of order as come after one that was sent later", () => {
    holds(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 }), (delays) => {
        const arrivals = delays.map((delay, i) => i + delay);
        const overtaken = arrivals.filter((ms, i) => arrivals.slice(i + 1).some((later) => later < ms));
        expect(tallyOf(arrivals.map((ms) => outcome("there", ms))).outOfOrder).toBe(overtaken.length);
      }),
      500,
    );
  });
});
