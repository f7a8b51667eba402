// The guard of the return leg: a partition's frames may come by the ports of its own set alone. What comes by another is dropped
// with that cause, or taken and counted, as the partition's policy says.
import { count } from "../counter";
import {
  COUNTER_OUTSIDE_ACCEPTED,
  COUNTER_OUTSIDE_DROPPED,
  PARTITION_COUNTERS,
  PARTITION_F_ACCEPT_OUTSIDE,
  PARTITION_FLAGS,
} from "../layout";
import { isInSet } from "./group";
import { Partition } from "./partition";

/** True when a frame of the partition may come by the group's i-th port; counts one that may not. */
export function admits(partition: usize, i: u32): bool {
  if (isInSet(partition, i)) return true;
  if ((load<u32>(partition, PARTITION_FLAGS) & PARTITION_F_ACCEPT_OUTSIDE) != 0) return true;
  count(partition + PARTITION_COUNTERS, COUNTER_OUTSIDE_DROPPED, 1);
  return false;
}

/** A class because asc inlines on demand only decorated methods. */
export class Guard {
  /** Accounts for a frame of the partition that came by the group's i-th port and went on. */
  @inline
  static countTaken(partition: usize, i: u32, bytes: u32): void {
    Partition.countReceived(partition, i, bytes);
    if (!isInSet(partition, i)) count(partition + PARTITION_COUNTERS, COUNTER_OUTSIDE_ACCEPTED, 1);
  }
}
