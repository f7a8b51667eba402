// Broadcast and multicast: exactly one copy for each partition of the network. The frame's hash chooses, among the ports that
// carry the partition's traffic now, the one by which its copy comes. A switch sends one copy on each port that any partition has
// chosen; a host takes a copy for those partitions alone that have chosen the port it came by. So both ends agree without a
// word as long as they know the same ports to be live, whatever happened before; a peer that floods all its links is heard once, and
// nobody hears itself. Copies share the buffer, a reference each, but for guests with a limit on what they hold.
import { count } from "../counter";
import {
  COUNTER_COPIED_BYTES,
  COUNTER_DROP,
  COUNTER_FLOODED,
  COUNTER_GATHERED,
  DROP_FLOOD_ELSEWHERE,
  DROP_NO_LIVE_PORT,
  DROP_OUTSIDE_PORT_SET,
  DROP_QUEUE_FULL,
  DROP_UNKNOWN_PARTITION,
  NET_TUNNELS,
  OK,
  OWNER_NONE,
  PARTITION_COUNTERS,
  PARTITION_F_FLOOD_ANY,
  PARTITION_FLAGS,
  PARTITION_NET,
  PARTITION_PORTS,
} from "../layout";
import { copyOfFrame } from "../mbuf/copy";
import { Mbuf } from "../mbuf/mbuf";
import { free, linearize, retain } from "../mbuf/pool";
import { chargeTo, drop, dropCopy, makeSendable, Port } from "../path/port";
import { announce, Single } from "../path/single";
import { ETHERNET_SRC } from "../wire/ethernet";
import { Group, partitionAt } from "./group";
import { admits, Guard } from "./guard";
import { Identity, partitionOf } from "./identity";
import { floodPort, Partition } from "./partition";

/**
 * Sends one copy on each port that a partition of the network, but for the sender, has chosen; returns the ports that took one as
 * bits. The frame is gone afterwards: dropped as of no partition when nobody is there, unless others have a copy already.
 */
export function floodToPorts(
  g: Group,
  sender: usize,
  net: u32,
  hash: u32,
  m: usize,
  ingress: usize,
  isTaken: bool,
): u32 {
  const bytes = changetype<Mbuf>(m).pktLen;
  let cause: u32 = DROP_UNKNOWN_PARTITION;
  let tried: u32 = 0;
  let sent: u32 = 0;
  for (let at: u32 = 0; at < g.partitionCount; at++) {
    const partition = partitionAt(g, at);
    if (partition == sender || !isIn(partition, net)) continue;
    const i = floodPort(partition, hash);
    if (i == OWNER_NONE) {
      cause = DROP_NO_LIVE_PORT;
      continue;
    }
    const bit: u32 = 1 << i;
    if (tried == 0) share(m, ingress);
    if ((tried & bit) == 0 && copyTo(g.portAt(i), m, ingress)) sent |= bit;
    tried |= bit;
    if ((sent & bit) == 0) continue;
    Partition.countSent(partition, i, bytes);
    count(partition + PARTITION_COUNTERS, COUNTER_FLOODED, 1);
  }
  if (tried != 0 || isTaken) free(changetype<Port>(ingress).pool as usize, m);
  else drop(ingress, m, cause);
  return sent;
}

/**
 * Gives a copy to each partition of the network that takes broadcasts of the group's i-th port, on which the frame arrived, but for the
 * one that has sent it. The frame is gone afterwards; dropped, and counted, when no partition takes it.
 */
export function floodToPartitions(g: Group, net: u32, hash: u32, m: usize, i: u32): void {
  const uplink = g.portAt(i);
  const bytes = changetype<Mbuf>(m).pktLen;
  const source = (changetype<Mbuf>(m).data as usize) + ETHERNET_SRC;
  const sender = partitionOf(Identity.find(g.identity as usize, Identity.key(source, net)));
  let cause: u32 = DROP_UNKNOWN_PARTITION;
  let isTaken = false;
  for (let at: u32 = 0; at < g.partitionCount; at++) {
    const partition = partitionAt(g, at);
    if (!isIn(partition, net)) continue;
    if (partition == sender) {
      cause = max(cause, DROP_FLOOD_ELSEWHERE);
      continue;
    }
    // Through a tunnel a broadcast comes as one station's frame, by whatever port the underlay chose.
    if (net >= (NET_TUNNELS as u32) || (load<u32>(partition, PARTITION_FLAGS) & PARTITION_F_FLOOD_ANY) != 0) {
      if (!admits(partition, i)) {
        cause = max(cause, DROP_OUTSIDE_PORT_SET);
        continue;
      }
    } else if (floodPort(partition, hash) != i) {
      cause = max(cause, DROP_FLOOD_ELSEWHERE);
      continue;
    }
    if (!isTaken) share(m, uplink);
    isTaken = true;
    const vnic = changetype<Partition>(partition).vnic as usize;
    if (copyToGuest(vnic, m, uplink)) {
      announce(vnic);
      Guard.countTaken(partition, i, bytes);
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
  // No bucket's: whatever moves need not wait for it.
  changetype<Mbuf>(m).hash = 0;
  Single.post(port, m);
  return true;
}

/**
 * copyTo for a guest. One with a limit gets a buffer of its own, charged to it: in a shared one whoever sent it would pay for a guest that
 * does not read. A chain that share could not make one span of goes to no such guest.
 */
export function copyToGuest(vnic: usize, m: usize, ingress: usize): bool {
  if (changetype<Port>(vnic).owner == 0) return copyTo(vnic, m, ingress);
  const copy = copyOfFrame(changetype<Port>(vnic).pool as usize, m);
  let cause: u32 = copy == 0 || Single.mustWait(vnic, copy) ? DROP_QUEUE_FULL : OK;
  if (cause == OK) cause = chargeTo(vnic, copy);
  if (cause != OK) {
    dropCopy(ingress, copy, cause);
    return false;
  }
  Single.post(vnic, copy);
  return true;
}

/** Makes one span of a chain, if that fits, while it has one owner: later nobody may. */
export function share(m: usize, ingress: usize): void {
  if (changetype<Mbuf>(m).segments == 1) return;
  const copied = linearize(changetype<Port>(ingress).pool as usize, m);
  if (copied == u32.MAX_VALUE) return;
  const counters = changetype<Port>(ingress).counters as usize;
  count(counters, COUNTER_GATHERED, 1);
  count(counters, COUNTER_COPIED_BYTES, copied);
}

function isIn(partition: usize, net: u32): bool {
  return load<u32>(partition, PARTITION_PORTS) != 0 && load<u32>(partition, PARTITION_NET) == net;
}
