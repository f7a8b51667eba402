/**
 * All that a controller knows, as plain data: a partition that moves to another host takes what was learned about its peers with it. Mbufs do
 * not move, so owners that were removed and only wait for theirs are left out, and use begins at none.
 */
import type { Owner, Partition, Waiting } from "./owner.js";
import type { CheckedPolicy } from "./policy-check.js";
import type { StepState } from "./step.js";

export interface OwnerSnapshot {
  readonly peer?: string;
  /** Owners in the order in which they came. */
  readonly turn: number;
  readonly limit: number;
  readonly mark: number;
  readonly state: StepState;
  readonly waiting: Waiting;
  readonly windowAtMs: number;
  readonly seenAtMs: number;
  readonly dormant: boolean;
}

export interface PartitionSnapshot {
  readonly name: string;
  readonly policy: CheckedPolicy;
  readonly peerPolicy?: CheckedPolicy;
  /** Its own record first. */
  readonly owners: readonly OwnerSnapshot[];
}

export interface LimiterSnapshot {
  readonly version: 1;
  readonly wall: number;
  readonly reading: "held" | "batch";
  readonly nowMs: number;
  readonly partitions: readonly PartitionSnapshot[];
}

export function partitionSnapshot({ name, policy, peerPolicy, own, peers }: Partition): PartitionSnapshot {
  const owners = [...(own ? [own] : []), ...peers.values()].map(ownerSnapshot);
  return { name, policy, ...(peerPolicy && { peerPolicy }), owners };
}

function ownerSnapshot(owner: Owner): OwnerSnapshot {
  const { peer, turn, limit, state, waiting, windowAtMs, seenAtMs, dormant } = owner;
  const who = peer === undefined ? {} : { peer };
  return { ...who, turn, limit, mark: owner.written.mark, state, waiting, windowAtMs, seenAtMs, dormant };
}
