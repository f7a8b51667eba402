/**
 * How long an owner waits for a limit that suffices. It begins with a window under pressure (a refusal, or more in use than the mark) and
 * ends with the next one without; what counts are the windows and the time up to the last raise in between. Pressure that went away
 * without a raise was no lack. Pressure to the end of the trace found no limit that suffices.
 */
import type { LimitWindow } from "../window.js";

export interface Reactions {
  /** Times that a limit grew until it sufficed. */
  readonly count: number;
  /** Windows from the first pressure to the limit that sufficed, at most and on average; 0 when there were none. */
  readonly mostWindows: number;
  readonly meanWindows: number;
  readonly mostMs: number;
  /** Times that the pressure went on after the last raise, at the end of the trace. */
  readonly unanswered: number;
}

export class ReactionMeter {
  #count = 0;
  #mostWindows = 0;
  #sumWindows = 0;
  #mostMs = 0;
  #fromMs: number | undefined;
  #windows = 0;
  #raised: { readonly windows: number; readonly ms: number } | undefined;

  window({ high, refused }: Pick<LimitWindow, "high" | "refused">, mark: number, nowMs: number): void {
    if (high > mark || refused > 0) {
      this.#fromMs ??= nowMs;
      this.#windows++;
      return;
    }
    if (this.#raised) {
      this.#count++;
      this.#sumWindows += this.#raised.windows;
      this.#mostWindows = Math.max(this.#mostWindows, this.#raised.windows);
      this.#mostMs = Math.max(this.#mostMs, this.#raised.ms);
    }
    this.#fromMs = undefined;
    this.#windows = 0;
    this.#raised = undefined;
  }

  raise(nowMs: number): void {
    if (this.#fromMs !== undefined) this.#raised = { windows: this.#windows, ms: nowMs - this.#fromMs };
  }

  get reactions(): Reactions {
    return {
      count: this.#count,
      mostWindows: this.#mostWindows,
      meanWindows: this.#count === 0 ? 0 : this.#sumWindows / this.#count,
      mostMs: this.#mostMs,
      unanswered: this.#fromMs === undefined ? 0 : 1,
    };
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
