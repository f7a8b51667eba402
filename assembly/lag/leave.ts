// A partition's frame leaves: its hash names a bucket, the bucket's owner is the port. It gets its tunnel's headers in front where
// the partition has one, one descriptor a span, and is counted for the port and for the partition. Which bucket it went
// through stays in the mbuf, so that what is in flight of a bucket can be found (settle.ts).
import { count } from "../counter";
import { ringEnqueue } from "../dma/ring";
import {
  COUNTER_HELD,
  COUNTER_TX_REFUSED,
  DROP_NO_LIVE_PORT,
  DROP_QUEUE_FULL,
  OK,
  OWNER_NONE,
  PARTITION_COUNTERS,
  PARTITION_TUNNEL,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Encap } from "../path/encap";
import { drop, makeSendable, Port } from "../path/port";
import { Single } from "../path/single";
import { Group, PORTS_MAX } from "./group";
import { floodPort, Partition } from "./partition";

/** What became of a frame that did not leave by a port: dropped and counted, held until its bucket has moved, or it must wait. */
export const LEFT_DROPPED: u32 = 0xfd;
const LEFT_HELD: u32 = 0xfe;
export const LEFT_WAITS: u32 = 0xff;

/** A class because asc inlines on demand only decorated methods. */
export class Leave {
  /**
   * Sends a parsed frame of a partition by the port that its hash chooses. Returns the port's number in the group, whose doorbell
   * is the caller's to ring, or LEFT_ for what became of the frame; only one that waits is still the caller's.
   */
  @inline
  static through(g: Group, partition: usize, hash: u32, m: usize, ingress: usize): u32 {
    const bucket = Partition.bucketOf(partition, hash, g.mask);
    const owner = load<u8>(bucket) as u32;
    if (owner >= PORTS_MAX) return stay(g, partition, bucket, m, ingress);
    return Leave.ifRoom(g, owner, partition, bucket, m, ingress);
  }

  /** As through, for who cannot let a frame wait: one that would have to is dropped, since its neighbours are for others. */
  @inline
  static orDrop(g: Group, partition: usize, hash: u32, m: usize, ingress: usize): u32 {
    const left = Leave.through(g, partition, hash, m, ingress);
    if (left != LEFT_WAITS) return left;
    drop(ingress, m, DROP_QUEUE_FULL);
    return LEFT_DROPPED;
  }

  /** As by, but a frame for a port without room is left to the caller; the port counts it. */
  @inline
  static ifRoom(g: Group, owner: u32, partition: usize, bucket: usize, m: usize, ingress: usize): u32 {
    const port = g.portAt(owner);
    if (Single.mustWait(port, m)) {
      count(changetype<Port>(port).counters as usize, COUNTER_TX_REFUSED, 1);
      return LEFT_WAITS;
    }
    return Leave.by(g, owner, partition, bucket, m, ingress);
  }

  /** Sends a partition's frame by the group's owner-th port, which has room; returns owner or LEFT_DROPPED. bucket is 0 for no bucket's. */
  @inline
  static by(g: Group, owner: u32, partition: usize, bucket: usize, m: usize, ingress: usize): u32 {
    const port = g.portAt(owner);
    const bytes = changetype<Mbuf>(m).pktLen;
    let cause: u32 = OK;
    const tunnel = load<u32>(partition, PARTITION_TUNNEL) as usize;
    if (tunnel != 0) cause = Encap.of(m, tunnel);
    if (cause == OK) cause = makeSendable(port, ingress, m);
    if (cause != OK) {
      drop(ingress, m, cause);
      return LEFT_DROPPED;
    }
    changetype<Mbuf>(m).hash = bucket as u32;
    Single.post(port, m);
    Partition.countSent(partition, owner, bytes);
    if (bucket != 0) Partition.measure(partition, bucket, bytes);
    return owner;
  }
}

/**
 * Sends a partition's own broadcast by the port that the peer's end of the set chooses for it, too (flood.ts): no bucket's, so nothing
 * waits for it. As Leave.through otherwise.
 */
export function leaveAsFlood(g: Group, partition: usize, hash: u32, m: usize, ingress: usize): u32 {
  const owner = floodPort(partition, hash);
  if (owner == OWNER_NONE) {
    drop(ingress, m, DROP_NO_LIVE_PORT);
    return LEFT_DROPPED;
  }
  return Leave.ifRoom(g, owner, partition, 0, m, ingress);
}

/** A frame whose bucket has no owner is dropped; one whose bucket moves is held, as long as there is room to hold it. */
function stay(g: Group, partition: usize, bucket: usize, m: usize, ingress: usize): u32 {
  if (load<u8>(bucket) == OWNER_NONE) {
    drop(ingress, m, DROP_NO_LIVE_PORT);
    return LEFT_DROPPED;
  }
  if (!ringEnqueue(g.hold as usize, m as u32)) return LEFT_WAITS;
  changetype<Mbuf>(m).hash = bucket as u32;
  count(partition + PARTITION_COUNTERS, COUNTER_HELD, 1);
  return LEFT_HELD;
}
