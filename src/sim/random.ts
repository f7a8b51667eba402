/**
 * Random numbers of a fabric. Everything is drawn from streams, and a stream is known by the fabric's seed and its own name alone: a
 * link that is added, or a fault that is left out, changes no other stream's numbers. That is what makes a failure shrink.
 *
 * A stream is an xoroshiro128+ (D. Blackman, S. Vigna: Scrambled linear pseudorandom number generators, ACM TOMS 47, 2021) whose
 * 128 bits of state are the first of SHA-256("seed/name"), so that names alike do not make streams alike.
 */

import { sha256 } from "@noble/hashes/sha2";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { checkInteger } from "../check.js";

/** The largest seed: 32 bits, so that it is quickly typed again. */
export const SEED_MAX = 0xffff_ffff;

export class Random {
  readonly #generator: RandomGenerator;

  constructor(seed: number, name: string) {
    checkInteger("seed", seed, 0, SEED_MAX);
    const digest = new DataView(sha256(`${seed}/${name}`).buffer);
    this.#generator = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => digest.getInt32(at)));
  }

  /** A number in [0, 1), of 53 bits. */
  unit(): number {
    return uniformFloat64(this.#generator);
  }

  /** A whole number from min to max, each as likely as the others. */
  between(min: number, max: number): number {
    return uniformInt(this.#generator, min, max);
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)] as T;
  }
}
