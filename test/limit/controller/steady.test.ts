/**
 * No oscillation: under steady load the limit settles within SETTLED windows and then changes at most once in 100. Loads are random, of
 * fixed seeds, so that the figures printed come again.
 */
import { describe, expect, test } from "vitest";
import { Limiter } from "../../../src/limit/controller/limiter.js";
import type { OwnerSnapshot, PartitionSnapshot } from "../../../src/limit/controller/snapshot.js";
import type { LimitPolicy } from "../../../src/limit/policy.js";
import { ModelLedger } from "../../model/ledger.js";
import { exponential, type Load, onOff, poisson, run, seeded, type Unit } from "./load.js";

const SETTLED = 200;
const SEEDS = [1, 2, 3];

type Steady = (unit: Unit) => Omit<Load, "owner">;

/** Frames held independently, so many at a time on average: a Poisson number of them. */
const independent =
  (mean: number): Steady =>
  (unit) => ({ arrivals: poisson(unit, 50), holdMs: () => exponential(unit, mean / 50), from: "arrival" });
/** A queue whose reader is busy for such a part of the time. */
const queue =
  (busy: number): Steady =>
  (unit) => ({ arrivals: poisson(unit, 50), holdMs: () => exponential(unit, busy / 50), from: "queue" });
/** All frames of a period in its first part, read at 1.25 times the mean rate. */
const periodic =
  (onMs: number, offMs: number): Steady =>
  (unit) => ({ arrivals: onOff(unit, 50, onMs, offMs), holdMs: () => 1 / 62.5, from: "queue" });

const LOADS: [name: string, load: Steady, policy?: LimitPolicy][] = [
  ...[1, 16, 28, 60, 96, 190, 390, 760].map((n): [string, Steady] => [`${n} at a time`, independent(n)]),
  ...[0.5, 0.7, 0.9].map((busy): [string, Steady] => [`reader busy ${100 * busy} %`, queue(busy)]),
  ...(
    [
      [2, 2],
      [5, 5],
      [5, 10],
      [10, 30],
      [20, 60],
    ] as const
  ).map(([on, off]): [string, Steady] => [`on ${on} ms, off ${off} ms`, periodic(on, off)]),
  // More than can be read: the queue stands at whatever the limit is.
  ["reader too slow by a quarter, by filled", queue(1.25)],
  ["reader too slow by a quarter, by sojourn", queue(1.25), { reduce: { by: "sojourn" } }],
  ["reader too slow by a quarter, by drops", queue(1.25), { reduce: { by: "drops" } }],
  ["96 at a time, by sojourn", independent(96), { reduce: { by: "sojourn" } }],
  ["390 at a time, by drops", independent(390), { reduce: { by: "drops" } }],
];

describe("under steady load the limit settles", () => {
  test.each(LOADS)("%s", (name, steady, policy) => {
    const figures = SEEDS.map((seed) => {
      const ledger = new ModelLedger();
      const limiter = new Limiter(ledger, { wall: 4096 });
      const owner = limiter.addPartition("a", policy);
      let [windows, closed] = [0, false];
      const close = ledger.close.bind(ledger);
      ledger.close = (id) => {
        closed = true;
        return close(id);
      };
      const changedAt: number[] = [];
      let seen = 0;
      const load = { ...steady(seeded(seed)), owner };
      const outcome = run(ledger, [load], {
        untilMs: 5000,
        tickMs: 1,
        limiter,
        each: () => {
          // Whole windows only; pieces that pressure cuts off are none.
          const { limit, state } = (limiter.snapshot().partitions[0] as PartitionSnapshot).owners[0] as OwnerSnapshot;
          if (closed && state.span === undefined) windows++;
          closed = false;
          if (limit !== seen) changedAt.push(windows);
          seen = limit;
        },
      });
      const after = changedAt.filter((at) => at > SETTLED);
      const closest = Math.min(...after.slice(1).map((at, i) => at - (after[i] as number)));
      expect(windows).toBeGreaterThan(2 * SETTLED);
      return { changes: outcome.events.length, last: changedAt.at(-1), windows, closest, limit: seen };
    });
    const list = (key: "changes" | "last" | "windows" | "limit") => figures.map((figure) => figure[key]).join(" ");
    console.log(
      `${name}: changes ${list("changes")}, last at window ${list("last")} of ${list("windows")}, limit ${list("limit")}`,
    );
    for (const { closest } of figures) expect(closest).toBeGreaterThanOrEqual(100);
  });
});
