/** When a group rebalances, and by what: windows of measured bytes, and for each partition what its buckets have sent lately. */
import { assignBuckets, NO_PORT, type WeightedPort } from "./buckets.js";
import type { Partition } from "./partition.js";
import {
  type BucketMove,
  OVS_THRESHOLDS,
  type RebalanceOptions,
  rebalance,
  type SmoothedBytes,
  smooth,
} from "./rebalance.js";

export class Rebalancer {
  readonly #thresholds: RebalanceOptions;
  /** What the buckets of each partition have sent lately. */
  readonly #loads = new WeakMap<Partition, SmoothedBytes>();
  #measuredMs: number | undefined;

  constructor(thresholds: Partial<RebalanceOptions>) {
    this.#thresholds = { ...OVS_THRESHOLDS, ...thresholds };
  }

  /** When the window that is being measured is full; undefined before the first. */
  get nextMs(): number | undefined {
    return this.#measuredMs === undefined ? undefined : this.#measuredMs + this.#thresholds.intervalMs;
  }

  /** How long the window is that is full now, and begins another; undefined while none is. */
  takeWindow(nowMs: number): number | undefined {
    this.#measuredMs ??= nowMs;
    const windowMs = nowMs - this.#measuredMs;
    if (windowMs < this.#thresholds.intervalMs) return undefined;
    this.#measuredMs = nowMs;
    return windowMs;
  }

  /** The moves of a partition's round between the members, by what its buckets have sent in the window and before. */
  round(partition: Partition, members: readonly WeightedPort[], windowMs: number): readonly BucketMove[] {
    const { record } = partition;
    const load = smooth(this.#loads.get(partition), record.takeLoads(), windowMs);
    this.#loads.set(partition, load);
    return rebalance(record.destinations(), load.bytes, members, load.windowMs, this.#thresholds);
  }
}

/** Where each bucket belongs. What rebalancing has made uneven stays so while nobody joins: only orphans get new owners. */
export function keepUneven(before: Uint8Array, members: readonly WeightedPort[]): Uint8Array {
  const owned = new Set(before);
  if (members.some(({ port }) => !owned.has(port))) return assignBuckets(before, members);
  const live = new Set(members.map(({ port }) => port));
  const orphans = [...before.keys()].filter((bucket) => !live.has(before[bucket] as number));
  const given = assignBuckets(new Uint8Array(orphans.length).fill(NO_PORT), members);
  const after = before.slice();
  for (const [i, bucket] of orphans.entries()) after[bucket] = given[i] as number;
  return after;
}
