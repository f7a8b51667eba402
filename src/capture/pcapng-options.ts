/**
 * Walks the options at the end of a pcapng block: `while (options.next()) …options.code…`.
 *
 * One object serves a whole file, so a packet with options costs no allocation beyond its values. An option that runs
 * past its block, or has another length than its type has, is damage.
 */
import type { ChunkCursor } from "./chunks.js";
import { OPTION_END, padded } from "./pcapng-format.js";

export class PcapngOptions {
  /** Code of the option that `next` found. */
  code = OPTION_END;
  readonly #input: ChunkCursor;
  /** Strings keep a leading byte order mark: a comment reads back as it was written. */
  readonly #text = new TextDecoder("utf-8", { ignoreBOM: true });
  #littleEndian = true;
  #value = 0;
  #length = 0;
  #nextPos = 0;
  #end = 0;

  constructor(input: ChunkCursor) {
    this.#input = input;
  }

  /** Starts at index `start` of the cursor's window; `end` is where the options' block has its trailer. */
  open(start: number, end: number, littleEndian: boolean): this {
    this.#nextPos = start;
    this.#end = end;
    this.#littleEndian = littleEndian;
    return this;
  }

  /** Goes to the next option. False at opt_endofopt or, as many writers leave that out, at the end of the block. */
  next(): boolean {
    const start = this.#nextPos;
    if (start === this.#end) return false;
    const { view } = this.#input;
    this.code = view.getUint16(start, this.#littleEndian);
    if (this.code === OPTION_END) return false;
    this.#length = view.getUint16(start + 2, this.#littleEndian);
    this.#value = start + 4;
    this.#nextPos = this.#value + padded(this.#length);
    if (this.#nextPos > this.#end) throw this.#input.damage(`option ${this.code} runs past the end of its block`);
    return true;
  }

  text(): string {
    return this.#text.decode(this.#input.span(this.#value, this.#length));
  }

  u8(): number {
    return this.#input.view.getUint8(this.#fixed(1));
  }

  u32(): number {
    return this.#input.view.getUint32(this.#fixed(4), this.#littleEndian);
  }

  u64(): bigint {
    return this.#input.view.getBigUint64(this.#fixed(8), this.#littleEndian);
  }

  i64(): bigint {
    return this.#input.view.getBigInt64(this.#fixed(8), this.#littleEndian);
  }

  #fixed(length: number): number {
    if (this.#length !== length) {
      throw this.#input.damage(`option ${this.code} has ${this.#length} bytes, not ${length}`);
    }
    return this.#value;
  }
}
