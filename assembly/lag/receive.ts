// From the group's ports: to the partitions behind them (a host), or from the partitions to the network and to each other (a
// switch). Whatever a frame's partition is, it must have come by a port of that partition's set (guard.ts).
import { ringCount, ringPeek, ringSkip } from "../dma/ring";
import { hashBurst } from "../hash/burst";
import {
  DROP_NOT_ENCAPSULATED,
  DROP_OUTSIDE_PORT_SET,
  DROP_QUEUE_FULL,
  DROP_UNKNOWN_PARTITION,
  GROUP_F_SWITCH,
  IDENTITY_F_LEARNED,
  NET_TUNNELS,
  OK,
  PARTITION_F_LEARN,
  PARTITION_FLAGS,
  TUNNEL_BYTES,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Outer } from "../path/outer";
import { chargeTo, drop, makeSendable, Port } from "../path/port";
import { findTunnel } from "../path/rx";
import { announce, announceAll, Single } from "../path/single";
import { Tunnel } from "../path/tunnel";
import { Unwrap } from "../path/unwrap";
import { ETHERNET_SRC } from "../wire/ethernet";
import { copyTo, floodToPartitions, floodToPorts, share } from "./flood";
import { FrameKind } from "./frame";
import { Group, isInSet, PORTS_MAX } from "./group";
import { admits, Guard } from "./guard";
import { Identity, partitionOf } from "./identity";
import { learn, soleLearner } from "./learn";
import { LEFT_DROPPED, Leave } from "./leave";
import { Partition } from "./partition";
import { takeReserved } from "./reserved";

/** Moves at most n frames from the group's i-th port to where they belong; returns how many left its receive ring. */
export function lagReceiveBurst(group: usize, i: u32, n: u32): u32 {
  const g = changetype<Group>(group);
  const ring = changetype<Port>(g.portAt(i)).rxRing as usize;
  const ready = min(n, ringCount(ring));
  if ((g.flags & GROUP_F_SWITCH) == 0) receiveForVnics(g, i, ring, ready);
  else receiveForNetwork(g, i, ring, ready);
  ringSkip(ring, ready);
  return ready;
}

function receiveForVnics(g: Group, i: u32, ring: usize, n: u32): void {
  const uplink = g.portAt(i);
  // Frames for one guest come in runs: its doorbell rings when the guest changes.
  let guest: usize = 0;
  for (let at: u32 = 0; at < n; at++) {
    const m = ringPeek(ring, at) as usize;
    const mbuf = changetype<Mbuf>(m);
    // 1. What is it? The link's own protocols go to the control plane.
    let cause = FrameKind.parse(m);
    if (cause == OK && FrameKind.isFlood(mbuf) && FrameKind.isReserved(mbuf)) {
      takeReserved(g, uplink, m);
      continue;
    }
    // 2. Out of its tunnel, if it is in one of ours. One that is not may be between guests; if it is nobody's, that is why.
    let net = FrameKind.net(mbuf);
    let nobodys: u32 = DROP_UNKNOWN_PARTITION;
    if (cause == OK && g.tunnelCount != 0) {
      const tunnel = openTunnel(g, m);
      if (tunnel != 0) {
        cause = Unwrap.by(m, changetype<Tunnel>(tunnel).flags);
        if (cause == OK) cause = FrameKind.parse(m);
        net = NET_TUNNELS + ((tunnel as u32) - g.tunnels) / TUNNEL_BYTES;
      } else if (mbuf.cause != OK) {
        nobodys = mbuf.cause as u32;
      }
    }
    if (cause == OK && FrameKind.isFlood(mbuf)) {
      floodToPartitions(g, net, hashOne(g, m), m, i);
      continue;
    }
    // 3. Whose is it, and may it come this way?
    let partition: usize = 0;
    if (cause == OK) {
      partition = partitionOf(Identity.find(g.identity as usize, Identity.key(mbuf.data as usize, net)));
      if (partition == 0) cause = nobodys;
    }
    if (cause == OK && !admits(partition, i)) cause = DROP_OUTSIDE_PORT_SET;
    // 4. To its guest; one whose queue is full loses the frame: others must not wait for it.
    if (cause == OK) {
      const vnic = changetype<Partition>(partition).vnic as usize;
      cause = Single.mustWait(vnic, m) ? DROP_QUEUE_FULL : makeSendable(vnic, uplink, m);
      if (cause == OK) cause = chargeTo(vnic, m);
      if (cause == OK) {
        if (vnic != guest && guest != 0) announce(guest);
        guest = vnic;
        Guard.countTaken(partition, i, mbuf.pktLen);
        Single.post(vnic, m);
      }
    }
    if (cause != OK) drop(uplink, m, cause);
  }
  if (guest != 0) announce(guest);
}

/** The tunnel that a parsed frame came through, its outer headers checked; 0, and why in mbuf.cause: OK for no tunnel's frame. */
function openTunnel(g: Group, m: usize): usize {
  const mbuf = changetype<Mbuf>(m);
  const cause = Outer.open(m, false);
  if (cause == OK) return findTunnel(mbuf, 0, g.tunnels as usize, g.tunnelCount);
  mbuf.cause = (cause == DROP_NOT_ENCAPSULATED ? OK : cause) as u16;
  return 0;
}

/** As at every switch, a frame for a port whose queue is full is lost: its neighbours are for others. */
function receiveForNetwork(g: Group, i: u32, ring: usize, n: u32): void {
  const ingress = g.portAt(i);
  const network = g.network as usize;
  let touched: u32 = 0;
  let toNetwork = false;
  for (let at: u32 = 0; at < n; at++) {
    const m = ringPeek(ring, at) as usize;
    const mbuf = changetype<Mbuf>(m);
    let cause = FrameKind.parse(m);
    const isFlood = FrameKind.isFlood(mbuf);
    if (cause == OK && isFlood && FrameKind.isReserved(mbuf)) {
      takeReserved(g, ingress, m);
      continue;
    }
    // 1. Whose is it, and may it come this way?
    const net = FrameKind.net(mbuf);
    let partition: usize = 0;
    if (cause == OK) {
      partition = senderOf(g, mbuf, net, i);
      if (partition == 0) cause = DROP_UNKNOWN_PARTITION;
      else if (!admits(partition, i)) cause = DROP_OUTSIDE_PORT_SET;
    }
    if (cause != OK) {
      drop(ingress, m, cause);
      continue;
    }
    if ((load<u32>(partition, PARTITION_FLAGS) & PARTITION_F_LEARN) != 0) learn(g, partition, mbuf);
    // 2. To everybody, to another partition behind this switch, or to the network.
    if (isFlood) {
      Guard.countTaken(partition, i, mbuf.pktLen);
      const hash = hashOne(g, m);
      if (network != 0) {
        share(m, ingress);
        if (copyTo(network, m, ingress)) toNetwork = true;
      }
      touched |= floodToPorts(g, partition, net, hash, m, ingress, network != 0);
      continue;
    }
    const destination = partitionOf(Identity.find(g.identity as usize, Identity.key(mbuf.data as usize, net)));
    const bytes = mbuf.pktLen;
    if (destination != 0) {
      const left = Leave.orDrop(g, destination, hashOne(g, m), m, ingress);
      if (left == LEFT_DROPPED) continue;
      if (left < PORTS_MAX) touched |= 1 << left;
    } else {
      if (network == 0) cause = DROP_UNKNOWN_PARTITION;
      else if (Single.mustWait(network, m)) cause = DROP_QUEUE_FULL;
      else cause = makeSendable(network, ingress, m);
      if (cause != OK) {
        drop(ingress, m, cause);
        continue;
      }
      mbuf.hash = 0;
      Single.post(network, m);
      toNetwork = true;
    }
    Guard.countTaken(partition, i, bytes);
  }
  if (toNetwork) announce(network);
  announceAll(g.ports as usize, touched);
}

/**
 * The partition of a frame's source; 0 when none is known. An unknown station is of the partition that alone can have sent it; one that
 * was learned, and comes where its partition may not, has moved to that.
 */
function senderOf(g: Group, mbuf: Mbuf, net: u32, i: u32): usize {
  const entry = Identity.find(g.identity as usize, Identity.key((mbuf.data as usize) + ETHERNET_SRC, net));
  const known = partitionOf(entry);
  if (known != 0 && ((load<u32>(entry) & IDENTITY_F_LEARNED) == 0 || isInSet(known, i))) return known;
  const sole = soleLearner(g, net, i);
  return sole == 0 ? known : sole;
}

function hashOne(g: Group, m: usize): u32 {
  const list = g.list as usize;
  store<u32>(list, m as u32);
  hashBurst(g.hash as usize, list, g.hashes as usize, 1);
  return load<u32>(g.hashes as usize);
}
