/** The machine by hand: growth before a frame is refused, shrinking by attrition, shares, draining, dormancy, events, series. */
import { describe, expect, test } from "vitest";
import { Limiter } from "../../../src/limit/controller/limiter.js";
import { reasonText } from "../../../src/limit/controller/reason.js";
import { ModelLedger } from "../../model/ledger.js";

function make(wall: number, options: { series?: number; nowMs?: number } = {}) {
  const ledger = new ModelLedger();
  return { ledger, limiter: new Limiter(ledger, { wall, ...options }) };
}

/** Charges mbufs one by one; how many were refused. */
function fill(ledger: ModelLedger, owner: number, mbufs: number): number {
  let refused = 0;
  for (let i = 0; i < mbufs; i++) refused += Number(!ledger.charge(owner, 1, 1000));
  return refused;
}

/** Fills what the owner may have, gives some back, and ticks, until the limit is as high as it gets. */
function press(ledger: ModelLedger, limiter: Limiter, owner: number, ticks = 12): void {
  for (let i = 0; i < ticks; i++) {
    fill(ledger, owner, 10_000);
    ledger.release(owner, Math.ceil(ledger.inUse(owner) / 4), 1);
    fill(ledger, owner, 10_000);
    limiter.tick(limiter.nowMs + 1);
  }
}

describe("one owner", () => {
  test("grows before a frame of a burst is refused", () => {
    const { ledger, limiter } = make(4096);
    const owner = limiter.addPartition("a");
    fill(ledger, owner, 100);
    ledger.release(owner, 100, 1);
    const limits: number[] = [];
    // 12 mbufs between two looks, and one comes back of each four.
    let refused = 0;
    for (let nowMs = 1; nowMs < 120; nowMs++) {
      refused += fill(ledger, owner, 12);
      ledger.release(owner, 3, 1);
      for (const { to } of limiter.tick(nowMs)) limits.push(to);
    }
    expect([refused, limits]).toEqual([0, [512, 1024, 2048]]);
  });

  test("is told of each change with its reason and window", () => {
    const { ledger, limiter } = make(4096, { nowMs: 1000 });
    const owner = limiter.addPartition("a");
    expect(limiter.nextTickMs).toBe(1100);
    expect(limiter.tick(1099)).toEqual([]);
    const [event] = limiter.tick(1100);
    expect(event).toMatchObject({ type: "limit-changed", partition: "a", owner, from: 256, to: 128, atMs: 1100 });
    expect(event?.window).toMatchObject({ closedBy: "time", ms: 100, limit: 256, high: 0 });
    expect(event && reasonText(event.reason)).toBe("0 % of 256 filled, under 25 %");
    expect(ledger.held(owner)).toBe(128);
    expect(limiter.tick(1200)).toHaveLength(1);
    // At its floor, and nothing happens: nothing more to do.
    expect(limiter.tick(1300)).toEqual([]);
    expect(limiter.nextTickMs).toBeUndefined();
    expect(limiter.report("a")).toMatchObject({ limit: 64, dormant: true });
  });

  test("shrinks by attrition: what is in use stays, and no more is taken before it is back", () => {
    const { ledger, limiter } = make(4096);
    const owner = limiter.addPartition("a");
    fill(ledger, owner, 200);
    for (let nowMs = 100; nowMs <= 400; nowMs += 100) limiter.tick(nowMs);
    expect(limiter.report("a")).toMatchObject({ limit: 64, inUse: 200, held: 200 });
    expect(limiter.committed).toBe(200);
    expect(ledger.charge(owner, 1, 0)).toBe(false);
    ledger.release(owner, 150, 400);
    limiter.tick(500);
    expect(limiter.committed).toBe(64);
    expect(ledger.charge(owner, 1, 0)).toBe(true);
  });

  test("has its last windows for plots", () => {
    const { ledger, limiter } = make(4096, { series: 3 });
    const owner = limiter.addPartition("a");
    for (let nowMs = 100; nowMs <= 500; nowMs += 100) {
      fill(ledger, owner, 40);
      limiter.tick(nowMs);
      ledger.release(owner, 40, 1);
    }
    expect(limiter.series("a").map(({ atMs, limit, inUse }) => [atMs, limit, inUse])).toEqual([
      [300, 128, 40],
      [400, 128, 40],
      [500, 128, 40],
    ]);
    expect(make(64).limiter.addPartition("a", { ceiling: 64 })).toBe(0);
  });

  test("a clock that steps back stands still", () => {
    const { limiter } = make(4096);
    limiter.addPartition("a");
    limiter.tick(0);
    limiter.tick(50);
    limiter.tick(10);
    expect(limiter.nowMs).toBe(50);
    expect(limiter.tick(100)).toHaveLength(1);
  });
});

describe("several owners under a wall", () => {
  const HUNGRY = { floor: 32, preset: 32, ceiling: 4096 };

  test("share what is free by weight when they want it at once", () => {
    const { ledger, limiter } = make(128 + 96);
    const a = limiter.addPartition("a", { floor: 64, preset: 64, weight: 1 });
    const b = limiter.addPartition("b", { floor: 64, preset: 64, weight: 3 });
    for (let nowMs = 1; nowMs < 3; nowMs++) {
      for (const owner of [a, b]) {
        fill(ledger, owner, 100);
        ledger.release(owner, 20, 1);
        fill(ledger, owner, 100);
      }
      limiter.tick(nowMs);
    }
    // Of 96 a quarter, and of three quarters the 64 that b wished for. The other 8 are less than an eighth of what a has.
    expect([limiter.report("a").limit, limiter.report("b").limit]).toEqual([88, 128]);
  });

  test("who has less than his share gets it from those who have more, as it comes back", () => {
    const { ledger, limiter } = make(1000);
    const hog = limiter.addPartition("hog", HUNGRY);
    const late = limiter.addPartition("late", HUNGRY);
    press(ledger, limiter, hog, 20);
    expect(limiter.report("hog")).toMatchObject({ limit: 968 });
    press(ledger, limiter, late, 2);
    const events = limiter.tick(limiter.nowMs + 1);
    expect(limiter.report("late").waiting).toBe("wall");
    expect(limiter.committed).toBeLessThanOrEqual(1000);
    expect(events).toEqual([]);
    // The hog may not take what comes back; the late one gets it.
    ledger.release(hog, 500, 1);
    press(ledger, limiter, late, 30);
    press(ledger, limiter, hog, 30);
    press(ledger, limiter, late, 30);
    expect(limiter.report("hog").limit).toBe(500);
    expect(limiter.report("late").limit).toBe(500);
    expect(limiter.report("late").waiting).toBe("not");
  });

  test("the reason names who needed it", () => {
    const { ledger, limiter } = make(1000);
    const hog = limiter.addPartition("hog", HUNGRY);
    press(ledger, limiter, hog, 20);
    ledger.release(hog, ledger.inUse(hog), 1);
    limiter.addPartition("late", HUNGRY);
    const [event] = limiter.tick(limiter.nowMs);
    expect(event?.reason).toMatchObject({ code: "shared", limit: 1000, partition: "late" });
    expect(event).not.toHaveProperty("window");
    expect(limiter.committed).toBe(1000);
  });

  test("peers stay under their partition's ceiling, and share it", () => {
    const { ledger, limiter } = make(10_000);
    limiter.addPartition("a", { floor: 40, preset: 40, ceiling: 440 }, { floor: 20, preset: 20, ceiling: 400 });
    const [x, y] = [limiter.addPeer("a", "x") as number, limiter.addPeer("a", "y") as number];
    press(ledger, limiter, x, 30);
    expect(limiter.report("a", "x").limit).toBe(380);
    for (let i = 0; i < 10; i++) {
      press(ledger, limiter, y, 6);
      press(ledger, limiter, x, 6);
    }
    expect([limiter.report("a", "x").limit, limiter.report("a", "y").limit]).toEqual([200, 200]);
    expect(limiter.committed).toBe(440);
  });

  test("a newcomer gets its preset, what there is of it, or is not taken", () => {
    const { ledger, limiter } = make(1000);
    limiter.addPartition("a", { floor: 40, preset: 40, ceiling: 140 }, { floor: 20, preset: 64 });
    const limits = ["x", "y", "z"].map((name) => {
      const owner = limiter.addPeer("a", name);
      if (owner !== undefined) fill(ledger, owner, 64);
      return owner === undefined ? undefined : limiter.report("a", name).limit;
    });
    expect(limits).toEqual([64, 36, undefined]);
    // Once something is back, what others have above their shares makes room for its floor.
    ledger.release(1, 64, 1);
    expect(limiter.addPeer("a", "z")).toBe(3);
    expect(limiter.report("a", "z").limit).toBe(20);
    expect(limiter.committed).toBeLessThanOrEqual(140);
  });
});

describe("removed", () => {
  test("an owner that holds mbufs stays until it holds none, and gets no more", () => {
    const { ledger, limiter } = make(1000);
    limiter.addPartition("a", {}, { floor: 20, preset: 64 });
    const owner = limiter.addPeer("a", "x") as number;
    fill(ledger, owner, 30);
    limiter.remove("a", "x");
    expect(() => limiter.report("a", "x")).toThrow("the name of a peer");
    expect(ledger.charge(owner, 1, 0)).toBe(false);
    limiter.tick(100);
    expect(limiter.reports()[1]).toMatchObject({ peer: "x", draining: true, limit: 0, held: 30 });
    // The name is free, the number is not.
    expect(limiter.addPeer("a", "x")).toBe(2);
    ledger.release(owner, 30, 1);
    limiter.tick(200);
    expect(limiter.reports().map(({ owner: id }) => id)).toEqual([0, 2]);
    expect(() => ledger.inUse(owner)).toThrow("not open");
  });

  test("a partition goes with its peers, and leaves the wall as it was", () => {
    const { ledger, limiter } = make(1000);
    for (let i = 0; i < 3; i++) {
      limiter.addPartition("a", { preset: 400, ceiling: 800 }, { floor: 20, preset: 64 });
      const owner = limiter.addPeer("a", "x") as number;
      fill(ledger, owner, 60);
      limiter.remove("a");
      expect(limiter.committed).toBe(60);
      ledger.release(owner, 60, 1);
      limiter.tick(100 * (i + 1));
      expect([limiter.committed, limiter.reports().length, limiter.nextTickMs]).toEqual([0, 0, undefined]);
    }
    limiter.addPartition("a", { floor: 1000, preset: 1000, ceiling: 1000 });
  });
});
