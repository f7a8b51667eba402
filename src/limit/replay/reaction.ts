/**
 * How long an owner waits for a limit that suffices. Pressure begins with a window in which frames were refused, or more was in use than
 * the mark, and ends with the next one without. What counts are the windows and the time from the first of them to the last raise. A limit
 * suffices when nothing is refused after it was set. Pressure that went away without a raise or a refusal was no lack.
 */
import type { LimitWindow } from "../window.js";

export interface Reactions {
  /** Times that a limit grew until it sufficed. */
  readonly count: number;
  /** Windows from the first pressure to the limit that sufficed, at most and on average; 0 when there were none. */
  readonly mostWindows: number;
  readonly meanWindows: number;
  readonly mostMs: number;
  /** Times that frames were refused after the last raise, or without one: no limit that came sufficed. */
  readonly unanswered: number;
}

/** What is known of pressure that goes on. */
interface Pressure {
  readonly fromMs: number;
  windows: number;
  /** The last raise: windows and time until then. */
  raised: { readonly windows: number; readonly ms: number } | undefined;
  /** Frames were refused since. */
  isShort: boolean;
}

export class ReactionMeter {
  #known: Reactions = { count: 0, mostWindows: 0, meanWindows: 0, mostMs: 0, unanswered: 0 };
  #pressure: Pressure | undefined;

  window({ high, refused }: Pick<LimitWindow, "high" | "refused">, mark: number, nowMs: number): void {
    if (high <= mark && refused === 0) {
      this.#known = this.reactions;
      this.#pressure = undefined;
      return;
    }
    this.#pressure ??= { fromMs: nowMs, windows: 0, raised: undefined, isShort: false };
    this.#pressure.windows++;
    if (refused > 0) this.#pressure.isShort = true;
  }

  raise(nowMs: number): void {
    if (!this.#pressure) return;
    const { windows, fromMs } = this.#pressure;
    this.#pressure.raised = { windows, ms: nowMs - fromMs };
    this.#pressure.isShort = false;
  }

  /** As if the pressure that there is ended now. */
  get reactions(): Reactions {
    if (!this.#pressure) return this.#known;
    const { raised, isShort } = this.#pressure;
    if (isShort) return { ...this.#known, unanswered: this.#known.unanswered + 1 };
    if (!raised) return this.#known;
    const { windows, ms } = raised;
    const now = { count: 1, mostWindows: windows, meanWindows: windows, mostMs: ms, unanswered: 0 };
    return allReactions([this.#known, now]);
  }
}

/** Of several owners together. */
export function allReactions(each: readonly Reactions[]): Reactions {
  const sum = (of: (one: Reactions) => number) => each.reduce((all, one) => all + of(one), 0);
  const most = (of: (one: Reactions) => number) => each.reduce((greatest, one) => Math.max(greatest, of(one)), 0);
  const count = sum((one) => one.count);
  return {
    count,
    mostWindows: most((one) => one.mostWindows),
    meanWindows: count === 0 ? 0 : sum((one) => one.meanWindows * one.count) / count,
    mostMs: most((one) => one.mostMs),
    unanswered: sum((one) => one.unanswered),
  };
}
