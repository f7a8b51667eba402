// A group: the ports that its partitions share. It stands on either side of them:
//
//   a host    vnics ──send──▶ partition of the vnic ──▶ its set ──▶ one port        and back, to the partition of the destination
//   a switch  network ─send─▶ partition of the destination ─▶ its set ─▶ one port   and back, from the partition of the source
//
// list and hashes are a burst's frames and their hashes; hold keeps the frames of buckets that move (settle.ts); control
// keeps what a port's peer says to the port itself, for the control plane to read (reserved.ts).
import {
  GROUP_BYTES,
  GROUP_CONTROL,
  GROUP_FLAGS,
  GROUP_HASH,
  GROUP_HASHES,
  GROUP_HOLD,
  GROUP_IDENTITY,
  GROUP_LEARNERS,
  GROUP_LIST,
  GROUP_MASK,
  GROUP_NETWORK,
  GROUP_OWNERS,
  GROUP_PARTITION_COUNT,
  GROUP_PARTITION_STRIDE,
  GROUP_PARTITIONS,
  GROUP_PORT_COUNT,
  GROUP_PORTS,
  GROUP_PORTS_MAX,
  GROUP_TUNNEL_COUNT,
  GROUP_TUNNELS,
  PARTITION_PORTS,
} from "../layout";

/** As an unsigned number, to be compared with owners and what is made of them. */
export const PORTS_MAX: u32 = GROUP_PORTS_MAX;

@unmanaged
export class Group {
  /** Addresses of the ports' records (u32). */
  ports: u32;
  portCount: u32;
  /** How frames are hashed (hash/config.ts). */
  hash: u32;
  identity: u32;
  /** For each port of the engine, the partition whose vnic it is, or 0 (u32). */
  owners: u32;
  /** Partitions, partitionStride bytes apart. */
  partitions: u32;
  partitionStride: u32;
  partitionCount: u32;
  list: u32;
  hashes: u32;
  hold: u32;
  control: u32;
  flags: u32;
  /** A switch's port to the rest of the network, or 0. */
  network: u32;
  tunnels: u32;
  tunnelCount: u32;
  /** Buckets of each partition less one, where they are chosen by bits of the hash and there are several; otherwise 0. */
  mask: u32;
  /** Partitions that learn. */
  learners: u32;
  unused1: u64;
  unused2: v128;
  unused3: v128;
  unused4: v128;

  /** The record of the group's i-th port. */
  @inline
  portAt(i: u32): usize {
    return load<u32>((this.ports as usize) + ((i as usize) << 2)) as usize;
  }
}

if (offsetof<Group>() != GROUP_BYTES) ERROR("Group: size");
if (offsetof<Group>("ports") != GROUP_PORTS) ERROR("Group: ports");
if (offsetof<Group>("portCount") != GROUP_PORT_COUNT) ERROR("Group: portCount");
if (offsetof<Group>("hash") != GROUP_HASH) ERROR("Group: hash");
if (offsetof<Group>("identity") != GROUP_IDENTITY) ERROR("Group: identity");
if (offsetof<Group>("owners") != GROUP_OWNERS) ERROR("Group: owners");
if (offsetof<Group>("partitions") != GROUP_PARTITIONS) ERROR("Group: partitions");
if (offsetof<Group>("partitionStride") != GROUP_PARTITION_STRIDE) ERROR("Group: partitionStride");
if (offsetof<Group>("partitionCount") != GROUP_PARTITION_COUNT) ERROR("Group: partitionCount");
if (offsetof<Group>("list") != GROUP_LIST) ERROR("Group: list");
if (offsetof<Group>("hashes") != GROUP_HASHES) ERROR("Group: hashes");
if (offsetof<Group>("hold") != GROUP_HOLD) ERROR("Group: hold");
if (offsetof<Group>("control") != GROUP_CONTROL) ERROR("Group: control");
if (offsetof<Group>("flags") != GROUP_FLAGS) ERROR("Group: flags");
if (offsetof<Group>("network") != GROUP_NETWORK) ERROR("Group: network");
if (offsetof<Group>("tunnels") != GROUP_TUNNELS) ERROR("Group: tunnels");
if (offsetof<Group>("tunnelCount") != GROUP_TUNNEL_COUNT) ERROR("Group: tunnelCount");
if (offsetof<Group>("mask") != GROUP_MASK) ERROR("Group: mask");
if (offsetof<Group>("learners") != GROUP_LEARNERS) ERROR("Group: learners");

/** The record of the group's i-th partition; one that is not in use has no ports. */
export function partitionAt(g: Group, i: u32): usize {
  return (g.partitions as usize) + (i as usize) * g.partitionStride;
}

/** The record of the partition that the bucket at this address belongs to. */
export function partitionOfBucket(g: Group, bucket: usize): usize {
  return partitionAt(g, ((bucket as u32) - g.partitions) / g.partitionStride);
}

/** True when the group's i-th port is in the partition's set. */
export function isInSet(partition: usize, i: u32): bool {
  return ((load<u32>(partition, PARTITION_PORTS) >> i) & 1) != 0;
}
