/** A block of an adapter's state as docs/migration-state.md has it, written plainly. */
import { crc32c } from "../migrate/move/crc32c.js";

export interface ModelSection {
  readonly name: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Numbers, little-endian, of so many bytes each. */
export class Writer {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  uint(lenBytes: number, value: number | bigint): this {
    for (let i = 0n; i < lenBytes; i++) this.#bytes.push(Number((BigInt(value) >> (8n * i)) & 255n));
    return this;
  }

  text(lenBytes: number, text: string): this {
    for (let i = 0; i < lenBytes; i++) this.#bytes.push(i < text.length ? text.charCodeAt(i) : 0);
    return this;
  }

  bytes(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  align(): this {
    while (this.#bytes.length % 8 !== 0) this.#bytes.push(0);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

export function modelBlock(format: string, version: number, sections: readonly ModelSection[]): Uint8Array {
  const start = 56 + 48 * sections.length;
  const table = new Writer();
  const content = new Writer();
  for (const { name, version: sectionVersion, bytes } of sections) {
    table.text(24, name).uint(4, sectionVersion).uint(4, crc32c(bytes));
    table.uint(8, start + content.length).uint(8, bytes.length);
    content.bytes(bytes).align();
  }
  const covered = new Writer()
    .uint(4, sections.length)
    .text(24, format)
    .uint(4, version)
    .uint(4, 0)
    .uint(8, start + content.length)
    .bytes(table.done())
    .done();
  return new Writer().text(8, "RLSTATE1").uint(4, crc32c(covered)).bytes(covered).bytes(content.done()).done();
}
