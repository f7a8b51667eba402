/** Policies: what is filled in, and what is refused, by key, value and bound. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { Limiter } from "../../../src/limit/controller/limiter.js";
import { checkPolicy } from "../../../src/limit/controller/policy-check.js";
import type { LimitPolicy } from "../../../src/limit/policy.js";
import { ModelLedger } from "../../model/ledger.js";

/** The error that something throws: what about, and the bound. */
function refusal(make: () => unknown): [argument: string, value: unknown, bound: string] {
  try {
    make();
  } catch (error) {
    if (error instanceof ConfigError) return [error.argument, error.value, error.bound];
    throw error;
  }
  throw new Error("it was not refused");
}

test("every field has a default", () => {
  expect(checkPolicy("policy", {})).toEqual({
    floor: 64,
    preset: 256,
    ceiling: 2048,
    weight: 1,
    window: { descriptors: 256, ms: 100 },
    reduce: { by: "filled", below: 0.25, windows: 1 },
    raise: { filled: 0.75, windows: 2, returned: 1 / 128 },
    holdWindows: 4,
    reading: "held",
  });
  expect(checkPolicy("policy", { reduce: { by: "sojourn" } }).reduce).toEqual({
    ...{ by: "sojourn", targetMs: 5, intervalMs: 100, windows: 1 },
  });
  expect(checkPolicy("policy", { reduce: { by: "drops" } }).reduce).toEqual({ by: "drops", above: 0.01, windows: 1 });
  expect(checkPolicy("policy", { reduce: { by: "tcp" } }).reduce).toEqual({ by: "tcp", above: 0.05, windows: 1 });
});

test("defaults never contradict what was given", () => {
  const range = (policy: LimitPolicy) => {
    const { floor, preset, ceiling } = checkPolicy("policy", policy);
    return [floor, preset, ceiling];
  };
  expect(range({ ceiling: 100 })).toEqual([64, 100, 100]);
  expect(range({ ceiling: 16 })).toEqual([16, 16, 16]);
  expect(range({ preset: 32 })).toEqual([32, 32, 2048]);
  expect(range({ preset: 5000 })).toEqual([64, 5000, 5000]);
  expect(range({ floor: 512 })).toEqual([512, 512, 2048]);
  expect(range({ floor: 4096 })).toEqual([4096, 4096, 4096]);
});

describe("refused", () => {
  const whole = (min: number, max: number) => `a whole number from ${min} to ${max}`;
  test.each<[LimitPolicy, string, unknown, string]>([
    [{ floor: 300, ceiling: 200 }, "floor", 300, "at most the ceiling, 200"],
    [{ floor: 64, preset: 32 }, "preset", 32, "from the floor, 64, to the ceiling, 2048"],
    [{ preset: 300, ceiling: 200 }, "preset", 300, "from the floor, 64, to the ceiling, 200"],
    [{ floor: 0 }, "floor", 0, whole(1, 2 ** 24)],
    [{ floor: 1.5 }, "floor", 1.5, whole(1, 2 ** 24)],
    [{ preset: Number.NaN }, "preset", Number.NaN, whole(1, 2 ** 24)],
    [{ ceiling: 2 ** 24 + 1 }, "ceiling", 2 ** 24 + 1, whole(1, 2 ** 24)],
    [{ weight: 0 }, "weight", 0, whole(1, 1000)],
    [{ weight: 1001 }, "weight", 1001, whole(1, 1000)],
    [{ window: { descriptors: 0 } }, "window.descriptors", 0, whole(1, 2 ** 24)],
    [{ window: { ms: 0 } }, "window.ms", 0, "more than 0 and at most 3600000"],
    [{ window: { ms: Number.POSITIVE_INFINITY } }, "window.ms", Infinity, "more than 0 and at most 3600000"],
    [{ reduce: { by: "mood" as "filled" } }, "reduce.by", "mood", "one of filled, sojourn, drops, tcp"],
    [{ reduce: { by: "filled", below: 1.1 } }, "reduce.below", 1.1, "a share from 0 to 1"],
    [{ reduce: { by: "filled", windows: 0 } }, "reduce.windows", 0, whole(1, 1000)],
    [{ reduce: { by: "drops", above: -0.1 } }, "reduce.above", -0.1, "a share from 0 to 1"],
    [{ reduce: { by: "tcp", above: Number.NaN } }, "reduce.above", Number.NaN, "a share from 0 to 1"],
    [{ reduce: { by: "sojourn", targetMs: 100 } }, "reduce.targetMs", 100, "less than the interval, 100"],
    [{ reduce: { by: "sojourn", intervalMs: 0 } }, "reduce.intervalMs", 0, "more than 0 and at most 3600000"],
    [{ raise: { filled: 1.5 } }, "raise.filled", 1.5, "a share from 0 to 1"],
    [{ raise: { filled: 0.25 } }, "raise.filled", 0.25, "more than 0.25, below which limits go down"],
    [{ reduce: { by: "drops" }, raise: { filled: 0 } }, "raise.filled", 0, "more than 0, below which limits go down"],
    [{ raise: { windows: 0 } }, "raise.windows", 0, whole(1, 1000)],
    [{ raise: { returned: 2 } }, "raise.returned", 2, "a share from 0 to 1"],
    [{ holdWindows: -1 }, "holdWindows", -1, whole(0, 1000)],
    [{ reading: "depth" as "held" }, "reading", "depth", "one of held, batch"],
  ])("%j", (policy, key, value, bound) => {
    expect(refusal(() => checkPolicy("policy", policy))).toEqual([`policy.${key}`, value, bound]);
  });
});

describe("a limiter refuses", () => {
  const limiter = () => new Limiter(new ModelLedger(), { wall: 1000 });

  test("what it cannot be made of", () => {
    const make = (options: object) => refusal(() => new Limiter(new ModelLedger(), { wall: 1000, ...options }));
    expect(make({ wall: 0 })[0]).toBe("wall");
    expect(make({ series: -1 })[0]).toBe("series");
    expect(make({ nowMs: Number.NaN })[0]).toBe("nowMs");
    expect(make({ reading: "depth" })[0]).toBe("reading");
  });

  test("a wall below the sum of floors", () => {
    const made = limiter();
    made.addPartition("a", { floor: 600 });
    const bound = "at least 1100, the sum of all floors";
    expect(refusal(() => made.addPartition("b", { floor: 500, preset: 500 }))).toEqual(["wall", 1000, bound]);
    expect(made.addPartition("b", { floor: 400, preset: 400 })).toBe(1);
  });

  test("a floor that others have in use, until it is back", () => {
    const ledger = new ModelLedger();
    const made = new Limiter(ledger, { wall: 1000 });
    const a = made.addPartition("a", { floor: 100, preset: 900 });
    expect(ledger.charge(a, 850, 0)).toBe(true);
    const bound = "at least 1050 while others have so many mbufs in use";
    expect(refusal(() => made.addPartition("b", { floor: 200 }))).toEqual(["wall", 1000, bound]);
    ledger.release(a, 50, 1);
    expect(made.addPartition("b", { floor: 200 })).toBe(1);
    expect(made.report("b")).toMatchObject({ limit: 200 });
    expect(made.committed).toBe(1000);
  });

  test("an owner that the ledger has no number for, and reserves nothing for it", () => {
    const made = new Limiter(new ModelLedger(1), { wall: 1000 });
    made.addPartition("a", { floor: 100 });
    for (let i = 0; i < 20; i++) expect(refusal(() => made.addPartition("b", { floor: 100 }))[0]).toBe("limits.owners");
    made.remove("a");
    expect(made.addPartition("b", { floor: 1000 })).toBe(0);
  });

  test("names that there are, or are not, and bad policies by their place", () => {
    const made = limiter();
    made.addPartition("a", {}, { floor: 8, preset: 8 });
    made.addPartition("alone");
    made.addPeer("a", "x");
    expect(refusal(() => made.addPartition("a"))[0]).toBe("partition");
    expect(refusal(() => made.addPeer("b", "x"))[0]).toBe("partition");
    expect(refusal(() => made.addPeer("alone", "x"))).toEqual([
      ...["partition", "alone", "one that was added with a policy for peers"],
    ]);
    expect(refusal(() => made.addPeer("a", "x"))[0]).toBe("peer");
    expect(refusal(() => made.remove("a", "y"))[0]).toBe("peer");
    expect(refusal(() => made.remove("b"))[0]).toBe("partition");
    expect(refusal(() => made.report("a", "y"))[0]).toBe("peer");
    expect(refusal(() => made.addPartition("c", { floor: 0 }))[0]).toBe("partitions.c.floor");
    expect(refusal(() => made.addPartition("c", {}, { weight: 0 }))[0]).toBe("partitions.c.peers.weight");
    expect(refusal(() => made.addPartition("c", { reading: "batch" }))[0]).toBe("partitions.c.reading");
    expect(refusal(() => made.addPartition("c", { floor: 64, ceiling: 128 }, { floor: 65 }))).toEqual([
      ...["partitions.c.peers.floor", 65, "at most 64, what the partition's own floor leaves"],
    ]);
    expect(refusal(() => made.tick(Number.NaN))[0]).toBe("nowMs");
  });
});
