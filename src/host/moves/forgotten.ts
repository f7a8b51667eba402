/**
 * Names of moves that are over: none of them is a move's again, and what comes late of one, or is said again by somebody who has listened, is no
 * news. Of a VM that this host has kept, the generation by which it has.
 */
const NAMES_MAX = 1024;

export class ForgottenMoves {
  readonly #generations = new Map<string, number | undefined>();

  has(name: string): boolean {
    return this.#generations.has(name);
  }

  generationOf(name: string): number | undefined {
    return this.#generations.get(name);
  }

  add(name: string, generation: number | undefined): void {
    this.#generations.set(name, generation);
    const [oldest] = this.#generations.keys();
    if (this.#generations.size > NAMES_MAX && oldest !== undefined) this.#generations.delete(oldest);
  }
}
