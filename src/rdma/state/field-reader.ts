/** Bytes of a section, read one field behind the other and held to their bounds. What is wrong ends the reading (refused.ts). */
import { demand, refuse } from "./refused.js";

export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #list = "";
  #index = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The fields that follow are of an entry of a list; of none when the name is empty. */
  entry(list: string, index = 0): void {
    this.#list = list;
    this.#index = index;
  }

  u8(field: string, max = 0xff, min = 0): number {
    const at = this.#take(1, field);
    return this.within(field, this.#view.getUint8(at), min, max);
  }

  u16(field: string, max = 0xffff, min = 0): number {
    const at = this.#take(2, field);
    return this.within(field, this.#view.getUint16(at, true), min, max);
  }

  u24(field: string): number {
    const at = this.#take(3, field);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }

  u32(field: string, max = 0xffff_ffff, min = 0): number {
    const at = this.#take(4, field);
    return this.within(field, this.#view.getUint32(at, true), min, max);
  }

  u48(field: string, max = 2 ** 48 - 1): number {
    const at = this.#take(6, field);
    return this.within(field, this.#view.getUint32(at, true) + this.#view.getUint16(at + 4, true) * 2 ** 32, 0, max);
  }

  u64(field: string): bigint {
    const at = this.#take(8, field);
    return this.#view.getBigUint64(at, true);
  }

  f64(field: string): number {
    const at = this.#take(8, field);
    return this.#view.getFloat64(at, true);
  }

  /** A whole number of 64-bit floating point. */
  count(field: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.f64(field);
    // A zero with a sign would not be written again as it was read.
    this.check(Number.isInteger(value) && !Object.is(value, -0), field, value, "a whole number");
    return this.within(field, value, 0, max);
  }

  /** A copy. */
  bytes(field: string, lenBytes: number): Uint8Array {
    const at = this.#take(lenBytes, field);
    return this.#bytes.slice(at, at + lenBytes);
  }

  text(field: string): string {
    const lenBytes = this.u8(field);
    const bytes = this.bytes(field, lenBytes);
    const value = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    const again = new TextEncoder().encode(value);
    this.check(
      again.length === lenBytes && again.every((byte, i) => byte === bytes[i]),
      field,
      value,
      "a text in UTF-8",
    );
    return value;
  }

  /** How many entries of at least so many bytes follow: as many as there can be. */
  entries(field: string, value: number, entryBytes: number): number {
    return this.within(field, value, 0, Math.floor((this.#bytes.length - this.#at) / entryBytes));
  }

  within(field: string, value: number, min: number, max: number): number {
    if (!(value >= min && value <= max)) this.refuse(field, value, `from ${min} to ${max}`);
    return value;
  }

  check(isSound: boolean, field: string, value: unknown, bound: string): void {
    if (!isSound) this.refuse(field, value, bound);
  }

  refuse(field: string, value: unknown, bound: string): never {
    return refuse(this.#list === "" ? field : `${this.#list}[${this.#index}].${field}`, value, bound);
  }

  /** Nothing may be left. */
  end(): void {
    demand(this.#at === this.#bytes.length, "length", this.#bytes.length, `${this.#at} bytes`);
  }

  #take(lenBytes: number, field: string): number {
    const at = this.#at;
    if (lenBytes > this.#bytes.length - at) this.refuse(field, this.#bytes.length, `${at + lenBytes} bytes or more`);
    this.#at += lenBytes;
    return at;
  }
}
