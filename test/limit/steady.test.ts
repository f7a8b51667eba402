/**
 * No oscillation: under steady load the limit settles within SETTLED windows and then changes at most once in 100. Loads are random, of
 * fixed seeds, so that the figures printed come again.
 */
import { describe, expect, test } from "vitest";
import { Limiter } from "../../src/limit/limiter.js";
import { ModelLedger } from "../model/ledger.js";
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

const LOADS: [name: string, load: Steady][] = [
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
];

describe("under steady load the limit settles", () => {
  test.each(LOADS)("%s", (name, steady) => {
    const figures = SEEDS.map((seed) => {
      const ledger = new ModelLedger();
      const limiter = new Limiter(ledger, { wall: 4096 });
      const owner = limiter.addPartition("a");
      let windows = 0;
      const close = ledger.close.bind(ledger);
      ledger.close = (id) => {
        windows++;
        return close(id);
      };
      const changedAt: number[] = [];
      let seen = 0;
      const load = { ...steady(seeded(seed)), owner };
      const outcome = run(ledger, [load], {
        untilMs: 4000,
        tickMs: 1,
        limiter,
        each: () => {
          const { limit } = limiter.report("a");
          if (limit !== seen) changedAt.push(windows);
          seen = limit;
        },
      });
      const after = changedAt.filter((at) => at > SETTLED);
      const closest = Math.min(...after.slice(1).map((at, i) => at - (after[i] as number)));
      expect(windows).toBeGreaterThan(3 * SETTLED);
      return { changes: outcome.events.length, last: changedAt.at(-1), windows, closest, limit: seen };
    });
    const list = (key: "changes" | "last" | "windows" | "limit") => figures.map((figure) => figure[key]).join(" ");
    console.log(
      `${name}: changes ${list("changes")}, last at window ${list("last")} of ${list("windows")}, limit ${list("limit")}`,
    );
    for (const { closest } of figures) expect(closest).toBeGreaterThanOrEqual(100);
  });
});
