/**
 * Loads for a controller: owners whose frames come by a process of their own and are read by a consumer of their own, event by event in
 * time. The ledger decides what is taken; a tick comes every so many ms, as an engine's poll would.
 */

import { Heap } from "../../../src/limit/controller/heap.js";
import type { Limiter } from "../../../src/limit/controller/limiter.js";
import type { LimitEvent } from "../../../src/limit/event.js";
import type { ModelLedger } from "../../model/ledger.js";

/** A number in (0, 1), another each time. */
export type Unit = () => number;

/** Mulberry32 from a seed of its own: figures that a test states must come again, whatever RINGLANE_SEED says. */
export function seeded(seed: number): Unit {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (((z ^ (z >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

export function exponential(unit: Unit, mean: number): number {
  return -Math.log(unit()) * mean;
}

/** Times of a Poisson process, in ms. */
export function* poisson(unit: Unit, perMs: number): Generator<number> {
  for (let atMs = exponential(unit, 1 / perMs); ; atMs += exponential(unit, 1 / perMs)) yield atMs;
}

/** The same rate on the whole, all of it in the first onMs of every period. */
export function* onOff(unit: Unit, perMs: number, onMs: number, offMs: number): Generator<number> {
  const period = onMs + offMs;
  for (const busyMs of poisson(unit, (perMs * period) / onMs)) {
    yield Math.floor(busyMs / onMs) * period + (busyMs % onMs);
  }
}

export interface Load {
  readonly owner: number;
  readonly arrivals: Iterator<number>;
  /** How long a frame is held: from its arrival, or from when the one before was read ("queue"). */
  readonly holdMs: () => number;
  readonly from: "arrival" | "queue";
}

interface Happening {
  readonly turn: number;
  readonly load: Load;
  /** When a frame that comes back came; undefined for one that comes. */
  readonly sinceMs?: number;
}

export interface Outcome {
  readonly events: LimitEvent[];
  /** Frames by owner. */
  readonly frames: Map<number, number>;
  readonly refused: Map<number, number>;
  /** Time means of what is set aside and of what is in use, of all owners. */
  readonly meanHeld: number;
  readonly meanInUse: number;
}

/** Lets loads come to a ledger until a time. Without a limiter nothing ticks, and owners have the limits that they were opened with. */
export function run(
  ledger: ModelLedger,
  loads: readonly Load[],
  {
    untilMs,
    tickMs,
    limiter,
    each,
  }: { untilMs: number; tickMs: number; limiter?: Limiter; each?: (nowMs: number) => void },
): Outcome {
  const queue = new Heap<Happening>();
  const freeMs = new Map<Load, number>();
  const [frames, refused] = [new Map<number, number>(), new Map<number, number>()];
  const events: LimitEvent[] = [];
  let turn = 0;
  let [heldSum, inUseSum, ticks] = [0, 0, 0];
  const arrive = (load: Load) => {
    const { value, done } = load.arrivals.next();
    if (!done && value <= untilMs) queue.put({ turn: turn++, load }, -value);
  };
  for (const load of loads) arrive(load);
  const count = (counts: Map<number, number>, owner: number) => counts.set(owner, (counts.get(owner) ?? 0) + 1);
  for (let tickAtMs = tickMs; tickAtMs <= untilMs; tickAtMs += tickMs) {
    for (let top = queue.top; top !== undefined; top = queue.top) {
      const nowMs = -(queue.topKey as number);
      if (nowMs > tickAtMs) break;
      queue.remove(top);
      const { load, sinceMs } = top;
      if (sinceMs !== undefined) {
        ledger.release(load.owner, 1, nowMs - sinceMs);
        continue;
      }
      count(frames, load.owner);
      arrive(load);
      if (!ledger.charge(load.owner, 1, 1000)) {
        count(refused, load.owner);
        continue;
      }
      const start = load.from === "queue" ? Math.max(nowMs, freeMs.get(load) ?? 0) : nowMs;
      const backMs = start + load.holdMs();
      freeMs.set(load, backMs);
      if (Number.isFinite(backMs)) queue.put({ turn: turn++, load, sinceMs: nowMs }, -backMs);
    }
    if (limiter) events.push(...limiter.tick(tickAtMs));
    each?.(tickAtMs);
    for (const { owner } of new Set(loads)) {
      heldSum += ledger.held(owner);
      inUseSum += ledger.inUse(owner);
    }
    ticks++;
  }
  return { events, frames, refused, meanHeld: heldSum / ticks, meanInUse: inUseSum / ticks };
}

export function total(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, n) => sum + n, 0);
}
