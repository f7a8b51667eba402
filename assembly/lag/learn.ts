// Learning: an address that a partition was seen sending from is its own, so that what comes back to that address is held to the
// partition's set. Bounded a partition; configured addresses are never learned away, learned ones move with their station.
import { count } from "../counter";
import {
  COUNTER_LEARN_REFUSED,
  IDENTITY_F_LEARNED,
  PARTITION_COUNTERS,
  PARTITION_F_LEARN,
  PARTITION_FLAGS,
  PARTITION_NET,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_SRC, isMulticastAddress } from "../wire/ethernet";
import { FrameKind } from "./frame";
import { Group, isInSet, partitionAt } from "./group";
import { Identity, identityInsert, identitySeen } from "./identity";
import { Partition } from "./partition";

/** Learns the source of a frame that the partition sends; only in its own network. */
export function learn(g: Group, partition: usize, mbuf: Mbuf): void {
  const p = changetype<Partition>(partition);
  if (p.tunnel == 0 && FrameKind.net(mbuf) != p.net) return;
  const mac = (mbuf.data as usize) + ETHERNET_SRC;
  if (isMulticastAddress(mac)) return;
  const identity = g.identity as usize;
  const key = Identity.key(mac, p.net);
  const entry = Identity.find(identity, key);
  if (entry != 0) {
    const value = load<u32>(entry);
    if (((value & ~IDENTITY_F_LEARNED) as usize) == partition) {
      identitySeen(identity, entry);
      return;
    }
    if ((value & IDENTITY_F_LEARNED) == 0) {
      refuse(partition);
      return;
    }
  }
  const isLearned =
    p.learned < p.learnedMax && identityInsert(identity, key, (partition as u32) | IDENTITY_F_LEARNED) != 0;
  if (!isLearned) refuse(partition);
}

/**
 * The partition that an unknown source on the group's i-th port belongs to: the one that learns, is in that network and has that port
 * in its set; 0 when none or several do.
 */
export function soleLearner(g: Group, net: u32, i: u32): usize {
  if (g.learners == 0) return 0;
  let found: usize = 0;
  for (let at: u32 = 0; at < g.partitionCount; at++) {
    const partition = partitionAt(g, at);
    if (!isInSet(partition, i) || load<u32>(partition, PARTITION_NET) != net) continue;
    if ((load<u32>(partition, PARTITION_FLAGS) & PARTITION_F_LEARN) == 0) continue;
    if (found != 0) return 0;
    found = partition;
  }
  return found;
}

function refuse(partition: usize): void {
  count(partition + PARTITION_COUNTERS, COUNTER_LEARN_REFUSED, 1);
}
