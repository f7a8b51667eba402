/**
 * A section's bytes, little-endian, read from front to back by whoever expects hostile ones: each field is named and held to its bounds, and
 * what is not as it must be ends the reading (refusal.ts).
 */
import { rangeText, refuse } from "../refusal.js";
import { decodeUtf8 } from "./utf8.js";

export class SectionReader {
  readonly #bytes: Uint8Array;
  protected readonly fields: DataView;
  #at = 0;
  #list = "";
  #index = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(field: string, max = 0xff, min = 0): number {
    return this.within(field, this.fields.getUint8(this.take(field, 1)), min, max);
  }

  u16(field: string, max = 0xffff, min = 0): number {
    return this.within(field, this.fields.getUint16(this.take(field, 2), true), min, max);
  }

  u24(field: string): number {
    const at = this.take(field, 3);
    return this.fields.getUint16(at, true) | (this.fields.getUint8(at + 2) << 16);
  }

  u32(field: string, max = 0xffff_ffff, min = 0): number {
    return this.within(field, this.fields.getUint32(this.take(field, 4), true), min, max);
  }

  u48(field: string, max = 2 ** 48 - 1): number {
    const at = this.take(field, 6);
    const value = this.fields.getUint32(at, true) + this.fields.getUint16(at + 4, true) * 2 ** 32;
    return this.within(field, value, 0, max);
  }

  u64(field: string): bigint {
    return this.fields.getBigUint64(this.take(field, 8), true);
  }

  f64(field: string): number {
    return this.fields.getFloat64(this.take(field, 8), true);
  }

  /** A whole number of 64-bit floating point. */
  count(field: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.f64(field);
    // A zero with a sign would not be written again as it was read.
    this.check(Number.isInteger(value) && !Object.is(value, -0), field, value, "a whole number");
    return this.within(field, value, 0, max);
  }

  /** A view of the next bytes. */
  view(field: string, lenBytes: number): Uint8Array {
    const at = this.take(field, lenBytes);
    return this.#bytes.subarray(at, at + lenBytes);
  }

  /** A copy. */
  bytes(field: string, lenBytes: number): Uint8Array<ArrayBuffer> {
    return this.view(field, lenBytes).slice();
  }

  /** UTF-8 behind its length in bytes (u8). */
  text8(field: string): string {
    return this.#text(field, this.u8(`${field}.length`));
  }

  /** UTF-8 behind its length in bytes (u16). */
  text16(field: string): string {
    return this.#text(field, this.u16(`${field}.length`));
  }

  /** Bytes that must be zero. */
  zeros(field: string, lenBytes: number): void {
    const odd = this.view(field, lenBytes).find((byte) => byte !== 0);
    if (odd !== undefined) this.refuse(field, odd, "0");
  }

  /** Zeros up to a multiple of so many bytes. */
  align(bytes: number): void {
    this.zeros("padding", (bytes - (this.#at % bytes)) % bytes);
  }

  /** A list's length: no more entries of at least so many bytes than there can be. */
  entries(field: string, count: number, entryBytes: number): number {
    return this.within(field, count, 0, Math.floor(this.left / entryBytes));
  }

  /** So many entries: refusals of fields that are read meanwhile name the entry, and with an empty field's name it alone. */
  list<T>(list: string, count: number, read: (index: number) => T): T[] {
    const outside = [this.#list, this.#index] as const;
    const entries: T[] = [];
    for (let i = 0; i < count; i++) {
      [this.#list, this.#index] = [list, i];
      entries.push(read(i));
    }
    [this.#list, this.#index] = outside;
    return entries;
  }

  within(field: string, value: number, min: number, max: number): number {
    if (!(value >= min && value <= max)) this.refuse(field, value, rangeText(min, max));
    return value;
  }

  check(isSound: boolean, field: string, value: unknown, bound: string): void {
    if (!isSound) this.refuse(field, value, bound);
  }

  refuse(field: string, value: unknown, bound: string): never {
    if (this.#list === "") return refuse(field, value, bound);
    const entry = `${this.#list}[${this.#index}]`;
    return refuse(field === "" ? entry : `${entry}.${field}`, value, bound);
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left > 0) refuse("length", this.#bytes.length, `${this.#at} bytes`);
  }

  /** Where the next bytes are, which have been read then. */
  protected take(field: string, lenBytes: number): number {
    const at = this.#at;
    if (lenBytes > this.left) this.refuse(field, `${this.left} bytes`, `${lenBytes} bytes`);
    this.#at += lenBytes;
    return at;
  }

  #text(field: string, lenBytes: number): string {
    return decodeUtf8(this.view(field, lenBytes)) ?? this.refuse(field, lenBytes, "UTF-8");
  }
}
