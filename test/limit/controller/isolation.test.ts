/** One peer floods at ten times the others' rate and reads nothing: with the controller the others lose no frame, in a shared pool they do. */
import { expect, test } from "vitest";
import { Limiter } from "../../../src/limit/controller/limiter.js";
import { ModelLedger } from "../../model/ledger.js";
import { exponential, type Load, poisson, run, seeded, total } from "./load.js";

const WALL = 2048;
const OTHERS = 15;
const UNTIL_MS = 3000;

function loads(owners: readonly number[]): Load[] {
  return owners.map((owner, i) => {
    const unit = seeded(100 + i);
    // Each good peer's frames are held for 4 ms on average: 20 at a time.
    if (i > 0) return { owner, arrivals: poisson(unit, 5), holdMs: () => exponential(unit, 4), from: "arrival" };
    return { owner, arrivals: poisson(unit, 50), holdMs: () => Number.POSITIVE_INFINITY, from: "arrival" };
  });
}

test("a hostile peer loses its own frames only", () => {
  const ledger = new ModelLedger();
  const limiter = new Limiter(ledger, { wall: WALL });
  limiter.addPartition("web", { floor: 64, preset: 64 }, { floor: 32, preset: 64, ceiling: 1024 });
  const owners = Array.from({ length: 1 + OTHERS }, (_, i) => limiter.addPeer("web", `peer ${i}`) as number);
  const [hostile, ...others] = owners as [number, ...number[]];
  const { refused, frames } = run(ledger, loads(owners), { untilMs: UNTIL_MS, tickMs: 1, limiter });
  const lost = others.map((owner) => refused.get(owner) ?? 0);

  const pool = new ModelLedger();
  const shared = pool.open(WALL, WALL, 256);
  const all = loads(Array(1 + OTHERS).fill(shared)).map((load, i) => ({ load, i }));
  const control = run(
    pool,
    all.map(({ load }) => load),
    { untilMs: UNTIL_MS, tickMs: 1 },
  );
  const [good, bad] = [total(frames) - (frames.get(hostile) ?? 0), frames.get(hostile)];
  console.log(
    `hostile: ${refused.get(hostile)} of ${bad} refused, it holds ${ledger.inUse(hostile)}; the others ${total(new Map(lost.entries()))} of ` +
      `${good}. One pool: ${total(control.refused)} of ${total(control.frames)} refused, and nothing after it was full`,
  );
  expect(lost).toEqual(Array(OTHERS).fill(0));
  expect(limiter.report("web", "peer 0")).toMatchObject({ limit: 32, inUse: 64 });
  expect(refused.get(hostile)).toBeGreaterThan(100_000);
  // More than all of the hostile peer's frames: the others lost theirs, too.
  expect(total(control.refused)).toBeGreaterThan(bad as number);
});
