// The choice alone: for each frame of a burst its partition, its bucket, and the port that owns it. What sending does, without
// sending; tools and measurements ask it.
import { hashBurst } from "../hash/burst";
import { GROUP_F_SWITCH, OWNER_NONE, PICK_MOVING, PICK_NONE, PICK_UNKNOWN } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES } from "../wire/ethernet";
import { FrameKind } from "./frame";
import { Group, PORTS_MAX } from "./group";
import { Identity, partitionOf } from "./identity";
import { Partition } from "./partition";

/**
 * For each of n parsed frames (list: u32 addresses) the port of the group that it goes by, or a PICK_ code, into picks
 * (u32); at most BURST_MAX of them. The hashes are left in group.hashes.
 */
export function lagPickBurst(group: usize, list: usize, n: u32, picks: usize): void {
  const g = changetype<Group>(group);
  hashBurst(g.hash as usize, list, g.hashes as usize, n);
  if ((g.flags & GROUP_F_SWITCH) != 0) pickByAddress(g, list, n, picks);
  else pickByVnic(g, list, n, picks);
}

function pickByVnic(g: Group, list: usize, n: u32, picks: usize): void {
  const owners = g.owners as usize;
  const mask = g.mask;
  const toHashes = (g.hashes as usize) - list;
  const toPicks = picks - list;
  const end = list + ((n as usize) << 2);
  for (let at = list; at < end; at += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
    const partition = load<u32>(owners + ((mbuf.port as usize) << 2)) as usize;
    store<u32>(at + toPicks, partition == 0 ? PICK_UNKNOWN : Pick.of(partition, load<u32>(at + toHashes), mask));
  }
}

function pickByAddress(g: Group, list: usize, n: u32, picks: usize): void {
  const identity = changetype<Identity>(g.identity as usize);
  const buckets = identity.buckets as usize;
  const multiplier = identity.multiplier;
  const shift = identity.shift as u64;
  const mask = g.mask;
  const toHashes = (g.hashes as usize) - list;
  const toPicks = picks - list;
  const end = list + ((n as usize) << 2);
  for (let at = list; at < end; at += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
    const l3 = mbuf.l3 as u32;
    let pick: u32 = PICK_UNKNOWN;
    // Where a capture has cut the Ethernet header there is no address.
    if (l3 != 0) {
      // Without tags the flags need not be read.
      const net = l3 == ETHERNET_BYTES ? 0 : FrameKind.net(mbuf);
      const entry = Identity.findIn(buckets, multiplier, shift, Identity.key(mbuf.data as usize, net));
      if (entry != 0) pick = Pick.of(partitionOf(entry), load<u32>(at + toHashes), mask);
    }
    store<u32>(at + toPicks, pick);
  }
}

class Pick {
  @inline
  static of(partition: usize, hash: u32, mask: u32): u32 {
    const owner = load<u8>(Partition.bucketOf(partition, hash, mask)) as u32;
    if (owner < PORTS_MAX) return owner;
    return owner == OWNER_NONE ? PICK_NONE : PICK_MOVING;
  }
}
