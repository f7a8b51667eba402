/**
 * Room for an owner that has less than its share: limits of owners above theirs go down, never below their share or floor, those furthest
 * above first. What they have in use comes back when it comes back; what they only might have used is free at once.
 *
 * No more is taken than is needed, also counting what will come back. If it does not (a leak), the owner asks again at its next window,
 * and the next in the row gives.
 */
import type { Owner, Partition } from "./owner.js";
import type { Tree } from "./tree.js";

/** Lowers limits until the partition could have so many mbufs more; the owners whose limits were lowered, with what they had. */
export function makeRoom(tree: Tree, partition: Partition, needed: number, inUse: (owner: Owner) => number) {
  const lowered = new Map<Owner, number>();
  const take = (from: Partition, amount: number, ofMbufs: number) => lower(tree, from, amount, ofMbufs, inUse, lowered);
  // From partitions above their share to one below its own, as far as the wall is what is in the way.
  let lacking = needed - tree.wallRoom;
  for (let from = tree.over.top; from !== undefined && lacking > 0; from = tree.over.top) {
    const share = tree.shareOf(from);
    const surplus = Math.min(from.limits - share, tree.shareOf(partition) - partition.limits);
    if (from === partition || surplus <= 0) break;
    const taken = take(from, Math.min(lacking, surplus), share);
    if (taken === 0) break;
    lacking -= taken;
  }
  // Within the partition, by its owners' shares of what it has.
  lacking = Math.max(lacking, needed - tree.ceilingRoom(partition));
  if (lacking > 0) take(partition, lacking, heldShare(tree, partition));
  return lowered;
}

/** What a partition's owners share: its own share of the wall, or what it has if that is more, since nobody else needed it. */
export function heldShare(tree: Tree, partition: Partition): number {
  return Math.max(tree.shareOf(partition), partition.limits);
}

function lower(
  tree: Tree,
  partition: Partition,
  amount: number,
  ofMbufs: number,
  inUse: (owner: Owner) => number,
  lowered: Map<Owner, number>,
): number {
  let left = amount;
  for (let owner = partition.over.top; owner !== undefined && left > 0; owner = partition.over.top) {
    const surplus = owner.limit - tree.ownerShare(owner, ofMbufs);
    if (surplus <= 0) break;
    const cut = Math.min(surplus, left);
    if (!lowered.has(owner)) lowered.set(owner, owner.limit);
    tree.set(owner, owner.limit - cut, inUse(owner));
    left -= cut;
  }
  return amount - left;
}
