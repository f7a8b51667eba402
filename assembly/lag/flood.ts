// Broadcast and multicast: exactly one copy for each partition of the network. Every partition's own buckets choose, by the frame's
// hash, the one port by which its copy comes. A switch sends one copy on each port that any partition has chosen; a host takes a
// copy for those partitions alone that have chosen the port it came by. So both ends agree without a word, a peer that floods all
// its links is heard once, and copies share the buffer: a reference each.
import { count } from "../counter";
import {
  COUNTER_DROP,
  COUNTER_FLOODED,
  DROP_FLOOD_ELSEWHERE,
  DROP_QUEUE_FULL,
  DROP_UNKNOWN_PARTITION,
  GROUP_F_FLOOD_ANY,
  OK,
  OWNER_MOVING,
  OWNER_NONE,
  PARTITION_COUNTERS,
  PARTITION_NET,
  PARTITION_PORTS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { free, linearize, retain } from "../mbuf/pool";
import { drop, makeSendable, Port } from "../path/port";
import { announce, Single } from "../path/single";
import { Group, isInSet, PORTS_MAX, partitionAt } from "./group";
import { admits } from "./guard";
import { Partition } from "./partition";

/** In the place of a bucket in the mbuf of a copy: it may be of any bucket. */
export const FLOOD_TAG: u32 = 1;

/**
 * Sends one copy on each port that a partition of the network, but for the sender, has chosen; returns these ports as bits. The frame
 * is gone afterwards: dropped as of no partition when nobody is there.
 */
export function floodToPorts(g: Group, sender: usize, net: u32, hash: u32, m: usize, ingress: usize): u32 {
  let chosen: u32 = 0;
  const bytes = changetype<Mbuf>(m).pktLen;
  for (let i: u32 = 0; i < g.partitionCount; i++) {
    const partition = partitionAt(g, i);
    if (partition == sender || !isIn(partition, net)) continue;
    const bucket = Partition.bucketOf(partition, hash);
    const owner = chosenBy(partition, bucket);
    if (owner == OWNER_NONE) continue;
    chosen |= 1 << owner;
    Partition.countSent(partition, bucket, owner, bytes);
    count(partition + PARTITION_COUNTERS, COUNTER_FLOODED, 1);
  }
  if (chosen == 0) {
    drop(ingress, m, DROP_UNKNOWN_PARTITION);
    return 0;
  }
  share(m, ingress);
  changetype<Mbuf>(m).hash = FLOOD_TAG;
  let sent: u32 = 0;
  for (let rest = chosen; rest != 0; rest &= rest - 1) {
    const i = ctz(rest);
    if (copyTo(g.portAt(i), m, ingress)) sent |= 1 << i;
  }
  free(changetype<Port>(ingress).pool as usize, m);
  return sent;
}

/**
 * Gives a copy to each partition of the network that has chosen the group's i-th port, on which the frame arrived. The frame is
 * gone afterwards; dropped, and counted, when no partition takes it.
 */
export function floodToPartitions(g: Group, net: u32, hash: u32, m: usize, i: u32): void {
  const uplink = g.portAt(i);
  const bytes = changetype<Mbuf>(m).pktLen;
  let cause: u32 = DROP_UNKNOWN_PARTITION;
  let isTaken = false;
  for (let at: u32 = 0; at < g.partitionCount; at++) {
    const partition = partitionAt(g, at);
    if (!isIn(partition, net)) continue;
    if ((g.flags & GROUP_F_FLOOD_ANY) != 0) {
      if (!admits(partition, i)) continue;
    } else if (chosenBy(partition, Partition.bucketOf(partition, hash)) != i) {
      cause = DROP_FLOOD_ELSEWHERE;
      continue;
    }
    if (!isTaken) share(m, uplink);
    isTaken = true;
    const vnic = changetype<Partition>(partition).vnic as usize;
    if (copyTo(vnic, m, uplink)) {
      announce(vnic);
      Partition.countReceived(partition, i, bytes);
      count(partition + PARTITION_COUNTERS, COUNTER_FLOODED, 1);
    }
  }
  if (isTaken) free(changetype<Port>(uplink).pool as usize, m);
  else drop(uplink, m, cause);
}

/** Posts a copy of a shared frame; false, counted as a drop, when the port cannot take it now: others must not wait for it. */
export function copyTo(port: usize, m: usize, ingress: usize): bool {
  const cause = Single.mustWait(port, m) ? DROP_QUEUE_FULL : makeSendable(port, ingress, m);
  if (cause != OK) {
    count(changetype<Port>(ingress).counters as usize, COUNTER_DROP + cause, 1);
    return false;
  }
  retain(m);
  Single.post(port, m);
  return true;
}

/** Makes one span of a chain, if that fits, while it has one owner: later nobody may. */
export function share(m: usize, ingress: usize): void {
  if (changetype<Mbuf>(m).segments > 1) linearize(changetype<Port>(ingress).pool as usize, m);
}

function isIn(partition: usize, net: u32): bool {
  return load<u32>(partition, PARTITION_PORTS) != 0 && load<u32>(partition, PARTITION_NET) == net;
}

/** The port of a bucket, or OWNER_NONE; of one that moves the old port, unless that is no longer in the set. */
function chosenBy(partition: usize, bucket: usize): u32 {
  const owner = load<u8>(bucket) as u32;
  if (owner < PORTS_MAX || owner == OWNER_NONE) return owner;
  const old = owner & ~OWNER_MOVING;
  return isInSet(partition, old)
    ? old
    : (load<u8>(bucket + (changetype<Partition>(partition).buckets as usize)) as u32);
}
