// A partition: a virtual machine and the ports of a group that it may use. Each partition has its own table of buckets, so
// that no choice made for one touches another: a port that is a member of one's aggregate can be a link of its own for the next,
// and not there at all for a third.
//
//   record 64 │ counters │ owner of each bucket │ its next owner │ its state │ its bytes sent (u64)
//
// owner   a port of the group; OWNER_MOVING with it while the bucket's frames are held, since it moves on; OWNER_NONE
// state   MOVE_ bits, while it moves (settle.ts)
import { count } from "../counter";
import {
  COUNTER_RECEIVED_BY,
  COUNTER_RECEIVED_BYTES,
  COUNTER_RECEIVED_FRAMES,
  COUNTER_SENT_BY,
  COUNTER_SENT_BYTES,
  COUNTER_SENT_FRAMES,
  MODE_TURN,
  OWNER_NONE,
  PARTITION_BUCKETS,
  PARTITION_BYTES,
  PARTITION_COUNTERS,
  PARTITION_COUNTERS_COUNT,
  PARTITION_F_MEASURE,
  PARTITION_FLAGS,
  PARTITION_LEARNED,
  PARTITION_LEARNED_MAX,
  PARTITION_LIVE,
  PARTITION_LOADS,
  PARTITION_MODE,
  PARTITION_MOVING,
  PARTITION_NET,
  PARTITION_OWNERS,
  PARTITION_PORTS,
  PARTITION_TUNNEL,
  PARTITION_TURN,
  PARTITION_VNIC,
} from "../layout";

@unmanaged
export class Partition {
  buckets: u32;
  mode: u32;
  /** The set: a bit for each port of the group that the partition may use, live or not. */
  ports: u32;
  flags: u32;
  /** Frames that were sent in turn. */
  turn: u32;
  loads: u32;
  /** Its own port, and its tunnel; 0 where it has none. */
  vnic: u32;
  tunnel: u32;
  /** The network that its addresses are in, as in an identity's keys. */
  net: u32;
  /** Buckets that move. */
  moving: u32;
  /** Addresses that were learned for it, and how many may be. */
  learned: u32;
  learnedMax: u32;
  /** Ports of the set that carry its traffic now, as bits: what broadcasts choose among. */
  live: u32;
  unused0: u32;
  unused1: u64;

  /**
   * Where the owner of the bucket is that a hash falls into. mask is the group's: where buckets are chosen by bits, the partition's own
   * record need not be in the cache.
   */
  @inline
  static bucketOf(partition: usize, hash: u32, mask: u32): usize {
    const bucket = mask != 0 ? hash & mask : nextBucket(changetype<Partition>(partition), hash);
    return partition + PARTITION_OWNERS + (bucket as usize);
  }

  /** Where the owner of the first bucket is. */
  @inline
  static ownersOf(p: Partition): usize {
    return changetype<usize>(p) + PARTITION_OWNERS;
  }

  /** Accounts for a frame of the partition that leaves by a port. */
  @inline
  static countSent(partition: usize, port: u32, bytes: u32): void {
    const counters = partition + PARTITION_COUNTERS;
    count(counters, COUNTER_SENT_FRAMES, 1);
    count(counters, COUNTER_SENT_BYTES, bytes);
    count(counters, COUNTER_SENT_BY + port, 1);
  }

  /** Accounts for what a bucket sends, where that is measured. */
  @inline
  static measure(partition: usize, bucket: usize, bytes: u32): void {
    const p = changetype<Partition>(partition);
    if ((p.flags & PARTITION_F_MEASURE) != 0) count(p.loads as usize, (bucket - Partition.ownersOf(p)) as u32, bytes);
  }

  @inline
  static countReceived(partition: usize, port: u32, bytes: u32): void {
    const counters = partition + PARTITION_COUNTERS;
    count(counters, COUNTER_RECEIVED_FRAMES, 1);
    count(counters, COUNTER_RECEIVED_BYTES, bytes);
    count(counters, COUNTER_RECEIVED_BY + port, 1);
  }
}

if (offsetof<Partition>() != PARTITION_BYTES) ERROR("Partition: size");
if (PARTITION_COUNTERS + PARTITION_COUNTERS_COUNT * 8 != PARTITION_OWNERS) ERROR("Partition: owners");
if (offsetof<Partition>("buckets") != PARTITION_BUCKETS) ERROR("Partition: buckets");
if (offsetof<Partition>("mode") != PARTITION_MODE) ERROR("Partition: mode");
if (offsetof<Partition>("ports") != PARTITION_PORTS) ERROR("Partition: ports");
if (offsetof<Partition>("flags") != PARTITION_FLAGS) ERROR("Partition: flags");
if (offsetof<Partition>("turn") != PARTITION_TURN) ERROR("Partition: turn");
if (offsetof<Partition>("loads") != PARTITION_LOADS) ERROR("Partition: loads");
if (offsetof<Partition>("vnic") != PARTITION_VNIC) ERROR("Partition: vnic");
if (offsetof<Partition>("tunnel") != PARTITION_TUNNEL) ERROR("Partition: tunnel");
if (offsetof<Partition>("net") != PARTITION_NET) ERROR("Partition: net");
if (offsetof<Partition>("moving") != PARTITION_MOVING) ERROR("Partition: moving");
if (offsetof<Partition>("learned") != PARTITION_LEARNED) ERROR("Partition: learned");
if (offsetof<Partition>("learnedMax") != PARTITION_LEARNED_MAX) ERROR("Partition: learnedMax");
if (offsetof<Partition>("live") != PARTITION_LIVE) ERROR("Partition: live");

/**
 * The port by which a broadcast of that hash comes to the partition, OWNER_NONE without any. The live ports alone say so: buckets
 * remember which ports failed and when, and what was measured, so two ends that agree today need not have the same ones.
 */
export function floodPort(partition: usize, hash: u32): u32 {
  let live = load<u32>(partition, PARTITION_LIVE);
  if (live == 0) return OWNER_NONE;
  for (let skip = hash % popcnt(live); skip != 0; skip--) live &= live - 1;
  return ctz(live);
}

/** The bucket by the ways to choose that divide. */
function nextBucket(p: Partition, hash: u32): u32 {
  if (p.mode != MODE_TURN) return hash % p.buckets;
  const turn = p.turn;
  p.turn = turn + 1;
  return turn % p.buckets;
}
