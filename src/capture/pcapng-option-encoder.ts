/**
 * Encodes the options of a pcapng block that is about to be written: `encoder.start().u32(…).text(…).finish()`.
 *
 * They are checked and encoded before the block is begun, since its length comes first and a bad argument must leave no
 * half block behind. One encoder, one scratch buffer: an option on every packet costs no allocation. An undefined value
 * adds no option.
 */
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import { OPTION_END, padded } from "./pcapng-format.js";

/** Option values have 16-bit lengths. */
const MAX_VALUE_BYTES = 0xffff;
const HEADER_BYTES = 4;
const MAX_UINT64 = 2n ** 64n - 1n;
/** UTF-8 bytes that one UTF-16 unit can take. */
const MAX_BYTES_PER_UNIT = 3;

export class OptionEncoder {
  readonly #text = new TextEncoder();
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;

  start(): this {
    this.#used = 0;
    return this;
  }

  /** A string, written as UTF-8 of at most 65535 bytes. */
  text(argument: string, code: number, value: string | undefined): this {
    if (value === undefined) return this;
    checkLength(argument, value.length);
    const at = this.#begin(code, value.length * MAX_BYTES_PER_UNIT);
    const { written } = this.#text.encodeInto(value, this.#bytes.subarray(at));
    checkLength(argument, written);
    return this.#end(at, written);
  }

  u8(argument: string, code: number, value: number | undefined): this {
    if (value === undefined) return this;
    const at = this.#begin(code, 1);
    this.#view.setUint8(at, checkInteger(argument, value, 0, 0xff));
    return this.#end(at, 1);
  }

  u32(argument: string, code: number, value: number | undefined): this {
    if (value === undefined) return this;
    const at = this.#begin(code, 4);
    this.#view.setUint32(at, checkInteger(argument, value, 0, 0xffff_ffff), true);
    return this.#end(at, 4);
  }

  u64(argument: string, code: number, value: bigint | number | undefined): this {
    if (value === undefined) return this;
    if (typeof value === "number") checkInteger(argument, value, 0, Number.MAX_SAFE_INTEGER);
    const wide = BigInt(value);
    if (wide < 0n || wide > MAX_UINT64) throw new ConfigError(argument, value, `from 0 to ${MAX_UINT64}`);
    const at = this.#begin(code, 8);
    this.#view.setBigUint64(at, wide, true);
    return this.#end(at, 8);
  }

  /** The encoded options with opt_endofopt, or no bytes if there are none. Valid until the next `start`. */
  finish(): Uint8Array {
    if (this.#used > 0) this.#end(this.#begin(OPTION_END, 0), 0);
    return this.#bytes.subarray(0, this.#used);
  }

  /** Makes room for a value of up to `maxBytes`; returns where it goes. */
  #begin(code: number, maxBytes: number): number {
    const needed = this.#used + HEADER_BYTES + padded(maxBytes);
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#view.setUint16(this.#used, code, true);
    return this.#used + HEADER_BYTES;
  }

  /** Sets the length of the value at `at`, and pads it with zeros. */
  #end(at: number, valueBytes: number): this {
    this.#view.setUint16(at - 2, valueBytes, true);
    this.#used = at + padded(valueBytes);
    for (let pos = at + valueBytes; pos < this.#used; pos++) this.#bytes[pos] = 0;
    return this;
  }
}

function checkLength(argument: string, bytes: number): void {
  if (bytes > MAX_VALUE_BYTES) {
    throw new ConfigError(`${argument} length`, bytes, `at most ${MAX_VALUE_BYTES} bytes of UTF-8`);
  }
}
