/** Traces and snapshots: the same windows give the same decisions, also from JSON, and a controller goes on where another was. */
import { expect, test } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { Limiter } from "../../../src/limit/controller/limiter.js";
import type { LimiterSnapshot } from "../../../src/limit/controller/snapshot.js";
import { type LimitTrace, recordTrace, replayTrace } from "../../../src/limit/controller/trace.js";
import type { LimitEvent } from "../../../src/limit/event.js";
import { Random } from "../../helpers/property.js";
import { ModelLedger } from "../../model/ledger.js";

const PEERS = { floor: 8, preset: 16, ceiling: 400, window: { descriptors: 32, ms: 20 } };

function json<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** Turns say who came first, and begin anew. */
function withoutTurns(snapshot: LimiterSnapshot): unknown {
  return JSON.parse(JSON.stringify(snapshot, (key, value) => (key === "turn" ? undefined : value)));
}

/** Some windows in the life of three partitions and their peers, under a wall that is too low for all of them. */
function live(limiter: Limiter, ledger: ModelLedger, random: Random, steps: number, fromMs = 0): LimitEvent[] {
  const events: LimitEvent[] = [];
  let nowMs = fromMs;
  for (let step = 0; step < steps; step++) {
    const open = limiter.reports();
    for (let i = 0; i < 5; i++) {
      const { owner } = random.pick(open);
      for (let n = random.below(60); n > 0; n--) ledger.charge(owner, 1, 100);
      const back = random.below(ledger.inUse(owner) + 1);
      if (back > 0) ledger.release(owner, back, random.below(9));
    }
    nowMs += random.below(10);
    events.push(...limiter.tick(nowMs));
  }
  return events;
}

function grow(limiter: Limiter): void {
  for (const partition of ["a", "b", "c"]) {
    limiter.addPartition(partition, { floor: 8, preset: 16, ceiling: 600, window: { descriptors: 32, ms: 20 } }, PEERS);
    for (let i = 0; i < 8; i++) limiter.addPeer(partition, `peer ${i}`);
  }
}

test("a trace gives the same decisions, also from JSON, and again", () => {
  const random = new Random();
  // 27 owners, and no more.
  const ledger = new ModelLedger(27);
  const limiter = recordTrace(ledger, { wall: 900 });
  grow(limiter);
  expect(() => limiter.addPartition("e", { floor: 1, preset: 1 })).toThrow("every owner that was planned is open");
  const events = live(limiter, ledger, random, 300);
  expect(() => limiter.addPartition("d", { floor: 900 })).toThrow(ConfigError);
  expect(limiter.report("a", "peer 1").owner).toBe(2);
  limiter.remove("a", "peer 0");
  limiter.remove("b");
  try {
    limiter.addPeer("a", "peer 0");
  } catch (error) {
    // All its mbufs, and those of b's owners, may still be out.
    expect(error).toBeInstanceOf(ConfigError);
  }
  events.push(...live(limiter, ledger, random, 300, 3000));
  expect(events.length).toBeGreaterThan(50);
  expect(events.some(({ reason }) => reason.code === "shared")).toBe(true);
  const trace = limiter.trace;
  expect(replayTrace(trace)).toEqual(events);
  expect(replayTrace(json(trace))).toEqual(json(events));
  expect(json(replayTrace(json(trace)))).toEqual(json(events));
});

test("a trace that says something else is refused", () => {
  const ledger = new ModelLedger();
  const limiter = recordTrace(ledger, { wall: 900 });
  grow(limiter);
  live(limiter, ledger, new Random(), 50);
  const damaged = (damage: (trace: LimitTrace) => void) => {
    const trace = json(limiter.trace);
    damage(trace);
    return () => replayTrace(trace);
  };
  const hasWindows = (trace: LimitTrace) => trace.entries.find(({ windows }) => windows.length > 0);
  expect(damaged((trace) => hasWindows(trace)?.windows.pop())).toThrow("does not say the window of owner");
  const other = (trace: LimitTrace) => {
    const windows = hasWindows(trace)?.windows ?? [];
    windows.unshift(...windows.slice(0, 1).map((first) => ({ ...first, owner: 999 })));
  };
  expect(damaged(other)).toThrow("owner 999");
  expect(damaged((trace) => trace.entries[0]?.opened.pop())).toThrow("a new owner's number");
});

test("the same load gives the same decisions, owner by owner", () => {
  const once = () => {
    const ledger = new ModelLedger();
    const limiter = new Limiter(ledger, { wall: 900 });
    grow(limiter);
    return live(limiter, ledger, new Random(3), 300);
  };
  expect(once()).toEqual(once());
});

test("a restored controller decides as the one that it was", () => {
  const random = new Random(4);
  const ledger = new ModelLedger();
  const limiter = new Limiter(ledger, { wall: 900 });
  grow(limiter);
  live(limiter, ledger, random, 200);
  // Mbufs do not move: what is in use comes back first.
  for (const { owner, inUse } of limiter.reports()) if (inUse > 0) ledger.release(owner, inUse, 1);
  limiter.tick(2010);
  for (const { owner } of limiter.reports()) ledger.close(owner);
  const snapshot = json(limiter.snapshot());
  const there = new ModelLedger();
  const restored = Limiter.restore(there, snapshot);
  expect(restored.reports()).toEqual(limiter.reports());
  expect(withoutTurns(restored.snapshot())).toEqual(withoutTurns(snapshot));
  expect(restored.nextTickMs).toBe(limiter.nextTickMs);
  expect(restored.committed).toBe(limiter.committed);
  const [here, thereEvents] = [limiter, restored].map((each, i) => {
    return live(each, i === 0 ? ledger : there, new Random(5), 300, 2020);
  });
  expect(here?.length).toBeGreaterThan(30);
  expect(thereEvents).toEqual(here);
  expect(restored.reports()).toEqual(limiter.reports());
});

test("under a lower wall everybody keeps his floor, and of the rest what fits; under too low a one nothing is restored", () => {
  const ledger = new ModelLedger();
  const limiter = new Limiter(ledger, { wall: 900 });
  grow(limiter);
  live(limiter, ledger, new Random(6), 100);
  const snapshot = limiter.snapshot();
  const low = Limiter.restore(new ModelLedger(), snapshot, { wall: 300 });
  expect(low.committed).toBe(300);
  for (const { limit, floor } of low.reports()) expect(limit).toBeGreaterThanOrEqual(floor);
  // 27 owners with floors of 8.
  expect(() => Limiter.restore(new ModelLedger(), snapshot, { wall: 215 })).toThrow(
    "at least 216, the sum of all floors",
  );
});
