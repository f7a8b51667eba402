/** What the kernels of assembly/snapshot/frames.ts work on: where in a section they are, and their sums. */
import {
  SNAPSHOT_BUF_BYTES,
  SNAPSHOT_BYTES,
  SNAPSHOT_DATA,
  SNAPSHOT_DATA_BYTES,
  SNAPSHOT_JOB_BYTES,
  SNAPSHOT_LENS,
  SNAPSHOT_LENS_LEFT,
  SNAPSHOT_MBUFS,
  SNAPSHOT_PORTABLE,
  SNAPSHOT_RECORDS,
} from "../../../../assembly/layout.js";
import type { StateMemory } from "../memory.js";
import { dataOffset, FRAMES_HEADER_BYTES, type FramesShape, lensOffset } from "./section.js";

export class Job {
  readonly #memory: StateMemory;

  /** All sums are zero. */
  constructor(memory: StateMemory, isPortable: boolean) {
    this.#memory = memory;
    const { arena, pool } = memory.owner;
    arena.u8.fill(0, memory.job, memory.job + SNAPSHOT_JOB_BYTES);
    this.#set(SNAPSHOT_PORTABLE, isPortable ? 1 : 0);
    this.#set(SNAPSHOT_BUF_BYTES, pool.shape.bufBytes);
    this.#set(SNAPSHOT_DATA_BYTES, pool.shape.bufBytes - pool.shape.headroomBytes);
  }

  /** At the first frame of a section of that shape, at that address. */
  start(section: number, shape: FramesShape): void {
    this.#set(SNAPSHOT_RECORDS, section + FRAMES_HEADER_BYTES);
    this.#set(SNAPSHOT_LENS, section + lensOffset(shape));
    this.#set(SNAPSHOT_DATA, section + dataOffset(shape));
    this.#set(SNAPSHOT_LENS_LEFT, shape.lens);
  }

  get mbufs(): number {
    return this.#get(SNAPSHOT_MBUFS);
  }

  get lensLeft(): number {
    return this.#get(SNAPSHOT_LENS_LEFT);
  }

  get bytes(): bigint {
    return this.#memory.owner.arena.u64[(this.#memory.job + SNAPSHOT_BYTES) >> 3] as bigint;
  }

  #get(field: number): number {
    return this.#memory.owner.arena.u32[(this.#memory.job + field) >> 2] as number;
  }

  #set(field: number, value: number): void {
    this.#memory.owner.arena.u32[(this.#memory.job + field) >> 2] = value;
  }
}
