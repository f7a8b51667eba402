/**
 * Fields of a MAD by their place: byte offset, first bit (0 is a byte's most significant, as the standard counts) and width.
 * A message is a table of fields, one for each name of its interface; one reader and one writer serve all messages.
 *
 * A field of one bit that says yes or no is a flag (boolean), up to 32 bits a number, 64 bits a bigint; longer ones are bytes.
 */
import { checkBoolean, checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";

export interface Field<V> {
  read(view: DataView, base: number): V;
  /** Throws ConfigError that names the field. */
  write(view: DataView, base: number, value: V, name: string): void;
}

export type FieldTable<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** `bits` bits (1-32) from bit `bit` (0-7) of byte `at`, within four bytes. */
export function number(at: number, bits: number, bit = 0): Field<number> {
  const spanBytes = Math.ceil((bit + bits) / 8);
  const below = 2 ** (spanBytes * 8 - bit - bits);
  const limit = 2 ** bits;
  // Arithmetic, not shifts: 32 bits stay unsigned.
  const whole = (view: DataView, from: number) => {
    let value = 0;
    for (let i = 0; i < spanBytes; i++) value = value * 256 + view.getUint8(from + i);
    return value;
  };
  const read = (view: DataView, base: number) => Math.floor(whole(view, base + at) / below) % limit;
  return {
    read,
    write(view, base, value, name) {
      checkInteger(name, value, 0, limit - 1);
      let rest = whole(view, base + at) + (value - read(view, base)) * below;
      for (let i = spanBytes - 1; i >= 0; i--) {
        view.setUint8(base + at + i, rest % 256);
        rest = Math.floor(rest / 256);
      }
    },
  };
}

/** One bit. */
export function flag(at: number, bit: number): Field<boolean> {
  const field = number(at, 1, bit);
  return {
    read: (view, base) => field.read(view, base) === 1,
    write: (view, base, value, name) => field.write(view, base, checkBoolean(name, value) ? 1 : 0, name),
  };
}

/** 64 bits. */
export function big(at: number): Field<bigint> {
  return {
    read: (view, base) => view.getBigUint64(base + at),
    write(view, base, value, name) {
      if (BigInt.asUintN(64, value) !== value) throw new ConfigError(name, value, "64 bits");
      view.setBigUint64(base + at, value);
    },
  };
}

/** Bytes: all of them when read, copied; fewer may be written, zeros follow. */
export function bytes(at: number, length: number): Field<Uint8Array> {
  return {
    read: (view, base) => new Uint8Array(view.buffer, view.byteOffset + base + at, length).slice(),
    write(view, base, value, name) {
      checkInteger(`${name}.length`, value.length, 0, length);
      const room = new Uint8Array(view.buffer, view.byteOffset + base + at, length);
      room.fill(0).set(value);
    },
  };
}

/** A table's fields, whose bytes begin at `base` of the one around it. */
export function group<T>(at: number, table: FieldTable<T>): Field<T> {
  return {
    read: (view, base) => readFields(view, base + at, table),
    write: (view, base, value, name) => writeFields(view, base + at, table, value, `${name}.`),
  };
}

/** What the fields say. The view reaches over all of them. */
export function readFields<T>(view: DataView, base: number, table: FieldTable<T>): T {
  const names = Object.keys(table) as (keyof T & string)[];
  return Object.fromEntries(names.map((name) => [name, table[name].read(view, base)])) as T;
}

/** Writes the fields and leaves all other bits alone. Throws ConfigError that names the field. */
export function writeFields<T>(view: DataView, base: number, table: FieldTable<T>, values: T, prefix = ""): void {
  for (const name of Object.keys(table) as (keyof T & string)[]) {
    table[name].write(view, base, values[name], prefix + name);
  }
}
