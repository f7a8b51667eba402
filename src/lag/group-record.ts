/** A group's place in linear memory: its record, rings and scratch, its partitions and its addresses (assembly/lag/group.ts). */
import {
  BURST_MAX,
  GROUP_BYTES,
  GROUP_CONTROL,
  GROUP_FLAGS,
  GROUP_HASH,
  GROUP_HASHES,
  GROUP_HOLD,
  GROUP_IDENTITY,
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
  IDENTITY_BUCKET_BYTES,
  IDENTITY_BYTES,
  RING_BYTES,
} from "../../assembly/layout.js";
import type { FrameOwner } from "../buffer/frame.js";
import type { MemoryPlan } from "../memory.js";
import { partitionStride } from "./partition-record.js";
import type { LagLimits } from "./sizes.js";

/** Frames that wait for a group's control plane, a power of two. */
export const CONTROL_FRAMES = 64;

/** Addresses of what belongs to a group. */
export interface GroupRecord {
  readonly ptr: number;
  /** For each port of the engine, the partition whose vnic it is (u32). */
  readonly owners: number;
  readonly partitions: number;
  readonly hashes: number;
  readonly hold: number;
  readonly control: number;
  readonly identity: number;
  /** The identity's buckets, and how many there are: a power of two, and one more behind. */
  readonly identityBuckets: number;
  readonly identityCount: number;
  /** Scratch for a burst: frames' addresses. */
  readonly scratch: number;
}

/** From so many addresses on, a bucket for each would leave some address without room by nearly any multiplier. */
const ADDRESSES_MANY = 4096;

/** As many buckets as there may be addresses, so that few find their first bucket full; twice as many where there are many. */
export function identityBucketCount(addresses: number): number {
  const wanted = addresses > ADDRESSES_MANY ? 2 * addresses : addresses;
  return 2 ** Math.max(1, Math.ceil(Math.log2(wanted)));
}

export function planGroup(plan: MemoryPlan, limits: LagLimits, enginePorts: number): void {
  plan.add(GROUP_BYTES).add(GROUP_PORTS_MAX * 4);
  plan.add(enginePorts * 4);
  plan.add(limits.partitions * partitionStride(limits.buckets));
  for (const frames of [limits.heldFrames, CONTROL_FRAMES]) plan.add(RING_BYTES).add(frames * 4);
  plan.add(IDENTITY_BYTES).add((identityBucketCount(limits.addresses) + 1) * IDENTITY_BUCKET_BYTES);
  // list, hashes and scratch
  for (let i = 0; i < 3; i++) plan.add(BURST_MAX * 4);
}

/** What a group is made of that never changes. */
export interface GroupShape {
  /** Addresses of the ports' records. */
  readonly ports: readonly number[];
  /** GROUP_F_ bits. */
  readonly flags: number;
  /** Address of the port record to the network, or 0. */
  readonly network: number;
  /** Address of the hash's record. */
  readonly hash: number;
  /** Buckets of each partition less one, where bits of the hash choose; otherwise 0. */
  readonly mask: number;
}

/** Takes what planGroup planned and makes a group without partitions of it. */
export function makeGroupRecord(
  owner: FrameOwner,
  limits: LagLimits,
  enginePorts: number,
  shape: GroupShape,
): GroupRecord {
  const { arena, kernels } = owner;
  const takeRing = (frames: number) => {
    const ring = arena.take(RING_BYTES);
    kernels.ringInit(ring, arena.take(frames * 4), frames);
    return ring;
  };
  const identityCount = identityBucketCount(limits.addresses);
  const stride = partitionStride(limits.buckets);
  const ptr = arena.take(GROUP_BYTES);
  const ports = arena.take(GROUP_PORTS_MAX * 4);
  const owners = arena.take(enginePorts * 4);
  const partitions = arena.take(limits.partitions * stride);
  const hold = takeRing(limits.heldFrames);
  const control = takeRing(CONTROL_FRAMES);
  const identity = arena.take(IDENTITY_BYTES);
  const identityBuckets = arena.take((identityCount + 1) * IDENTITY_BUCKET_BYTES);
  const list = arena.take(BURST_MAX * 4);
  const hashes = arena.take(BURST_MAX * 4);
  const scratch = arena.take(BURST_MAX * 4);
  arena.u32.set(shape.ports, ports >> 2);
  const write = (offset: number, value: number) => {
    arena.u32[(ptr + offset) >> 2] = value;
  };
  write(GROUP_PORTS, ports);
  write(GROUP_PORT_COUNT, shape.ports.length);
  write(GROUP_HASH, shape.hash);
  write(GROUP_IDENTITY, identity);
  write(GROUP_OWNERS, owners);
  write(GROUP_PARTITIONS, partitions);
  write(GROUP_PARTITION_STRIDE, stride);
  write(GROUP_PARTITION_COUNT, limits.partitions);
  write(GROUP_LIST, list);
  write(GROUP_HASHES, hashes);
  write(GROUP_HOLD, hold);
  write(GROUP_CONTROL, control);
  write(GROUP_FLAGS, shape.flags);
  write(GROUP_NETWORK, shape.network);
  write(GROUP_TUNNELS, 0);
  write(GROUP_TUNNEL_COUNT, 0);
  write(GROUP_MASK, shape.mask);
  return {
    ptr,
    owners,
    partitions,
    hashes,
    hold,
    control,
    identity,
    identityBuckets,
    identityCount,
    scratch,
  };
}
