/** Time in columns of text: evenly, or by its logarithm from the VM's stop on where windows differ too much to be seen side by side. */
import { ticksOf } from "../chart/ticks.js";

/** A window that would be narrower than one in so many is not to be seen. */
const EVEN_RATIO_MAX = 20;
/** Before the stop, where time is logarithmic. */
const LEAD_COLUMNS = 4;
const TICKS = 6;
const MS_PER_S = 1000;

export class TimeAxis {
  readonly columns: number;
  readonly #fromMs: number;
  readonly #toMs: number;
  /** Where logarithmic time begins; undefined: time is even. */
  readonly #logMs: number | undefined;

  /** From before the stop, at 0, until the longest of windows that end at these times is over. */
  constructor(columns: number, fromMs: number, endsMs: readonly number[]) {
    const [shortest, longest] = [Math.min(...endsMs), Math.max(...endsMs)];
    this.columns = columns;
    this.#fromMs = fromMs;
    if (longest <= EVEN_RATIO_MAX * shortest) this.#toMs = longest + 0.05 * (longest - fromMs);
    else {
      this.#logMs = 10 ** Math.floor(Math.log10(Math.max(shortest, 0.1) / 10));
      this.#toMs = 2 * longest;
    }
  }

  /** When a column begins; it ends where the next one does. */
  startMs(column: number): number {
    if (this.#logMs === undefined) return this.#fromMs + (column * (this.#toMs - this.#fromMs)) / this.columns;
    if (column < LEAD_COLUMNS) return this.#fromMs * (1 - column / LEAD_COLUMNS);
    if (column === LEAD_COLUMNS) return 0;
    const share = (column - LEAD_COLUMNS - 1) / (this.columns - LEAD_COLUMNS - 1);
    return this.#logMs * (this.#toMs / this.#logMs) ** share;
  }

  /** Two lines: marks, and their times. */
  get lines(): readonly [string, string] {
    const marks = Array.from({ length: this.columns }, () => "─");
    let labels = "";
    for (const ms of this.#ticksMs()) {
      const column = this.#columnOf(ms);
      if (column === undefined) continue;
      const label = timeText(ms);
      // Labels begin below their mark; one that would touch the one before is left out.
      if (column > 0 && labels.length >= column) continue;
      if (column + label.length > this.columns + label.length / 2) continue;
      marks[column] = "┬";
      labels = `${labels.padEnd(column)}${label}`;
    }
    return [marks.join(""), labels];
  }

  #ticksMs(): number[] {
    if (this.#logMs === undefined) return ticksOf(this.#fromMs, this.#toMs, TICKS).filter((ms) => ms >= 0);
    const powers = [0];
    for (let ms = this.#logMs; ms <= this.#toMs; ms *= 10) powers.push(ms);
    return powers;
  }

  #columnOf(ms: number): number | undefined {
    for (let column = 0; column < this.columns; column++) {
      // A tick that is a hair before its column's beginning is in it.
      if (ms < this.startMs(column + 1) - 1e-9) return ms >= this.startMs(0) ? column : undefined;
    }
    return undefined;
  }
}

function timeText(ms: number): string {
  const [value, unit] = ms >= MS_PER_S ? [ms / MS_PER_S, "s"] : [ms, "ms"];
  return `${Number(value.toPrecision(6)).toLocaleString("en-US")} ${unit}`;
}
