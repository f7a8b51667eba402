/**
 * A frame that the host holds (system 1): one buffer with header room in front. The payload is written in place, headers go
 * in front of it, and the whole leaves as one span. Once posted, the buffer is somebody else's, and the handle says so.
 */
import { MBUF_BUF, MBUF_DATA, MBUF_LEN, MBUF_PKT_LEN, MBUF_WIRE_LEN } from "../../assembly/layout.js";
import { FrameReleased } from "../errors.js";
import type { Arena } from "../memory.js";
import type { Kernels } from "../wasm.js";
import type { Pool } from "./pool.js";

/** What ports, frames and bursts need of their engine. */
export interface FrameOwner {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly pool: Pool;
  /** Throws EngineClosed once the engine is closed. */
  checkOpen(): void;
}

export class Frame {
  readonly #owner: FrameOwner;
  readonly #payload: Uint8Array;
  readonly #refused: () => void;
  #m: number;

  /** @internal Made by Port.reserve; m is a held mbuf of payloadBytes. refused is called for a header that finds no room. */
  constructor(owner: FrameOwner, m: number, payloadBytes: number, refused: () => void) {
    this.#owner = owner;
    this.#m = m;
    this.#refused = refused;
    const { u8, u32 } = owner.arena;
    const start = u32[(m + MBUF_DATA) >> 2] as number;
    for (const length of [MBUF_LEN, MBUF_PKT_LEN, MBUF_WIRE_LEN]) u32[(m + length) >> 2] = payloadBytes;
    this.#payload = u8.subarray(start, start + payloadBytes);
  }

  /** True once the frame was posted, received or released. */
  get isReleased(): boolean {
    return this.#m === 0;
  }

  /** The payload, a live view of the engine's memory: what is written here is what leaves. Throws FrameReleased. */
  get payload(): Uint8Array {
    this.#live();
    return this.#payload;
  }

  /** Headers and payload, as they will leave. Throws FrameReleased. */
  get bytes(): Uint8Array {
    const { u32, u8 } = this.#owner.arena;
    const m = this.#live();
    const data = u32[(m + MBUF_DATA) >> 2] as number;
    return u8.subarray(data, data + (u32[(m + MBUF_LEN) >> 2] as number));
  }

  /** Bytes free in front. Throws FrameReleased. */
  get headroomBytes(): number {
    const { u32 } = this.#owner.arena;
    const m = this.#live();
    return (u32[(m + MBUF_DATA) >> 2] as number) - (u32[(m + MBUF_BUF) >> 2] as number);
  }

  /** Writes a header in front. False, counted, and the frame as it was, when there is no room. Throws FrameReleased. */
  prepend(header: Uint8Array): boolean {
    const at = this.#owner.kernels.prepend(this.#live(), header.length) >>> 0;
    if (at === 0) {
      this.#refused();
      return false;
    }
    this.#owner.arena.u8.set(header, at);
    return true;
  }

  /** Gives the buffer back unsent. Throws FrameReleased. */
  release(): void {
    this.#owner.pool.release(this.#live());
    this.#m = 0;
  }

  /** @internal The mbuf behind the handle, for a port of the same engine. Throws FrameReleased. */
  address(): number {
    return this.#live();
  }

  /** @internal Ends the handle: its mbuf has gone to a queue or ring. */
  handOver(): void {
    this.#owner.pool.held.delete(this.#live());
    this.#m = 0;
  }

  /** @internal True when the frame is one of this engine's. */
  belongsTo(pool: Pool): boolean {
    return this.#owner.pool === pool;
  }

  #live(): number {
    this.#owner.checkOpen();
    if (this.#m === 0) throw new FrameReleased();
    return this.#m;
  }
}
