// Towards the group's ports: what a partition sends from its vnic (a host), or what the network has for partitions (a switch).
// The burst is parsed, then hashed as a whole, then each frame leaves by the port that its partition's buckets name.
import { ringCount, ringPeek, ringSkip } from "../dma/ring";
import { hashBurst } from "../hash/burst";
import {
  DROP_RESERVED_ADDRESS,
  DROP_UNKNOWN_PARTITION,
  GROUP_F_SWITCH,
  OK,
  PARTITION_F_LEARN,
  PARTITION_FLAGS,
  PARTITION_TUNNEL,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { drop, Port } from "../path/port";
import { announceAll } from "../path/single";
import { floodToPorts } from "./flood";
import { FrameKind } from "./frame";
import { Group, PORTS_MAX } from "./group";
import { Identity, partitionOf } from "./identity";
import { learn } from "./learn";
import { LEFT_WAITS, Leave, leaveAsFlood } from "./leave";

/**
 * Moves at most n frames, BURST_MAX at most, from a port's receive ring onto the group's ports; returns how many left the ring. It
 * ends at a vnic's frame that must wait: for room on its port, or for room to be held.
 */
export function lagSendBurst(group: usize, from: usize, n: u32): u32 {
  const g = changetype<Group>(group);
  const ring = changetype<Port>(from).rxRing as usize;
  const ready = min(n, ringCount(ring));
  if (ready == 0) return 0;
  const list = g.list as usize;
  for (let i: u32 = 0; i < ready; i++) {
    const m = ringPeek(ring, i) as usize;
    changetype<Mbuf>(m).cause = FrameKind.parse(m) as u16;
    store<u32>(list + ((i as usize) << 2), m as u32);
  }
  hashBurst(g.hash as usize, list, g.hashes as usize, ready);
  let taken = ready;
  if ((g.flags & GROUP_F_SWITCH) == 0) taken = sendFromVnic(g, from, ready);
  else sendToPartitions(g, from, ready);
  ringSkip(ring, taken);
  return taken;
}

/** The first n frames of group.list, all of one partition. */
function sendFromVnic(g: Group, vnic: usize, n: u32): u32 {
  const list = g.list as usize;
  const toHashes = (g.hashes as usize) - list;
  const partition = load<u32>((g.owners as usize) + ((changetype<Port>(vnic).index as usize) << 2)) as usize;
  // What goes through a tunnel is one station's to the underlay, and comes once.
  const isTunnelled = partition != 0 && load<u32>(partition, PARTITION_TUNNEL) != 0;
  const learns = partition != 0 && (load<u32>(partition, PARTITION_FLAGS) & PARTITION_F_LEARN) != 0;
  let touched: u32 = 0;
  let taken: u32 = 0;
  for (; taken < n; taken++) {
    const at = list + ((taken as usize) << 2);
    const m = load<u32>(at) as usize;
    const mbuf = changetype<Mbuf>(m);
    let cause = mbuf.cause as u32;
    const isFlood = cause == OK && FrameKind.isFlood(mbuf);
    if (partition == 0) cause = DROP_UNKNOWN_PARTITION;
    else if (isFlood && FrameKind.isReserved(mbuf)) cause = DROP_RESERVED_ADDRESS;
    if (cause != OK) {
      drop(vnic, m, cause);
      continue;
    }
    if (learns) learn(g, partition, mbuf);
    const hash = load<u32>(at + toHashes);
    const left =
      isFlood && !isTunnelled ? leaveAsFlood(g, partition, hash, m, vnic) : Leave.through(g, partition, hash, m, vnic);
    if (left < PORTS_MAX) touched |= 1 << left;
    else if (left == LEFT_WAITS) break;
  }
  announceAll(g.ports as usize, touched);
  return taken;
}

/** The first n frames of group.list, each to the partition whose address it has. */
function sendToPartitions(g: Group, network: usize, n: u32): void {
  const list = g.list as usize;
  const toHashes = (g.hashes as usize) - list;
  let touched: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = list + ((i as usize) << 2);
    const m = load<u32>(at) as usize;
    const mbuf = changetype<Mbuf>(m);
    let cause = mbuf.cause as u32;
    if (cause == OK && FrameKind.isFlood(mbuf)) {
      if (!FrameKind.isReserved(mbuf)) {
        touched |= floodToPorts(g, 0, FrameKind.net(mbuf), load<u32>(at + toHashes), m, network, false);
        continue;
      }
      cause = DROP_RESERVED_ADDRESS;
    }
    let partition: usize = 0;
    if (cause == OK) {
      partition = partitionOf(
        Identity.find(g.identity as usize, Identity.key(mbuf.data as usize, FrameKind.net(mbuf))),
      );
      if (partition == 0) cause = DROP_UNKNOWN_PARTITION;
    }
    if (cause != OK) {
      drop(network, m, cause);
      continue;
    }
    const left = Leave.orDrop(g, partition, load<u32>(at + toHashes), m, network);
    if (left < PORTS_MAX) touched |= 1 << left;
  }
  announceAll(g.ports as usize, touched);
}
