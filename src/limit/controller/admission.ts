/** Newcomers: what limit one begins with, and who makes room for its floor. */

import { makeRoom } from "./make-room.js";
import type { Owner, Partition } from "./owner.js";
import type { CheckedPolicy } from "./policy-check.js";
import type { Tree } from "./tree.js";

export interface Admission {
  /** Undefined: there is no room for its floor now, and its floor is not reserved. */
  readonly limit: number | undefined;
  /** Owners whose limits had to go down for it, with what they had. */
  readonly lowered: ReadonlyMap<Owner, number>;
}

/** Reserves a newcomer's floor. It begins with its preset or what there is of it, and never with less than its floor. */
export function admit(
  tree: Tree,
  partition: Partition,
  policy: CheckedPolicy,
  inUse: (owner: Owner) => number,
): Admission {
  const { floor, preset } = policy;
  const none = new Map<Owner, number>();
  const cannotBe = tree.floors + floor > tree.wall || partition.floors + floor > partition.policy.ceiling;
  if (cannotBe) return { limit: undefined, lowered: none };
  tree.refresh(inUse);
  tree.reserve(partition, floor);
  const lowered = tree.room(partition) < floor ? makeRoom(tree, partition, floor, inUse) : none;
  const room = tree.room(partition);
  if (room < floor) {
    tree.reserve(partition, -floor);
    return { limit: undefined, lowered };
  }
  // For more than its floor it stands behind those who wait.
  return { limit: tree.isAwaited(partition) ? floor : Math.min(preset, room), lowered };
}
