/**
 * Which addresses are whose: the configured ones, and room for those that the data plane learns (assembly/lag/identity.ts). When a
 * new one finds no room, another multiplier is tried by which all of them do; what was learned is then learned anew.
 */
import { ConfigError } from "../errors.js";
import type { Kernels } from "../wasm.js";
import type { GroupRecord } from "./group-record.js";

const MULTIPLIERS_MAX = 64;
/** The golden ratio of 2^64, odd: what the sequence of multipliers steps by. */
const STEP = 0x9e3779b97f4a7c15n;
const KEY_FLAG = 1n << 63n;

export class Addresses {
  readonly #kernels: Kernels;
  readonly #record: GroupRecord;
  readonly #most: number;
  readonly #forgotten: () => void;
  readonly #configured = new Map<bigint, number>();
  #multiplier: bigint;

  /**
   * most configured addresses; seed chooses the first multiplier, so that nobody can choose addresses that meet. forgotten is
   * called when everything that was learned is gone.
   */
  constructor(kernels: Kernels, record: GroupRecord, most: number, seed: bigint, forgotten: () => void) {
    this.#kernels = kernels;
    this.#record = record;
    this.#most = most;
    this.#forgotten = forgotten;
    this.#multiplier = BigInt.asUintN(64, seed) | 1n;
    this.#reset();
  }

  /** Throws ConfigError for an address that is another's, or listed twice, and when there is no room for all of them. */
  check({ keys, macs }: { readonly keys: readonly bigint[]; readonly macs: readonly string[] }): void {
    const taken = keys.findIndex((key, i) => this.#configured.has(key) || keys.indexOf(key) !== i);
    if (taken >= 0) {
      throw new ConfigError(`macs[${taken}]`, macs[taken], "an address that no partition of its network has");
    }
    const wanted = this.#configured.size + keys.length;
    if (wanted > this.#most) throw new ConfigError("macs", `${wanted} in the group`, `at most ${this.#most}`);
  }

  /** Gives an address to the partition whose record is there. */
  add(key: bigint, partition: number): void {
    this.#configured.set(key, partition);
    if (this.#kernels.identityInsert(this.#record.identity, key, partition) === 0) this.#rebuild();
  }

  remove(key: bigint): void {
    this.#configured.delete(key);
    this.#kernels.identityRemove(this.#record.identity, key);
  }

  #rebuild(): void {
    for (let attempt = 0; attempt < MULTIPLIERS_MAX; attempt++) {
      this.#multiplier = BigInt.asUintN(64, this.#multiplier + STEP) | 1n;
      this.#reset();
      const insert = ([key, partition]: [bigint, number]) =>
        this.#kernels.identityInsert(this.#record.identity, key, partition) === 1;
      if ([...this.#configured].every(insert)) return;
    }
    // Each multiplier finds it at better than even odds when the group is full, and nearly surely when it is not.
    throw new Error(`no multiplier finds room for ${this.#configured.size} addresses`);
  }

  #reset(): void {
    const { identity, identityBuckets, identityCount } = this.#record;
    this.#kernels.identityInit(identity, identityBuckets, identityCount, this.#multiplier);
    this.#forgotten();
  }
}

/** An identity's key: six bytes of MAC address in a network. */
export function identityKey(mac: Uint8Array, net: number): bigint {
  const low = mac.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return KEY_FLAG | (BigInt(net) << 48n) | low;
}
