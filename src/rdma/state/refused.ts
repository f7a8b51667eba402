/** How the reading of a section ends when something in it is not sound: a refusal that names it. */
import type { StateRefusal } from "../../migrate/state/part.js";

/** Thrown inside of this folder only; attempt makes a StateRefusal of it. */
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

/** What work returns, or why it was refused. */
export function attempt<T>(section: string, work: () => T): T | StateRefusal {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { field, value, bound } = error;
    return { section, field, value, bound };
  }
}

export function isRefusal(result: object): result is StateRefusal {
  return "section" in result && "bound" in result;
}
