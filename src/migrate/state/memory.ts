/**
 * An engine's memory for the state of its adapters: the region that a block is written into and taken in from, and what kernels need beside
 * it. One block is in it at a time.
 */
import { CRC_POLYNOMIAL_32C, CRC_TABLE_BYTES, SNAPSHOT_JOB_BYTES } from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { PoolShape } from "../../buffer/pool.js";
import { checkInteger } from "../../check.js";
import type { MemoryPlan } from "../../memory.js";
import { aligned } from "./block.js";

export interface MigrationSizes {
  /**
   * Largest block, in bytes, 4096 to 2^29. By default room for every buffer of the pool, full, and for 1 MiB beside the frames.
   */
  readonly stateBytes?: number;
}

export interface MigrationLimits {
  readonly stateBytes: number;
  readonly mbufs: number;
  readonly queueSize: number;
}

const STATE_BYTES_MAX = 2 ** 29;
const REST_BYTES = 2 ** 20;
const SCRATCH_BYTES = 2 ** 16;
/** What a frame's record and its segment's length take. */
const FRAME_OVERHEAD_BYTES = 28;

/** Throws ConfigError. */
export function migrationLimits(sizes: MigrationSizes, pool: PoolShape, queueSize: number): MigrationLimits {
  const all = Math.min(pool.mbufs * (pool.bufBytes + FRAME_OVERHEAD_BYTES) + REST_BYTES, STATE_BYTES_MAX);
  const stateBytes = checkInteger("migration.stateBytes", sizes.stateBytes ?? all, 4096, STATE_BYTES_MAX);
  return { stateBytes: aligned(stateBytes), mbufs: pool.mbufs, queueSize };
}

export function planMigration(plan: MemoryPlan, { stateBytes, mbufs, queueSize }: MigrationLimits): void {
  plan
    .add(stateBytes)
    .add(mbufs * 4)
    .add(queueSize * 2);
  plan.add(SNAPSHOT_JOB_BYTES).add(SCRATCH_BYTES).add(CRC_TABLE_BYTES);
}

export class StateMemory {
  /** @internal */
  readonly owner: FrameOwner;
  /** Where blocks are, and of how many bytes at most. */
  readonly region: number;
  readonly stateBytes: number;
  /** @internal Scratch: a u32 for each mbuf, a u16 for each of a queue's buffer ids, and the kernels' job. */
  readonly list: number;
  /** @internal */
  readonly ids: number;
  /** @internal */
  readonly job: number;
  readonly #scratch: number;
  #turn = 0;
  readonly #crc: number;

  /** @internal Takes what planMigration planned. */
  constructor(owner: FrameOwner, { stateBytes, mbufs, queueSize }: MigrationLimits) {
    const { arena, kernels } = owner;
    this.owner = owner;
    this.stateBytes = stateBytes;
    this.region = arena.take(stateBytes);
    this.list = arena.take(mbufs * 4);
    this.ids = arena.take(queueSize * 2);
    this.job = arena.take(SNAPSHOT_JOB_BYTES);
    this.#scratch = arena.take(SCRATCH_BYTES);
    this.#crc = arena.take(CRC_TABLE_BYTES);
    kernels.crcInit(this.#crc, CRC_POLYNOMIAL_32C);
  }

  /** The CRC-32C of bytes behind what behind is the CRC-32C of. Bytes that do not lie in the engine's memory are copied there in pieces. */
  readonly digest = (bytes: Uint8Array, behind = 0): number => {
    const { arena } = this.owner;
    if (bytes.buffer === arena.u8.buffer) return this.#update(behind, bytes.byteOffset, bytes.length);
    let digest = behind;
    for (let at = 0; at < bytes.length; at += SCRATCH_BYTES) {
      const piece = bytes.subarray(at, at + SCRATCH_BYTES);
      arena.u8.set(piece, this.#scratch);
      digest = this.#update(digest, this.#scratch, piece.length);
    }
    return digest;
  };

  /** Changes with every block that comes into the region, or leaves it. */
  get turn(): number {
    return this.#turn;
  }

  /** What was in the region is not to be counted on any more. */
  nextTurn(): void {
    this.#turn++;
  }

  /** The region's first lenBytes. */
  bytes(lenBytes: number): Uint8Array {
    return this.owner.arena.u8.subarray(this.region, this.region + lenBytes);
  }

  /** The block in the region: as it is when it lies there already, else a copy. Undefined when it is too long. */
  load(block: Uint8Array): Uint8Array | undefined {
    if (block.length > this.stateBytes) return undefined;
    this.nextTurn();
    const here = this.bytes(block.length);
    if (block.buffer !== here.buffer || block.byteOffset !== here.byteOffset) here.set(block);
    return here;
  }

  #update(digest: number, at: number, lenBytes: number): number {
    return this.owner.kernels.crc32cUpdate(this.#crc, digest, at, lenBytes) >>> 0;
  }
}
