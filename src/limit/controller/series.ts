/** An owner's last windows, for plots: so many points at most, the oldest go first. */
import type { LimitWindow } from "../window.js";

export interface SeriesPoint {
  readonly atMs: number;
  /** The limit after the window, and what is set aside: the greater of limit and what is in use. */
  readonly limit: number;
  readonly held: number;
  readonly inUse: number;
  readonly high: number;
  readonly filled: number;
  readonly returned: number;
  readonly refused: number;
}

export class Series {
  readonly #size: number;
  readonly #points: SeriesPoint[] = [];
  /** Where the next goes, once there are as many as there may be. */
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(atMs: number, limit: number, { inUse, high, filled, returned, refused }: LimitWindow): void {
    this.#points[this.#next] = { atMs, limit, held: Math.max(limit, inUse), inUse, high, filled, returned, refused };
    this.#next = (this.#next + 1) % this.#size;
  }

  /** Oldest first. */
  get points(): readonly SeriesPoint[] {
    const isFull = this.#points.length === this.#size;
    return isFull ? [...this.#points.slice(this.#next), ...this.#points.slice(0, this.#next)] : [...this.#points];
  }
}
