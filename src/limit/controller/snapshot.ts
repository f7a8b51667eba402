/**
 * All that a controller knows, as plain data: a partition that moves to another host takes what was learned about its peers with it. Mbufs do
 * not move, so owners that were removed and only wait for theirs are left out, and use begins at none.
 */
import { ConfigError } from "../../errors.js";
import { type Owner, Partition, type Waiting } from "./owner.js";
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

export function ownerSnapshot(owner: Owner): OwnerSnapshot {
  const { peer, turn, limit, state, waiting, windowAtMs, seenAtMs, dormant } = owner;
  const who = peer === undefined ? {} : { peer };
  return { ...who, turn, limit, mark: owner.written.mark, state, waiting, windowAtMs, seenAtMs, dormant };
}

/** Where an owner of a snapshot belongs. */
export interface Place {
  readonly partition: Partition;
  readonly policy: CheckedPolicy;
  readonly saved: OwnerSnapshot;
}

/** The owners of a snapshot in the order in which they came, under new partitions. Throws ConfigError for a wall below their floors. */
export function placesOf({ partitions }: LimiterSnapshot, wall: number, nextTurn: () => number): Place[] {
  const places = partitions.flatMap(({ name, policy: own, peerPolicy, owners }) => {
    const partition = new Partition(nextTurn(), name, own, peerPolicy);
    return owners.flatMap((saved): Place[] => {
      const policy = saved.peer === undefined ? own : peerPolicy;
      return policy ? [{ partition, policy, saved }] : [];
    });
  });
  const floors = places.reduce((sum, { policy }) => sum + policy.floor, 0);
  if (floors > wall) throw new ConfigError("wall", wall, `at least ${floors}, the sum of all floors`);
  return places.sort((a, b) => a.saved.turn - b.saved.turn);
}
