/** Bytes of a message, written and read one field after the other, big-endian. */
import { GrowingBytes } from "../state/bytes/growing-bytes.js";
import { decodeUtf8 } from "../state/bytes/utf8.js";

/** A field reaches beyond the end, or says what cannot be. */
export class Unreadable extends Error {}

const TEXT_BYTES_MAX = 0xffff;

export class ByteWriter extends GrowingBytes {
  constructor() {
    super(256);
  }

  u8(value: number): this {
    this.room(1).setUint8(this.at, value);
    return this;
  }

  u16(value: number): this {
    this.room(2).setUint16(this.at, value);
    return this;
  }

  u32(value: number): this {
    this.room(4).setUint32(this.at, value);
    return this;
  }

  u64(value: bigint): this {
    this.room(8).setBigUint64(this.at, value);
    return this;
  }

  /** UTF-8 behind its length in bytes (16 bits); what is longer is cut, between characters. */
  text(value: string): this {
    const room = new Uint8Array(Math.min(3 * value.length, TEXT_BYTES_MAX));
    const encoded = room.subarray(0, new TextEncoder().encodeInto(value, room).written);
    this.u16(encoded.length).append(encoded);
    return this;
  }

  /** Bytes behind their length (32 bits). */
  bytes(value: Uint8Array): this {
    this.u32(value.length).append(value);
    return this;
  }
}

/** Every method throws Unreadable for what is not there. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  text(): string {
    const length = this.u16();
    const at = this.#take(length);
    const text = decodeUtf8(this.#bytes.subarray(at, at + length));
    if (text === undefined) throw new Unreadable("a text that is not UTF-8");
    return text;
  }

  /** A copy. */
  bytes(): Uint8Array {
    const length = this.u32();
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#at < this.#bytes.length) throw new Unreadable("bytes behind the end");
  }

  #take(lenBytes: number): number {
    const at = this.#at;
    if (lenBytes > this.#bytes.length - at) throw new Unreadable("a field beyond the end");
    this.#at += lenBytes;
    return at;
  }
}
