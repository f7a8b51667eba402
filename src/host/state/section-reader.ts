/**
 * A section's bytes, read from front to back, little-endian, by whoever expects hostile ones. What is not as it must be ends the reading:
 * refusing() makes a refusal of that, which names field, value and bound.
 */
import { ConfigError } from "../../errors.js";
import type { StateRefusal } from "../../migrate/state/part.js";

/** Ends the reading of a section; nobody but refusing() sees it. */
class SectionRefused extends Error {
  readonly field: string;
  readonly value: unknown;
  readonly bound: string;

  constructor(field: string, value: unknown, bound: string) {
    super(`${field} is ${value}, and must be ${bound}`);
    this.field = field;
    this.value = value;
    this.bound = bound;
  }
}

/** Throws what refusing() makes a refusal of. */
export function refuse(field: string, value: unknown, bound: string): never {
  throw new SectionRefused(field, value, bound);
}

/** What run gives, or the refusal of a section in which something was not as it must be, by refuse() or by a ConfigError. */
export function refusing<T>(section: string, run: () => T): T | StateRefusal {
  try {
    return run();
  } catch (error) {
    if (error instanceof SectionRefused) {
      const { field, value, bound } = error;
      return { section, field, value, bound };
    }
    if (error instanceof ConfigError) {
      return { section, field: error.argument, value: error.value, bound: error.bound };
    }
    throw error;
  }
}

export class SectionReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(field: string, max = 0xff, min = 0): number {
    return within(field, this.#view.getUint8(this.#take(field, 1)), min, max);
  }

  u16(field: string, max = 0xffff, min = 0): number {
    return within(field, this.#view.getUint16(this.#take(field, 2), true), min, max);
  }

  u32(field: string, max = 0xffff_ffff, min = 0): number {
    return within(field, this.#view.getUint32(this.#take(field, 4), true), min, max);
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(field, 8), true);
  }

  /** A view of the next bytes. */
  bytes(field: string, length: number): Uint8Array {
    const at = this.#take(field, length);
    return this.#bytes.subarray(at, at + length);
  }

  /** UTF-8 behind its length (u16). */
  text(field: string): string {
    const bytes = this.bytes(field, this.u16(`${field}.length`));
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return refuse(field, bytes.length, "UTF-8");
    }
  }

  /** Bytes that must be zero. */
  zeros(field: string, length: number): void {
    const bytes = this.bytes(field, length);
    const odd = bytes.find((byte) => byte !== 0);
    if (odd !== undefined) refuse(field, odd, "0");
  }

  /** Zeros up to a multiple of so many bytes. */
  align(field: string, bytes: number): void {
    this.zeros(field, (bytes - (this.#at % bytes)) % bytes);
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left > 0) refuse("length", this.#bytes.length, `${this.#at} bytes`);
  }

  #take(field: string, length: number): number {
    if (length > this.left) refuse(field, `${this.left} bytes`, `${length} bytes`);
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

/** A number in [min, max], or the reading ends. */
export function within(field: string, value: number, min: number, max: number): number {
  if (value < min || value > max) refuse(field, value, min === max ? `${min}` : `from ${min} to ${max}`);
  return value;
}
