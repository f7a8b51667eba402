/** The engine's own side of a channel: the memory in which frames are packed or unpacked (assembly/path/stage.ts). */
import {
  BURST_MAX,
  FRAME_BYTES_MAX,
  PACKED_BYTES,
  STAGE_AT,
  STAGE_BYTES,
  STAGE_DATA,
  STAGE_END,
  STAGE_FRAME_BYTES_MAX,
  STAGE_ROOM,
  STAGE_SEGMENT_BYTES,
  STAGE_SLACK_BYTES,
  STAGE_STOP,
} from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { Port } from "../../buffer/port.js";
import type { MemoryPlan } from "../../memory.js";

/** The longest frame, packed. More at a time would gain nothing: a burst of 256 short frames is a third of it. */
export const STAGE_DATA_BYTES = Math.ceil((PACKED_BYTES + FRAME_BYTES_MAX) / 64) * 64;

const REGION_BYTES = STAGE_BYTES + STAGE_DATA_BYTES + STAGE_SLACK_BYTES;

/** Plans the memory of one end of a channel. */
export function planStage(plan: MemoryPlan): void {
  plan.add(REGION_BYTES);
}

export class Stage {
  /** Offset of the packed frames in u8. */
  readonly data: number;
  readonly #owner: FrameOwner;
  readonly #ptr: number;

  constructor(owner: FrameOwner) {
    const { arena, pool } = owner;
    this.#owner = owner;
    this.#ptr = arena.take(REGION_BYTES);
    this.data = this.#ptr + STAGE_DATA;
    arena.u32[(this.#ptr + STAGE_SEGMENT_BYTES) >> 2] = pool.shape.payloadBytes;
    arena.u32[(this.#ptr + STAGE_FRAME_BYTES_MAX) >> 2] = pool.frameBytesMax;
  }

  /** The engine's memory. */
  get u8(): Uint8Array {
    return this.#owner.arena.u8;
  }

  get at(): number {
    return this.#word(STAGE_AT);
  }

  get end(): number {
    return this.#word(STAGE_END);
  }

  get stop(): number {
    return this.#word(STAGE_STOP);
  }

  checkOpen(): void {
    this.#owner.checkOpen();
  }

  /** Packs what a port has posted, a burst at most, into room bytes; returns how many frames left the queue. */
  pack(port: Port, room: number): number {
    this.#owner.arena.u32[(this.#ptr + STAGE_ROOM) >> 2] = Math.min(room, STAGE_DATA_BYTES);
    return this.#owner.kernels.packBurst(port.record.ptr, this.#ptr, BURST_MAX);
  }

  /** Says that the first bytes of data are packed frames. */
  fill(bytes: number): void {
    const { u32 } = this.#owner.arena;
    u32[(this.#ptr + STAGE_AT) >> 2] = 0;
    u32[(this.#ptr + STAGE_END) >> 2] = bytes;
  }

  /** Lets packed frames arrive on a port, a burst at most; returns how many. */
  unpack(port: Port): number {
    return this.#owner.kernels.unpackBurst(port.record.ptr, this.#ptr, BURST_MAX);
  }

  #word(offset: number): number {
    return this.#owner.arena.u32[(this.#ptr + offset) >> 2] as number;
  }
}
