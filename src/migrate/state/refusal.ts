/** How the reading of a section ends when something in it is not sound: a refusal that names field, value and bound. */
import type { StateRefusal } from "./part.js";

/** Nobody but refusing() sees it. */
class Refused extends Error {
  readonly field: string;
  readonly value: unknown;
  readonly bound: string;

  constructor(field: string, value: unknown, bound: string) {
    super(`${field} is ${value}; it must be ${bound}`);
    this.field = field;
    this.value = value;
    this.bound = bound;
  }
}

/** Ends the reading. */
export function refuse(field: string, value: unknown, bound: string): never {
  throw new Refused(field, value, bound);
}

/** Ends the reading unless it is so. */
export function demand(isSo: boolean, field: string, value: unknown, bound: string): void {
  if (!isSo) refuse(field, value, bound);
}

/** A number in [min, max], or the reading ends. */
export function within(field: string, value: number, min: number, max: number): number {
  if (!(value >= min && value <= max)) refuse(field, value, rangeText(min, max));
  return value;
}

export function rangeText(min: number, max: number): string {
  return min === max ? `${min}` : `from ${min} to ${max}`;
}

/** What read returns, or why the section is refused. */
export function refusing<T>(section: string, read: () => T): T | StateRefusal {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { field, value, bound } = error;
    return { section, field, value, bound };
  }
}

export function isRefusal(result: object): result is StateRefusal {
  return "section" in result && "bound" in result;
}
