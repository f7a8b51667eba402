/** Bytes of a section, little-endian, one field behind the other and none aligned: small records lie close. */

const FIRST_BYTES = 1024;

export class FieldWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u8(value: number): void {
    const at = this.#take(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  u24(value: number): void {
    const at = this.#take(3);
    this.#view.setUint16(at, value & 0xffff, true);
    this.#view.setUint8(at + 2, value >>> 16);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  /** Of a number that is exact, below 2^48. */
  u48(value: number): void {
    const at = this.#take(6);
    this.#view.setUint32(at, value % 2 ** 32, true);
    this.#view.setUint16(at + 4, Math.floor(value / 2 ** 32), true);
  }

  u64(value: bigint): void {
    const at = this.#take(8);
    this.#view.setBigUint64(at, value, true);
  }

  f64(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value, true);
  }

  bytes(value: Uint8Array): void {
    const at = this.#take(value.length);
    this.#bytes.set(value, at);
  }

  /** UTF-8 behind its length in bytes, 255 at most. */
  text(value: string): void {
    const encoded = new TextEncoder().encode(value);
    this.u8(encoded.length);
    this.bytes(encoded);
  }

  /** What was written: the caller's to keep. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #take(lenBytes: number): number {
    const at = this.#length;
    this.#length += lenBytes;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
