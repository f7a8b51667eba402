/** Random numbers of one world: a stream of a fabric's, by seed and name, so that any world can be made again. */
import { Random } from "../../../src/sim/random.js";

export class Chance {
  readonly #random: Random;

  constructor(seed: number, name: string) {
    this.#random = new Random(seed, name);
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return this.#random.between(0, bound - 1);
  }

  pick<T>(list: readonly T[]): T {
    return this.#random.pick(list);
  }
}
