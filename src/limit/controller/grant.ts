/**
 * Owners that want more at the same time, and what they get.
 *
 * 1. Each up to its share, from what is free. 2. For whoever is still below it, room is made (make-room.ts): what is free at once it gets at
 * once, for the rest it waits. 3. While somebody waits, what he waits for goes to nobody else; otherwise what is left is shared by weight
 * among all who want it, above their shares, too: memory that nobody needs is of no use to anybody.
 */
import { fillByWeight } from "./fill.js";
import { heldShare, makeRoom } from "./make-room.js";
import type { Owner, Partition } from "./owner.js";
import type { Tree } from "./tree.js";

/** A raise of less than this part of the limit is not worth a change. */
const LEAST_RAISE = 1 / 8;

export interface Wish {
  readonly owner: Owner;
  /** The limit that it should have. */
  readonly limit: number;
}

/** Gives what can be given. Returns owners whose limits had to go down, with what they had and for whom. */
export function grant(tree: Tree, wishes: readonly Wish[], inUse: (owner: Owner) => number) {
  // Whoever wants more has a share, also if he has but his floor.
  for (const { owner } of wishes) tree.wait(owner, owner.waiting === "not" ? "ceiling" : owner.waiting);
  const shared = wishes.map(({ owner, limit }) => {
    return { owner, limit: Math.min(limit, tree.ownerShare(owner, heldShare(tree, owner.partition))) };
  });
  fill(tree, shared, inUse, leastRaise);
  const lowered = new Map<Owner, { from: number; for: Owner }>();
  for (const { owner, limit } of shared) {
    const needed = limit - owner.limit;
    if (needed < leastRaise(owner)) continue;
    for (const [from, had] of makeRoom(tree, owner.partition, needed, inUse)) {
      if (!lowered.has(from)) lowered.set(from, { from: had, for: owner });
    }
  }
  if (lowered.size > 0) fill(tree, shared, inUse, leastRaise);
  for (const { owner, limit } of shared) tree.wait(owner, waitingOf(tree, owner, limit));
  const rest = wishes.filter(({ owner }) => owner.waiting === "not" && !tree.isAwaited(owner.partition));
  fill(tree, rest, inUse, (owner, wanted) => Math.min(leastRaise(owner), wanted));
  return lowered;
}

function waitingOf(tree: Tree, owner: Owner, share: number) {
  const needed = share - owner.limit;
  if (needed < leastRaise(owner)) return "not";
  return tree.wallRoom < needed ? "wall" : "ceiling";
}

function leastRaise(owner: Owner): number {
  return Math.ceil(owner.limit * LEAST_RAISE);
}

/** Shares what is free among partitions by weight, and each one's part among its owners; nobody gets less than what is worth it. */
export function fill(
  tree: Tree,
  wishes: readonly Wish[],
  inUse: (owner: Owner) => number,
  least: (owner: Owner, wanted: number) => number,
): void {
  const byPartition = new Map<Partition, Wish[]>();
  for (const wish of wishes) {
    if (wish.limit <= wish.owner.limit) continue;
    const list = byPartition.get(wish.owner.partition);
    if (list) list.push(wish);
    else byPartition.set(wish.owner.partition, [wish]);
  }
  const partitions = [...byPartition].map(([partition, list]) => {
    const wants = Math.min(tree.room(partition), sum(list.map(more)));
    return { weight: partition.policy.weight, has: partition.limits - partition.floors, wants, list };
  });
  const rooms = fillByWeight(partitions, Math.max(0, tree.wallRoom));
  for (const [i, { list }] of partitions.entries()) {
    const vessels = list.map((wish) => {
      const { owner } = wish;
      return { weight: owner.policy.weight, has: owner.limit - owner.floor, wants: more(wish) };
    });
    const given = fillByWeight(vessels, rooms[i] as number);
    for (const [at, wish] of list.entries()) {
      const { owner } = wish;
      const mbufs = given[at] as number;
      if (mbufs >= least(owner, more(wish))) tree.set(owner, owner.limit + mbufs, inUse(owner));
    }
  }
}

/** What it takes to fulfil a wish. */
function more({ owner, limit }: Wish): number {
  return limit - owner.limit;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
