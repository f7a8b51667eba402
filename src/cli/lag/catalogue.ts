/** All hashes that an audit computes of every frame: the one that was asked for first, then those that it is compared with. */
import { hasGeneration } from "../../hash/options.js";
import {
  type Burst,
  type Engine,
  type FlowHasher,
  HASH_POLICIES,
  type HashOptions,
  type HashPolicy,
} from "../../index.js";
import { type Choice, ROUND_ROBIN } from "./options.js";

/** A policy of the comparison. */
export interface Policy {
  readonly name: string;
  /** Number of its hash; undefined for round robin. */
  readonly hash: number | undefined;
}

export class Catalogue {
  readonly #wanted: HashOptions[] = [];
  #hashers: readonly FlowHasher[] = [];
  #hashes: readonly Uint32Array[] = [];
  /** Number of the hash that was asked for; undefined for round robin. */
  readonly asked: number | undefined;
  /** Every policy: of the same headers and, where it was in that release, the same generation as the one that was asked for. */
  readonly policies: readonly Policy[];

  constructor({ policy, hash, headers }: Choice) {
    this.asked = hash && this.add(hash);
    const likewise = (name: HashPolicy): HashOptions => ({
      policy: name,
      ...(headers === "inner" && { headers }),
      ...(hash?.generation !== undefined && hasGeneration(name, hash.generation) && { generation: hash.generation }),
    });
    const hashes = HASH_POLICIES.map((name) => (name === policy ? this.asked : this.add(likewise(name))));
    this.policies = [
      ...HASH_POLICIES.map((name, i) => ({ name, hash: hashes[i] })),
      { name: ROUND_ROBIN, hash: undefined },
    ];
  }

  get count(): number {
    return this.#wanted.length;
  }

  /** The number of a hash, which is one more unless it is wanted already. To be called before open. */
  add(options: HashOptions): number {
    const known = this.#wanted.findIndex((other) => JSON.stringify(other) === JSON.stringify(options));
    return known >= 0 ? known : this.#wanted.push(options) - 1;
  }

  /** Makes the hashers. Throws ConfigError for a bad option. */
  open(engine: Engine): void {
    this.#hashers = this.#wanted.map((options) => engine.hasher(options));
  }

  /** Hashes the burst's frames, which are parsed. */
  hash(burst: Burst): void {
    this.#hashes = this.#hashers.map((hasher) => burst.hashes(hasher));
  }

  /** What a frame of the burst hashed to. */
  of(hash: number, frame: number): number {
    return (this.#hashes[hash] as Uint32Array)[frame] as number;
  }

  /** What a hash goes by, defaults filled in. */
  options(hash: number): HashOptions {
    return (this.#hashers[hash] as FlowHasher).options;
  }

  describe(hash: number): string {
    return (this.#hashers[hash] as FlowHasher).describe();
  }
}
