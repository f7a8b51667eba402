/**
 * Records of a section: fields one behind another without gaps, little-endian. One table serves both ways, and holds the bounds of what is
 * taken in.
 */
import { refuse } from "../../migrate/state/refusal.js";

export interface Field<V> {
  readonly bytes: number;
  write(view: DataView, at: number, value: V): void;
  read(view: DataView, at: number): V;
  /** The bound that a value read breaks. */
  problem(value: V): string | undefined;
}

type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** 32 bits, from min to max. */
export function u32(max = 2 ** 32 - 1, min = 0): Field<number> {
  return {
    bytes: 4,
    write: (view, at, value) => view.setUint32(at, value, true),
    read: (view, at) => view.getUint32(at, true),
    problem: (value) => (value < min || value > max ? `from ${min} to ${max}` : undefined),
  };
}

/** 64 bits, up to max. */
export function u64(max = 2n ** 64n - 1n): Field<bigint> {
  return {
    bytes: 8,
    write: (view, at, value) => view.setBigUint64(at, value, true),
    read: (view, at) => view.getBigUint64(at, true),
    problem: (value) => (value > max ? `at most ${max}` : undefined),
  };
}

/** A count or a time without a sign, 64 bits that a number holds exactly: at most 2^53 - 1. */
export function wide(max = Number.MAX_SAFE_INTEGER): Field<number> {
  const field = u64();
  return {
    bytes: 8,
    write: (view, at, value) => field.write(view, at, BigInt(value)),
    read: (view, at) => Number(field.read(view, at)),
    problem: (value) => (value > max ? `at most ${max}` : undefined),
  };
}

/** A double, from 0 to max. */
export function double(max: number): Field<number> {
  return {
    bytes: 8,
    write: (view, at, value) => view.setFloat64(at, value, true),
    read: (view, at) => view.getFloat64(at, true),
    problem: (value) => (Object.is(value, -0) || !(value >= 0 && value <= max) ? `from 0 to ${max}` : undefined),
  };
}

/** A word that is 0 or 1. */
export function flag(): Field<boolean> {
  const field = u32();
  return {
    bytes: 4,
    write: (view, at, value) => field.write(view, at, value ? 1 : 0),
    // Any other word stays itself, and is no flag.
    read: (view, at) => {
      const word = field.read(view, at);
      return word > 1 ? (word as unknown as boolean) : word === 1;
    },
    problem: (value) => (typeof value === "boolean" ? undefined : "0 or 1"),
  };
}

/** So many bytes, as a view when they are read. */
export function raw(length: number): Field<Uint8Array> {
  return {
    bytes: length,
    write: (view, at, value) => new Uint8Array(view.buffer, view.byteOffset + at, length).set(value),
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, length),
    problem: () => undefined,
  };
}

export class RecordTable<T extends object> {
  readonly bytes: number;
  readonly #fields: readonly (readonly [name: keyof T & string, field: Field<unknown>])[];

  constructor(fields: Fields<T>) {
    this.#fields = Object.entries(fields) as [keyof T & string, Field<unknown>][];
    this.bytes = this.#fields.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  }

  write(view: DataView, at: number, record: T): void {
    let place = at;
    for (const [name, field] of this.#fields) {
      field.write(view, place, record[name]);
      place += field.bytes;
    }
  }

  /** The record at a place that the view reaches over, with every field in its bounds; path names it for refusals. */
  read(view: DataView, at: number, path: string): T {
    let place = at;
    const record: Record<string, unknown> = {};
    for (const [name, field] of this.#fields) {
      const value = field.read(view, place);
      const bound = field.problem(value);
      if (bound !== undefined) refuse(`${path}${name}`, value, bound);
      record[name] = value;
      place += field.bytes;
    }
    return record as T;
  }
}
