/** Numbers of streams: the opener gives them out, and again when the taker has said that the last stream of one is closed. */
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";

export class StreamNumbers {
  #max: number;
  #free: number[] = [];
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

  /** Into a snapshot: next 16, how many rest 16, and those, 16 each, that rested longest first. */
  write(out: SectionWriter): void {
    out.u16(this.#next);
    out.u16(this.#free.length);
    for (const stream of this.#free) out.u16(stream);
  }

  /** From a snapshot; each number below next is one of a stream's, or rests. */
  read(from: SectionReader, max: number, used: ReadonlyMap<number, unknown>): void {
    this.#next = from.u16("numbers.next", max);
    this.#free = Array.from({ length: from.u16("numbers.free") }, () => from.u16("numbers.free", this.#next - 1));
    const known = new Set([...this.#free, ...used.keys()]);
    const isWhole = known.size === this.#next && this.#free.length + used.size === this.#next;
    from.check(
      isWhole && [...known].every((stream) => stream < this.#next),
      "numbers.next",
      this.#next,
      "each number below it once",
    );
  }
}
