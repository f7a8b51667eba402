/** A section that is made of records, of lists of them with their count in front, and of runs of bytes. */
import { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import type { RecordTable } from "./record-table.js";

export class RecordWriter extends SectionWriter {
  constructor() {
    super(4096);
  }

  record<T extends object>(table: RecordTable<T>, record: T): void {
    table.write(this.room(table.bytes), this.at, record);
  }

  /** A count, then the records. */
  records<T extends object>(table: RecordTable<T>, records: readonly T[]): void {
    const view = this.u32(records.length).room(records.length * table.bytes);
    let { at } = this;
    for (const record of records) {
      table.write(view, at, record);
      at += table.bytes;
    }
  }

  /** Bytes on a boundary of 8, their length known otherwise. */
  run(bytes: Uint8Array): void {
    this.align(8).bytes(bytes);
  }

  override done(): Uint8Array<ArrayBuffer> {
    this.align(8);
    return super.done();
  }
}

/** Refuses (refusal.ts) what is short, too long, or out of its bounds. */
export class RecordReader extends SectionReader {
  record<T extends object>(table: RecordTable<T>, path: string): T {
    const at = this.take(path === "" ? "length" : path, table.bytes);
    return table.read(this.fields, at, path === "" ? "" : `${path}.`);
  }

  /** A count, at most max, then the records. */
  records<T extends object>(table: RecordTable<T>, path: string, max: number): T[] {
    const count = this.u32(`${path}.length`, max);
    const at = this.take(path, count * table.bytes);
    const records: T[] = [];
    for (let i = 0; i < count; i++) records.push(table.read(this.fields, at + i * table.bytes, `${path}[${i}].`));
    return records;
  }

  /** A view of so many bytes on a boundary of 8. */
  run(length: number, path: string): Uint8Array {
    this.align(8);
    return this.view(path, length);
  }

  /** Nothing must follow but padding. */
  override end(): void {
    this.align(8);
    super.end();
  }
}
