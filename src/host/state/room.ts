/** What several sections of one block need of the same pool: each says how much, and all of it together must be there. */
import { refuse } from "../../migrate/state/refusal.js";

export class Room {
  readonly #free: () => number;
  readonly #wanted = new Map<string, number>();

  /** free says how much there is now. */
  constructor(free: () => number) {
    this.#free = free;
  }

  /** The first of the sections begins: what was said of a block before is forgotten. */
  begin(): void {
    this.#wanted.clear();
  }

  /** A section needs so many; refused, under that field, when all that was said does not fit. */
  want(section: string, field: string, count: number): void {
    this.#wanted.set(section, count);
    const sum = [...this.#wanted.values()].reduce((total, wanted) => total + wanted, 0);
    if (sum <= this.#free()) return;
    this.#wanted.delete(section);
    refuse(field, count, `at most ${this.#free() - (sum - count)} more than this host has`);
  }

  /** The section has taken what it needs, or will not. */
  took(section: string): void {
    this.#wanted.delete(section);
  }
}
