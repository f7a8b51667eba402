/** A section's bytes, little-endian, one field behind the other and none aligned by itself. */
import { GrowingBytes } from "./growing-bytes.js";
import { encodeUtf8 } from "./utf8.js";

export class SectionWriter extends GrowingBytes {
  constructor(capacityBytes = 1024) {
    super(capacityBytes);
  }

  u8(value: number): this {
    this.room(1).setUint8(this.at, value);
    return this;
  }

  u16(value: number): this {
    this.room(2).setUint16(this.at, value, true);
    return this;
  }

  u24(value: number): this {
    const view = this.room(3);
    view.setUint16(this.at, value & 0xffff, true);
    view.setUint8(this.at + 2, value >>> 16);
    return this;
  }

  u32(value: number): this {
    this.room(4).setUint32(this.at, value, true);
    return this;
  }

  /** Of a number that is exact, below 2^48. */
  u48(value: number): this {
    const view = this.room(6);
    view.setUint32(this.at, value % 2 ** 32, true);
    view.setUint16(this.at + 4, Math.floor(value / 2 ** 32), true);
    return this;
  }

  u64(value: bigint): this {
    this.room(8).setBigUint64(this.at, value, true);
    return this;
  }

  f64(value: number): this {
    this.room(8).setFloat64(this.at, value, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.append(bytes);
    return this;
  }

  /** UTF-8 behind its length in bytes (u8). */
  text8(text: string): this {
    const bytes = encodeUtf8(text);
    return this.u8(bytes.length).bytes(bytes);
  }

  /** UTF-8 behind its length in bytes (u16). */
  text16(text: string): this {
    const bytes = encodeUtf8(text);
    return this.u16(bytes.length).bytes(bytes);
  }

  zeros(lenBytes: number): this {
    this.room(lenBytes);
    return this;
  }

  /** Zeros up to a multiple of so many bytes. */
  align(bytes: number): this {
    return this.zeros((bytes - (this.length % bytes)) % bytes);
  }
}
