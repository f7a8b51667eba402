/**
 * Property tests and random data from one seed. RINGLANE_SEED=<n> runs a failure again; it is printed when a test fails.
 */
import fc from "fast-check";
import { onTestFailed } from "vitest";

const SEED = Number(process.env.RINGLANE_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Asserts a property over numRuns inputs. */
export function holds<T>(property: fc.IProperty<T>, numRuns: number): void {
  printSeedOnFailure();
  fc.assert(property, { seed: SEED, numRuns });
}

/** Asserts an asynchronous property over numRuns inputs. */
export async function holdsAsync<T>(property: fc.IAsyncProperty<T>, numRuns: number): Promise<void> {
  printSeedOnFailure();
  await fc.assert(property, { seed: SEED, numRuns });
}

/** A seeded generator (mulberry32); salt tells several of one test apart. */
export class Random {
  #state: number;

  constructor(salt = 0) {
    printSeedOnFailure();
    this.#state = (SEED ^ Math.imul(salt + 1, 0x9e3779b1)) >>> 0;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** A whole number from min to max. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

function printSeedOnFailure(): void {
  onTestFailed(() => console.error(`run again with RINGLANE_SEED=${SEED}`));
}
