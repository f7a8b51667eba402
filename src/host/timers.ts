/** What is to be done at a time, by a clock that is handed in. */
import { earliest } from "../earliest.js";

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

export class Timers {
  #timers: Timer[] = [];

  /** When the next is due; undefined without any. */
  get nextMs(): number | undefined {
    return earliest(this.#timers.map(({ atMs }) => atMs));
  }

  at(atMs: number, run: () => void): void {
    this.#timers.push({ atMs, run });
  }

  /** Runs what is due, in the order of its time. */
  run(nowMs: number): void {
    const due = this.#timers.filter(({ atMs }) => atMs <= nowMs);
    if (due.length === 0) return;
    this.#timers = this.#timers.filter(({ atMs }) => atMs > nowMs);
    for (const { run } of due.toSorted((a, b) => a.atMs - b.atMs)) run();
  }
}
