/** A bursty load: what the limit saves against a static one of the ceiling, and in drops against one of the floor. */
import { expect, test } from "vitest";
import { Limiter } from "../../../src/limit/controller/limiter.js";
import { ModelLedger } from "../../model/ledger.js";
import { exponential, poisson, run, seeded, total, type Unit } from "./load.js";

const [FLOOR, CEILING] = [64, 2048];
const UNTIL_MS = 30_000;
/** Read per ms; 5 come between bursts and 60 in one, so that a burst of 30 ms leaves 1,200 to be read. */
const READ_PER_MS = 20;

/** A burst of 10 to 40 ms about every two seconds, over a steady trickle. */
function* bursts(unit: Unit): Generator<number> {
  const trickle = poisson(unit, 5);
  let next = trickle.next().value as number;
  for (let atMs = exponential(unit, 2000); ; atMs += 50 + exponential(unit, 2000)) {
    for (; next < atMs; next = trickle.next().value as number) yield next;
    const endMs = atMs + 10 + 30 * unit();
    for (let burstMs = atMs; burstMs < endMs; burstMs += exponential(unit, 1 / 60)) yield burstMs;
    for (; next < endMs; next = trickle.next().value as number);
  }
}

test("half the memory of the static maximum at no more drops, and fewer than the static minimum", () => {
  for (const seed of [1, 2, 3]) {
    const load = (owner: number) => {
      const arrivals = bursts(seeded(seed));
      return { owner, arrivals, holdMs: () => 1 / READ_PER_MS, from: "queue" as const };
    };
    const fixed = (limit: number) => {
      const ledger = new ModelLedger();
      return run(ledger, [load(ledger.open(limit, limit, 256))], { untilMs: UNTIL_MS, tickMs: 0.1 });
    };
    const ledger = new ModelLedger();
    const limiter = new Limiter(ledger, { wall: CEILING });
    const windows: number[] = [];
    const close = ledger.close.bind(ledger);
    ledger.close = (id) => {
      windows.push(limiter.nowMs);
      return close(id);
    };
    const owner = limiter.addPartition("a", { floor: FLOOR, ceiling: CEILING });
    const dynamic = run(ledger, [load(owner)], { untilMs: UNTIL_MS, tickMs: 0.1, limiter });
    const [most, least] = [fixed(CEILING), fixed(FLOOR)];
    const frames = total(dynamic.frames);
    const share = (outcome: typeof dynamic) => total(outcome.refused) / frames;
    const reactions = climbs(dynamic.events).map(({ fromMs, toMs }) => ({
      ms: toMs - fromMs,
      windows: windows.filter((atMs) => atMs > fromMs && atMs <= toMs).length,
    }));
    const worst = (key: "ms" | "windows") => Math.max(...reactions.map((reaction) => reaction[key]));
    console.log(
      `seed ${seed}: held ${dynamic.meanHeld.toFixed(0)} of ${CEILING} (in use ${dynamic.meanInUse.toFixed(0)}), ` +
        `refused ${percent(share(dynamic))}, static maximum ${percent(share(most))}, static minimum ${percent(share(least))}; ` +
        `${reactions.length} climbs, at most ${worst("windows")} windows in ${worst("ms").toFixed(1)} ms`,
    );
    expect(dynamic.meanHeld).toBeLessThanOrEqual(most.meanHeld / 2);
    expect(share(dynamic)).toBeLessThanOrEqual(share(most) + 0.001);
    expect(share(dynamic)).toBeLessThan(share(least));
    expect(reactions.length).toBeGreaterThan(5);
  }
});

/** Raises in a row within a burst, from the first to the last. */
function climbs(events: readonly { readonly atMs: number; readonly from: number; readonly to: number }[]) {
  const found: { fromMs: number; toMs: number }[] = [];
  let up = false;
  for (const { atMs, from, to } of events) {
    const last = found.at(-1);
    if (to > from && up && last && atMs - last.toMs < 100) last.toMs = atMs;
    else if (to > from) found.push({ fromMs: atMs, toMs: atMs });
    up = to > from;
  }
  return found;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(3)} %`;
}
