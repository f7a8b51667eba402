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

/** True when a frame of the partition may come by the group's i-th port; counts what comes from outside the set. */
export function admits(partition: usize, i: u32): bool {
  if (isInSet(partition, i)) return true;
  const accepts = (load<u32>(partition, PARTITION_FLAGS) & PARTITION_F_ACCEPT_OUTSIDE) != 0;
  count(partition + PARTITION_COUNTERS, accepts ? COUNTER_OUTSIDE_ACCEPTED : COUNTER_OUTSIDE_DROPPED, 1);
  return accepts;
}
