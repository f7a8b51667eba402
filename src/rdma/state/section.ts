/** A section's bytes, written and read from the front: records, lists with their count in front, runs of bytes. */
import type { RecordTable } from "./fields.js";
import { demand } from "./refused.js";

const FIRST_BYTES = 4096;

export class SectionWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  record<T extends object>(table: RecordTable<T>, record: T): void {
    // First: growing makes another view.
    const at = this.#grow(table.bytes);
    table.write(this.#view, at, record);
  }

  /** A count, then the records. */
  list<T extends object>(table: RecordTable<T>, records: readonly T[]): void {
    const bytes = 4 + records.length * table.bytes;
    let at = this.#grow(bytes);
    this.#view.setUint32(at, records.length, true);
    at += 4;
    for (const record of records) {
      table.write(this.#view, at, record);
      at += table.bytes;
    }
  }

  /** Bytes on a boundary of 8, their length known otherwise; at most extra more follow. */
  run(bytes: Uint8Array, extra = 0): void {
    this.align();
    const at = this.#grow(bytes.length, extra);
    this.#bytes.set(bytes, at);
  }

  /** Zeros up to a boundary of 8. */
  align(): void {
    this.#grow(-this.#length & 7);
  }

  /** What was written, the caller's to keep. */
  finish(): Uint8Array {
    this.align();
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(bytes: number, extra = 0): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length + extra, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** Refuses (refused.ts) what is short, too long, or out of its bounds. */
export class SectionReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  record<T extends object>(table: RecordTable<T>, path: string): T {
    return table.read(
      this.#view,
      this.#skip(table.bytes, path === "" ? "length" : path),
      path === "" ? "" : `${path}.`,
    );
  }

  /** A count, at most max, then the records. */
  list<T extends object>(table: RecordTable<T>, path: string, max: number): T[] {
    const count = this.#view.getUint32(this.#skip(4, `${path}.length`), true);
    demand(count <= max, `${path}.length`, count, `at most ${max}`);
    const at = this.#skip(count * table.bytes, path);
    const records: T[] = [];
    for (let i = 0; i < count; i++) records.push(table.read(this.#view, at + i * table.bytes, `${path}[${i}].`));
    return records;
  }

  /** A view of so many bytes on a boundary of 8. */
  run(length: number, path: string): Uint8Array {
    this.align();
    const at = this.#skip(length, path);
    return this.#bytes.subarray(at, at + length);
  }

  align(): void {
    const zeros = -this.#at & 7;
    const at = this.#skip(zeros, "padding");
    for (const [i, byte] of this.#bytes.subarray(at, at + zeros).entries())
      demand(byte === 0, `padding at byte ${at + i}`, byte, "0");
  }

  /** Nothing must follow but padding. */
  finish(): void {
    this.align();
    demand(this.#at === this.#bytes.length, "length", this.#bytes.length, `${this.#at} bytes`);
  }

  #skip(bytes: number, path: string): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    demand(bytes <= left, path, `${left} bytes`, `${bytes} bytes`);
    this.#at += bytes;
    return at;
  }
}
