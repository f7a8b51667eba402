/** The step, by hand: each criterion at its bound, n in a row, hold, patience, and what earns a raise. */
import { describe, expect, test } from "vitest";
import { checkPolicy } from "../../../src/limit/controller/policy-check.js";
import { reasonText } from "../../../src/limit/controller/reason.js";
import { firstState, type StepState, step } from "../../../src/limit/controller/step.js";
import type { LimitPolicy } from "../../../src/limit/policy.js";
import type { LimitWindow } from "../../../src/limit/window.js";

/** An owner whose every wish is granted, fed window by window. */
class Owner {
  readonly policy;
  limit: number;
  state: StepState;

  constructor(policy: LimitPolicy = {}) {
    this.policy = checkPolicy("policy", policy);
    this.limit = this.policy.preset;
    this.state = firstState(this.limit);
  }

  /** A window of so many mbufs at once, and what is special about it; returns the reason's code and the limit after it. */
  sees(high: number, special: Partial<LimitWindow> = {}): [code: string, limit: number] {
    const quiet = {
      closedBy: "descriptors",
      ms: 10,
      filled: 256,
      returned: 256,
      inUse: 0,
      low: 0,
      frames: 256,
    } as const;
    const counts = { refused: 0, bytes: 256_000, heldMs: { least: 0.1, most: 1 } };
    const result = step(this.policy, this.state, { ...quiet, ...counts, high, limit: this.limit, ...special });
    this.state = result.state;
    this.limit = result.limit;
    return [result.reason.code, result.limit];
  }

  /** As many windows alike; the limits after each. */
  run(count: number, high: number, special: Partial<LimitWindow> = {}): number[] {
    return Array.from({ length: count }, () => this.sees(high, special)[1]);
  }
}

/** A window in which time passed and nothing happened. */
const NOTHING = { closedBy: "time", ms: 100, filled: 0, returned: 0, frames: 0, bytes: 0 } as const;
/** A piece that pressure has cut off. */
const PRESSURE = { closedBy: "pressure", ms: 0.01, filled: 10, returned: 10, frames: 10 } as const;

describe("of batches", () => {
  const batches = (filled: number, returned: number) => ({ filled, returned, frames: 10 });

  test("what counts is how many of the mbufs that batches returned were filled, not the fullest batch", () => {
    const owner = new Owner({ reading: "batch", floor: 8, preset: 64, ceiling: 256 });
    expect(owner.sees(64, batches(160, 640))).toEqual(["none", 64]);
    expect(owner.sees(64, batches(150, 640))).toEqual(["filled-below", 32]);
    expect(owner.run(2, 32, batches(240, 320))).toEqual([32, 64]);
    expect(owner.run(8, 60, batches(460, 640))).toEqual(Array(8).fill(64));
  });
});

describe("by filled", () => {
  test("halves below a quarter, to the floor and no further", () => {
    const owner = new Owner();
    expect(owner.sees(64)).toEqual(["none", 256]);
    expect(owner.sees(63)).toEqual(["filled-below", 128]);
    expect(owner.sees(32)).toEqual(["none", 128]);
    expect(owner.sees(31)).toEqual(["filled-below", 64]);
    expect(owner.sees(0)).toEqual(["none", 64]);
    expect(new Owner({ floor: 100, preset: 150 }).sees(0)).toEqual(["filled-below", 100]);
  });

  test("doubles at three quarters twice in a row, to the ceiling and no further", () => {
    const owner = new Owner({ ceiling: 700 });
    expect(owner.sees(192)).toEqual(["none", 256]);
    expect(owner.sees(191)).toEqual(["none", 256]);
    expect(owner.sees(192)).toEqual(["none", 256]);
    expect(owner.sees(192)).toEqual(["filled-high", 512]);
    expect(owner.run(2, 384)).toEqual([512, 700]);
    expect(owner.run(4, 700)).toEqual([700, 700, 700, 700]);
  });

  test("counts a refused frame as the limit met", () => {
    expect(new Owner().run(2, 100, { refused: 1 })).toEqual([256, 512]);
  });

  test("does not reduce for four windows after a raise", () => {
    const owner = new Owner();
    owner.run(2, 200);
    expect(owner.run(6, 0)).toEqual([512, 512, 512, 512, 256, 128]);
    const hasty = new Owner({ holdWindows: 0 });
    hasty.run(2, 200);
    expect(hasty.run(2, 0)).toEqual([256, 128]);
  });

  test("needs as many failing windows in a row as the policy says", () => {
    const owner = new Owner({ reduce: { by: "filled", windows: 3 } });
    expect(owner.run(2, 0)).toEqual([256, 256]);
    expect(owner.sees(100)).toEqual(["none", 256]);
    expect(owner.sees(0)).toEqual(["patient", 256]);
    expect(owner.run(2, 0)).toEqual([256, 128]);
  });

  test("a limit that stood the test for 16 windows needs two, for 48 three", () => {
    const owner = new Owner();
    owner.run(16, 100);
    expect(owner.run(3, 0)).toEqual([256, 128, 64]);
    const older = new Owner();
    older.run(48, 100);
    expect(older.run(3, 0)).toEqual([256, 256, 128]);
  });

  test("a reduction that a raise has undone needs 4, then 64, then 1024 windows; two in a row take that back", () => {
    const owner = new Owner({ holdWindows: 0 });
    const state = (wrongs: number): StepState => ({ ...firstState(256), wrong: wrongs, moved: "down" });
    for (const [wrongs, windows] of [
      [0, 1],
      [1, 4],
      [2, 64],
      [3, 1024],
    ] as const) {
      owner.limit = 256;
      owner.state = { ...state(wrongs), moved: "up" };
      expect(owner.run(windows, 63).indexOf(128)).toBe(windows - 1);
      // Undone at once:
      owner.run(2, 128);
      owner.sees(100);
      expect([owner.limit, owner.state.wrong]).toEqual([256, Math.min(3, wrongs + 1)]);
    }
    // A load that has gone is not waited for as long.
    owner.limit = 256;
    owner.state = state(3);
    expect(owner.run(8, 15).indexOf(128)).toBe(7);
    owner.limit = 256;
    owner.state = state(3);
    expect(owner.run(8, 16).indexOf(128)).toBe(-1);
    // Right twice in a row: the second takes a step back.
    owner.limit = 256;
    owner.state = state(1);
    expect(owner.run(4, 0)).toEqual([256, 256, 256, 128]);
    expect(owner.state.wrong).toBe(0);
  });
});

describe("pressure", () => {
  test("raises a limit within a window, and never reduces it", () => {
    const owner = new Owner();
    expect(owner.sees(193, PRESSURE)).toEqual(["none", 256]);
    expect(owner.sees(225, PRESSURE)).toEqual(["filled-high", 512]);
    const idle = new Owner();
    expect(idle.run(20, 1, { ...PRESSURE, returned: 1, ms: 1 })).toEqual(Array(20).fill(256));
  });

  test("is not counted again when the window ends that it was in", () => {
    const owner = new Owner();
    owner.sees(193, PRESSURE);
    expect(owner.sees(193)).toEqual(["none", 256]);
    expect(owner.sees(100)).toEqual(["none", 256]);
    owner.sees(193, PRESSURE);
    owner.sees(193);
    expect(owner.sees(193, PRESSURE)).toEqual(["filled-high", 512]);
  });

  test("cuts no window short for ever: pieces that are a window together are judged", () => {
    const drops = new Owner({ reduce: { by: "drops" } });
    const flood = { ...PRESSURE, returned: 0, frames: 10, refused: 90, ms: 30, low: 200, inUse: 256 };
    expect(drops.sees(256, flood)[0]).toBe("none");
    expect(drops.sees(256, flood)[0]).toBe("unearned");
    expect(drops.sees(256, flood)[0]).toBe("unearned");
    // 120 ms, and nothing came back in all of them.
    expect(drops.sees(256, flood)).toEqual(["stalled", 128]);
    const many = new Owner({ reduce: { by: "drops" }, raise: { windows: 10 } });
    const slow = { ...flood, returned: 100, ms: 1 };
    expect(many.run(3, 256, slow)).toEqual([256, 256, 128]);
  });
});

describe("what holds beside every criterion", () => {
  test("a raise must be earned by mbufs that came back", () => {
    const owner = new Owner({ raise: { returned: 1 / 16 } });
    const leak = { returned: 0, filled: 10, ms: 10, closedBy: "time" } as const;
    expect(owner.run(3, 250, leak)).toEqual([256, 256, 256]);
    expect(owner.sees(250, { ...leak, returned: 15 })).toEqual(["unearned", 256]);
    expect(owner.sees(250, { ...leak, returned: 1 })).toEqual(["filled-high", 512]);
    // The next raise is of 512: 32 must come back after this one.
    expect(owner.sees(500, { ...leak, returned: 31 })[1]).toBe(512);
    expect(owner.sees(500, { ...leak, returned: 0 })).toEqual(["unearned", 512]);
    expect(owner.sees(500, { ...leak, returned: 1 })).toEqual(["filled-high", 1024]);
  });

  test.each(["filled", "sojourn", "drops", "tcp"] as const)("by %s: an owner that stands still fails", (by) => {
    const owner = new Owner({ reduce: { by } });
    const still = { ...NOTHING, low: 250, inUse: 250 };
    expect(owner.sees(250, { ...still, ms: 99 })[1]).toBe(256);
    expect(owner.sees(250, { ...still, low: 0 })[1]).toBe(256);
    expect(owner.sees(250, { ...still, returned: 1 })[0]).not.toBe("stalled");
    const fresh = new Owner({ reduce: { by } });
    expect(fresh.sees(250, still)).toEqual(["stalled", 128]);
    // Ill: no raise before a whole window is good, however hard it presses.
    expect(fresh.run(4, 250, { ...PRESSURE, refused: 9, low: 128 })).toEqual(Array(4).fill(128));
  });

  test.each(["filled", "sojourn", "drops", "tcp"] as const)("by %s: an idle owner comes down to its floor", (by) => {
    const idle = new Owner({ reduce: { by } });
    expect(idle.run(4, 0, NOTHING)).toEqual([128, 64, 64, 64]);
  });
});

describe("by sojourn", () => {
  const standing = (least: number) => ({ heldMs: { least, most: 50 }, low: 5, ms: 40 });

  test("reduces when the shortest time stayed above target for an interval", () => {
    const owner = new Owner({ reduce: { by: "sojourn" } });
    expect(owner.run(3, 100, standing(5.1))).toEqual([256, 256, 128]);
    // And from the start again.
    expect(owner.run(3, 100, standing(5.1))).toEqual([128, 128, 64]);
  });

  test("begins again when an mbuf came back in time, or the queue ran empty", () => {
    for (const good of [standing(5), { ...standing(9), low: 0 }]) {
      const owner = new Owner({ reduce: { by: "sojourn" } });
      owner.run(2, 100, standing(6));
      owner.sees(100, good);
      expect(owner.run(3, 100, standing(6))).toEqual([256, 256, 128]);
    }
  });

  test("makes the raise patient when bad health undoes it", () => {
    const owner = new Owner({ reduce: { by: "sojourn", intervalMs: 40 }, holdWindows: 0 });
    expect(owner.run(2, 200)).toEqual([256, 512]);
    expect(owner.sees(400, standing(6))).toEqual(["sojourn-above", 256]);
    // Healthy again, and full: 2 times 4 windows now.
    expect(owner.run(8, 200).indexOf(512)).toBe(7);
    // Pieces of windows do not count for it, and it has not stood the test yet.
    expect(owner.run(20, 512, { ...PRESSURE, returned: 1, refused: 1 })).toEqual(Array(20).fill(512));
    expect(owner.run(8, 400).indexOf(1024)).toBe(7);
    owner.sees(500);
    expect(owner.state.wrong).toBe(1);
    // 64 windows in good health: the raise was right.
    owner.run(64, 500);
    expect(owner.run(8, 1000).indexOf(2048)).toBe(7);
    owner.sees(1000);
    expect(owner.state.wrong).toBe(0);
  });
});

describe("by drops and by tcp", () => {
  test("drops: at most the share is good, more is not", () => {
    const policy = { reduce: { by: "drops", above: 0.1 }, raise: { windows: 9 } } as const;
    expect(new Owner(policy).sees(100, { frames: 90, refused: 10 })).toEqual(["none", 256]);
    expect(new Owner(policy).sees(100, { frames: 89, refused: 11 })).toEqual(["drops-above", 128]);
  });

  test("tcp: segments that came again or out of order, of enough", () => {
    const health = (dataSegments: number, retransmissions: number, outOfOrder: number) => ({
      health: {
        ...{ segments: 2 * dataSegments, dataSegments, retransmissions, outOfOrder },
        ...{ duplicateAcks: 0, zeroWindows: 0, roundTrips: 0 },
      },
    });
    const policy = { reduce: { by: "tcp" } } as const;
    expect(new Owner(policy).sees(100)).toEqual(["none", 256]);
    expect(new Owner(policy).sees(100, health(100, 3, 2))).toEqual(["none", 256]);
    expect(new Owner(policy).sees(100, health(100, 3, 3))).toEqual(["tcp-above", 128]);
    expect(new Owner(policy).sees(100, health(15, 15, 0))).toEqual(["none", 256]);
    // Pieces that pressure has cut are counted together.
    const owner = new Owner(policy);
    expect(owner.sees(200, { ...PRESSURE, ...health(10, 1, 0) })[1]).toBe(256);
    expect(owner.sees(100, health(10, 1, 0))).toEqual(["tcp-above", 128]);
  });
});

test("a limit that others took is no move of its own", () => {
  const owner = new Owner({ holdWindows: 0 });
  owner.sees(0);
  owner.limit = 100;
  owner.run(2, 90);
  owner.sees(100);
  expect([owner.limit, owner.state.wrong]).toEqual([200, 0]);
});

test("reasons have words", () => {
  expect(
    [
      { code: "none" },
      { code: "filled-below", high: 61, limit: 512, below: 0.25 },
      { code: "idle", ms: 100 },
      { code: "sojourn-above", leastMs: 7.125, targetMs: 5, aboveMs: 120 },
      { code: "drops-above", refused: 3, frames: 100, above: 0.01 },
      { code: "tcp-above", again: 9, segments: 100, above: 0.05 },
      { code: "stalled", inUse: 40, ms: 100 },
      { code: "patient", failing: 1, needed: 4, hold: 0 },
      { code: "patient", failing: 1, needed: 1, hold: 3 },
      { code: "filled-high", high: 500, limit: 512, windows: 2 },
      { code: "unearned", returned: 3, needed: 16 },
      { code: "shared", limit: 900, partition: "web", peer: "192.0.2.1" },
      { code: "shared", limit: 900, partition: "web" },
    ].map((reason) => reasonText(reason as Parameters<typeof reasonText>[0])),
  ).toEqual([
    "nothing speaks for a change",
    "12 % of 512 filled, under 25 %",
    "nothing in use for 100 ms",
    "held at least 7.13 ms, over 5 ms for 120 ms",
    "3 of 100 frames refused, over 1 %",
    "9 of 100 segments came again or out of order, over 5 %",
    "holds 40, and none came back for 100 ms",
    "failing for 1 window of 4",
    "raised too lately to go down: 3 windows to go",
    "98 % of 512 filled, 2 windows in a row",
    "3 came back since the last raise, 16 must",
    "had 900, more than its share, and 192.0.2.1 of web has less than its own",
    "had 900, more than its share, and web has less than its own",
  ]);
});
