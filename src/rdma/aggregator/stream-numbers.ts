/** Numbers of streams: the opener gives them out, and again when the taker has said that the last stream of one is closed. */
export class StreamNumbers {
  #max: number;
  readonly #free: number[] = [];
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The peer has no more than so many; numbers that are in use already it refuses itself. */
  limit(max: number): void {
    this.#max = Math.min(this.#max, max);
  }

  /** Undefined: all are taken. The one that rested longest goes first. */
  take(): number | undefined {
    if (this.#next < this.#max) return this.#next++;
    return this.#free.shift();
  }

  give(stream: number): void {
    this.#free.push(stream);
  }
}
