/** What is known of an owner. */
import type { Owner, Waiting } from "./owner.js";

export interface OwnerReport {
  readonly partition: string;
  /** Undefined for the partition's own record. */
  readonly peer?: string;
  /** Its number in the ledger. */
  readonly owner: number;
  readonly limit: number;
  readonly floor: number;
  readonly ceiling: number;
  /** Mbufs in use, and those set aside for it: the greater of that and its limit. */
  readonly inUse: number;
  readonly held: number;
  /** Below its share, and in want of more: for what. */
  readonly waiting: Waiting;
  /** Removed, and not yet empty. */
  readonly draining: boolean;
  /** At its floor without traffic, so that it costs no tick anything. */
  readonly dormant: boolean;
}

export function reportOf(owner: Owner, inUseOf: (owner: Owner) => number): OwnerReport {
  const { id, peer, partition, policy, limit, floor, waiting, draining, dormant } = owner;
  const inUse = inUseOf(owner);
  return {
    partition: partition.name,
    ...(peer !== undefined && { peer }),
    owner: id,
    limit,
    floor,
    ceiling: policy.ceiling,
    inUse,
    held: Math.max(limit, inUse),
    waiting,
    draining,
    dormant,
  };
}
