/** Argument checks: each names the argument, its value and the bound it broke. */
import { ConfigError } from "./errors.js";

/** A whole number in [min, max], or ConfigError. */
export function checkInteger(argument: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ConfigError(argument, value, `a whole number from ${min} to ${max}`);
  }
  return value;
}

/** A number in [min, max], or ConfigError. */
export function checkNumber(argument: string, value: number, min: number, max: number): number {
  if (!(value >= min && value <= max)) throw new ConfigError(argument, value, `a number from ${min} to ${max}`);
  return value;
}

/** True or false, or ConfigError. */
export function checkBoolean(argument: string, value: boolean): boolean {
  if (typeof value !== "boolean") throw new ConfigError(argument, value, "true or false");
  return value;
}

/** A power of two in [min, max], or ConfigError. */
export function checkPowerOfTwo(argument: string, value: number, min: number, max: number): number {
  checkInteger(argument, value, min, max);
  if ((value & (value - 1)) !== 0) throw new ConfigError(argument, value, "a power of two");
  return value;
}

/** One of the given words, or ConfigError that lists them. */
export function checkOneOf<const T extends string>(argument: string, value: string, words: readonly T[]): T {
  const word = words.find((w) => w === value);
  if (word === undefined) throw new ConfigError(argument, value, `one of ${words.join(", ")}`);
  return word;
}
