/** A partition's place in linear memory (assembly/lag/partition.ts draws it), and its buckets as the control plane sees them. */
import {
  MOVE_FORCED,
  MOVE_GATED,
  OWNER_MOVING,
  OWNER_NONE,
  PARTITION_BUCKETS,
  PARTITION_BYTES,
  PARTITION_COUNTERS_COUNT,
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
} from "../../assembly/layout.js";
import type { Arena } from "../memory.js";

/** Bytes from one partition to the next, where each may have so many buckets. */
export function partitionStride(buckets: number): number {
  return Math.ceil((loadsOffset(buckets) + buckets * 8) / 64) * 64;
}

/** Owners, next owners and states are a byte a bucket. */
function loadsOffset(buckets: number): number {
  return Math.ceil((PARTITION_OWNERS + buckets * 3) / 8) * 8;
}

/** What of a partition's record is set when it joins. */
export interface PartitionShape {
  readonly mode: number;
  /** Addresses of the vnic's record and of the tunnel's, or 0. */
  readonly vnic: number;
  readonly tunnel: number;
  readonly net: number;
  readonly learnedMax: number;
}

/** Where a bucket is: at its owner, or on its way from one owner to the next. */
export interface BucketPlace {
  readonly owner: number;
  readonly next: number | undefined;
}

export class PartitionRecord {
  readonly ptr: number;
  readonly #arena: Arena;
  readonly #owners: number;
  readonly #stride: number;

  /** stride as partitionStride gives it. */
  constructor(arena: Arena, ptr: number, stride: number) {
    this.#arena = arena;
    this.ptr = ptr;
    this.#stride = stride;
    this.#owners = ptr + PARTITION_OWNERS;
  }

  /** Makes an empty partition: in no set, with nobody's buckets. */
  init({ mode, vnic, tunnel, net, learnedMax }: PartitionShape, buckets: number): void {
    this.clear();
    this.#write(PARTITION_MODE, mode);
    this.#write(PARTITION_VNIC, vnic);
    this.#write(PARTITION_TUNNEL, tunnel);
    this.#write(PARTITION_NET, net);
    this.#write(PARTITION_LEARNED_MAX, learnedMax);
    this.setOwners(new Uint8Array(buckets).fill(OWNER_NONE));
  }

  /** Zeroes all of it: no partition. */
  clear(): void {
    this.#arena.u8.fill(0, this.ptr, this.ptr + this.#stride);
  }

  /** PARTITION_F_ bits. */
  set flags(bits: number) {
    this.#write(PARTITION_FLAGS, bits);
  }

  /** The ports that the partition may use, as bits. */
  set ports(bits: number) {
    this.#write(PARTITION_PORTS, bits);
  }

  /** Those of them that carry its traffic now, as bits. */
  set live(bits: number) {
    this.#write(PARTITION_LIVE, bits);
  }

  get buckets(): number {
    return this.#read(PARTITION_BUCKETS);
  }

  /** Buckets that move. */
  get moving(): number {
    return this.#read(PARTITION_MOVING);
  }

  /** Gives every bucket its owner at once; none may be moving. As many as there are owners, at least one. */
  setOwners(owners: Uint8Array): void {
    this.#arena.u8.set(owners, this.#owners);
    this.#write(PARTITION_BUCKETS, owners.length);
    this.#write(PARTITION_LOADS, this.ptr + loadsOffset(owners.length));
  }

  place(bucket: number): BucketPlace {
    const owner = this.#owner(bucket);
    const isMoving = owner !== OWNER_NONE && (owner & OWNER_MOVING) !== 0;
    const next = this.#arena.u8[this.#owners + this.buckets + bucket] as number;
    return { owner: isMoving ? owner & ~OWNER_MOVING : owner, next: isMoving ? next : undefined };
  }

  /** Where each bucket is or is going. */
  destinations(): Uint8Array {
    const { buckets } = this;
    const { u8 } = this.#arena;
    const owners = u8.slice(this.#owners, this.#owners + buckets);
    if (this.moving === 0) return owners;
    return owners.map((owner, bucket) =>
      owner === OWNER_NONE || (owner & OWNER_MOVING) === 0 ? owner : (u8[this.#owners + buckets + bucket] as number),
    );
  }

  /** Gives a bucket that does not move its owner. */
  setOwner(bucket: number, owner: number): void {
    this.#arena.u8[this.#owners + bucket] = owner;
  }

  /** Has a bucket move to its next owner (again, when it moves already): gated, or forced, or when nothing is in flight. */
  move(bucket: number, next: number, how: "gated" | "forced" | "drained"): void {
    const { u8 } = this.#arena;
    if (this.place(bucket).next === undefined) {
      u8[this.#owners + bucket] = this.#owner(bucket) | OWNER_MOVING;
      this.#write(PARTITION_MOVING, this.moving + 1);
    }
    u8[this.#owners + this.buckets + bucket] = next;
    const state = { gated: MOVE_GATED, forced: MOVE_FORCED, drained: 0 }[how];
    u8[this.#owners + 2 * this.buckets + bucket] = state;
  }

  /** Bytes sent by each bucket since the last call; zero them. */
  takeLoads(): number[] {
    const first = (this.ptr + loadsOffset(this.buckets)) / 8;
    const loads = Array.from(this.#arena.u64.subarray(first, first + this.buckets), Number);
    this.#arena.u64.fill(0n, first, first + this.buckets);
    return loads;
  }

  /** Bytes sent by each bucket since they were last taken: a view. */
  get loads(): BigUint64Array {
    const first = (this.ptr + loadsOffset(this.buckets)) / 8;
    return this.#arena.u64.subarray(first, first + this.buckets);
  }

  /** Frames that were sent in turn. */
  get turn(): number {
    return this.#read(PARTITION_TURN);
  }

  set turn(frames: number) {
    this.#write(PARTITION_TURN, frames);
  }

  /** Addresses that were learned for it. */
  get learned(): number {
    return this.#read(PARTITION_LEARNED);
  }

  /** All counters: a view. */
  get counters(): BigUint64Array {
    const first = (this.ptr + PARTITION_BYTES) / 8;
    return this.#arena.u64.subarray(first, first + PARTITION_COUNTERS_COUNT);
  }

  counter(index: number): number {
    return Number(this.#arena.u64[(this.ptr + PARTITION_BYTES) / 8 + index]);
  }

  #owner(bucket: number): number {
    return this.#arena.u8[this.#owners + bucket] as number;
  }

  #read(offset: number): number {
    return this.#arena.u32[(this.ptr + offset) >> 2] as number;
  }

  #write(offset: number, value: number): void {
    this.#arena.u32[(this.ptr + offset) >> 2] = value;
  }
}
