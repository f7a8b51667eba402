/**
 * What a controller knows of one partition and its peers, for another host's to go on with: times relative to now, peers in the order in
 * which they came. Mbufs do not move, so use begins with what comes along.
 */
import { ConfigError } from "../../errors.js";
import type { Owner, Partition } from "./owner.js";
import type { CheckedPolicy } from "./policy-check.js";
import { type OwnerSnapshot, ownerSnapshot } from "./snapshot.js";
import type { Tree } from "./tree.js";

export interface CarriedOwner extends Omit<OwnerSnapshot, "turn" | "windowAtMs" | "seenAtMs"> {
  /** Since its window began, and since it was last looked at, in ms to a thousandth. */
  readonly windowForMs: number;
  readonly seenForMs: number;
}

export interface CarriedLimits {
  readonly policy: CheckedPolicy;
  readonly peerPolicy?: CheckedPolicy;
  /** Its own record first. */
  readonly owners: readonly CarriedOwner[];
}

export function carriedLimits({ policy, peerPolicy, own, peers }: Partition, nowMs: number): CarriedLimits {
  const sorted = [...peers.values()].sort((a, b) => a.turn - b.turn);
  const owners = [own as Owner, ...sorted].map((owner): CarriedOwner => {
    const { turn: _, windowAtMs, seenAtMs, ...rest } = ownerSnapshot(owner);
    return { ...rest, windowForMs: since(nowMs, windowAtMs), seenForMs: since(nowMs, seenAtMs) };
  });
  return { policy, ...(peerPolicy && { peerPolicy }), owners };
}

function since(nowMs: number, thenMs: number): number {
  return Math.max(0, Math.round((nowMs - thenMs) * 1000) / 1000);
}

/** Peers that come with it and are not there yet. */
export function newPeers({ peers }: Partition, { owners }: CarriedLimits): string[] {
  return owners.flatMap(({ peer }) => (peer === undefined || peers.has(peer) ? [] : [peer]));
}

/** Throws ConfigError when the partition's policies are others, and when there is no room for the floors of all its peers. */
export function checkCarriedLimits(
  tree: Tree,
  all: readonly Owner[],
  partition: Partition,
  carried: CarriedLimits,
  inUse: (owner: Owner) => number,
): void {
  same("policy", carried.policy, partition.policy);
  same("peerPolicy", carried.peerPolicy, partition.peerPolicy);
  const more = newPeers(partition, carried).length * (partition.peerPolicy?.floor ?? 0);
  const least = (owners: readonly Owner[]) =>
    owners.reduce((sum, owner) => sum + Math.max(owner.floor, inUse(owner)), more);
  // What others hold above their floors they give back, but not before it has come back to them.
  const wanted = Math.max(tree.floors + more, least(all));
  if (wanted > tree.wall) throw new ConfigError("wall", tree.wall, `at least ${wanted}, all floors and what is in use`);
  const own = least(all.filter((owner) => owner.partition === partition));
  const { ceiling } = partition.policy;
  if (own > ceiling) throw new ConfigError("owners.length", own, `floors of at most ${ceiling}, the ceiling`);
}

function same(field: string, policy: CheckedPolicy | undefined, here: CheckedPolicy | undefined): void {
  if (JSON.stringify(policy) === JSON.stringify(here)) return;
  const bound = here ? `${JSON.stringify(here)}, as the partition's attachment says` : "absent, as here";
  throw new ConfigError(field, JSON.stringify(policy), bound);
}
