/** The host's side of the mbuf pool: fills chains from bytes, reads chains as spans, and knows which frames the host holds. */
import {
  BURST_MAX,
  FRAME_BYTES_MAX,
  MBUF_BYTES,
  MBUF_DATA,
  MBUF_LEN,
  MBUF_NEXT,
  MBUF_PKT_LEN,
  MBUF_SEGMENTS,
  MBUF_TIMESTAMP_NS,
  MBUF_WIRE_LEN,
  POOL_BYTES,
  POOL_FREE_COUNT,
  SEGMENTS_MAX,
  WIRE_BYTES_MAX,
} from "../../assembly/layout.js";
import type { Arena, MemoryPlan } from "../memory.js";
import type { Kernels } from "../wasm.js";

/** A frame as it arrives from outside; a CapturePacket is one. */
export interface Arrival {
  /** The frame from its Ethernet header on, without FCS. */
  readonly data: Uint8Array;
  /** Length on the wire in bytes, when a capture's snaplen cut the frame; data.length otherwise. */
  readonly originalLength?: number;
  /** Nanoseconds since the Unix epoch; kept with the frame and given to the driver it leaves by. */
  readonly timestampNs?: bigint;
}

/** What an engine's pool looks like, in bytes. */
export interface PoolShape {
  readonly mbufs: number;
  readonly headroomBytes: number;
  /** Room for data behind the headroom, in each buffer. */
  readonly payloadBytes: number;
  /** Headroom and payload, rounded up to an odd number of cache lines: an even stride would crowd a few cache sets. */
  readonly bufBytes: number;
}

const TIMESTAMP_NS_MAX = 2n ** 64n - 1n;

/** Buffers of one burst that is being filled. */
const FILL_SEGMENTS_MAX = BURST_MAX * SEGMENTS_MAX;

export function poolShape(mbufs: number, headroomBytes: number, payloadBytes: number): PoolShape {
  const lines = Math.ceil((headroomBytes + payloadBytes) / 64) | 1;
  return { mbufs, headroomBytes, payloadBytes, bufBytes: lines * 64 };
}

export function planPool(plan: MemoryPlan, shape: PoolShape): void {
  plan.add(POOL_BYTES).add(shape.mbufs * MBUF_BYTES);
  plan.add(shape.mbufs * shape.bufBytes).add(shape.mbufs * 4);
  plan.add(FILL_SEGMENTS_MAX * 4);
}

export class Pool {
  readonly ptr: number;
  readonly shape: PoolShape;
  /** Frames that the host holds by a handle: reserved and neither posted nor released. */
  readonly held = new Set<number>();
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  /** Addresses of the mbufs of a burst that is being filled. */
  readonly #list: number;

  constructor(kernels: Kernels, arena: Arena, shape: PoolShape) {
    this.#kernels = kernels;
    this.#arena = arena;
    this.shape = shape;
    this.ptr = arena.take(POOL_BYTES);
    const records = arena.take(shape.mbufs * MBUF_BYTES);
    const buffers = arena.take(shape.mbufs * shape.bufBytes);
    const freeStack = arena.take(shape.mbufs * 4);
    this.#list = arena.take(FILL_SEGMENTS_MAX * 4);
    const { mbufs, bufBytes, headroomBytes } = shape;
    kernels.poolInit(this.ptr, records, buffers, freeStack, mbufs, bufBytes, headroomBytes);
  }

  get free(): number {
    return this.#arena.u32[(this.ptr + POOL_FREE_COUNT) >> 2] as number;
  }

  /** An empty mbuf that the host holds, or 0. */
  hold(): number {
    const m = this.#kernels.alloc(this.ptr);
    if (m !== 0) this.held.add(m);
    return m;
  }

  /** Gives a held frame back. */
  release(m: number): void {
    this.held.delete(m);
    this.#kernels.free(this.ptr, m);
  }

  /**
   * Copies arrivals[from..] into fresh mbufs (chains where a frame is longer than a buffer): as many as there are buffers,
   * at most max, and none from the first on that is longer than longest bytes. Writes the frames' addresses to out.
   * Returns how many frames; their bytes have been copied.
   */
  fillBurst(arrivals: readonly Arrival[], from: number, out: number, max = BURST_MAX, longest = Infinity): number {
    const end = Math.min(arrivals.length, from + max);
    const buffers = Math.min(this.free, FILL_SEGMENTS_MAX);
    let segments = 0;
    let frames = 0;
    for (; from + frames < end; frames++) {
      const { length } = (arrivals[from + frames] as Arrival).data;
      const needed = this.#segmentsFor(length);
      if (length > longest || segments + needed > buffers) break;
      segments += needed;
    }
    this.#kernels.allocBulk(this.ptr, this.#list, segments);
    let next = this.#list >> 2;
    for (let i = 0; i < frames; i++) {
      const arrival = arrivals[from + i] as Arrival;
      this.#arena.u32[(out >> 2) + i] = this.#arena.u32[next] as number;
      next = this.#fillChain(arrival, next);
    }
    return frames;
  }

  /** The bytes of a frame, one view a segment; valid while the frame is the caller's. */
  spans(m: number): Uint8Array[] {
    const { u32, u8 } = this.#arena;
    const spans: Uint8Array[] = [];
    for (let at = m; at !== 0; at = u32[(at + MBUF_NEXT) >> 2] as number) {
      const data = u32[(at + MBUF_DATA) >> 2] as number;
      spans.push(u8.subarray(data, data + (u32[(at + MBUF_LEN) >> 2] as number)));
    }
    return spans;
  }

  pktLen(m: number): number {
    return this.#arena.u32[(m + MBUF_PKT_LEN) >> 2] as number;
  }

  wireLen(m: number): number {
    return this.#arena.u32[(m + MBUF_WIRE_LEN) >> 2] as number;
  }

  timestampNs(m: number): bigint {
    return this.#arena.u64[(m + MBUF_TIMESTAMP_NS) >> 3] as bigint;
  }

  /** The longest frame that can be taken in, in bytes. */
  get frameBytesMax(): number {
    return Math.min(FRAME_BYTES_MAX, this.shape.payloadBytes * Math.min(SEGMENTS_MAX, this.shape.mbufs));
  }

  #segmentsFor(bytes: number): number {
    return Math.max(1, Math.ceil(bytes / this.shape.payloadBytes));
  }

  /** Fills one frame from the mbufs at list index next on; returns the index behind the last one used. */
  #fillChain(arrival: Arrival, next: number): number {
    const { u8, u16, u32, u64 } = this.#arena;
    const { data } = arrival;
    const head = u32[next] as number;
    const room = this.shape.payloadBytes;
    let segments = 0;
    for (let off = 0; off < data.length || segments === 0; off += room) {
      const m = u32[next + segments] as number;
      const len = Math.min(room, data.length - off);
      u8.set(len === data.length ? data : data.subarray(off, off + len), u32[(m + MBUF_DATA) >> 2]);
      u32[(m + MBUF_LEN) >> 2] = len;
      if (segments > 0) u32[((u32[next + segments - 1] as number) + MBUF_NEXT) >> 2] = m;
      segments++;
    }
    u32[(head + MBUF_PKT_LEN) >> 2] = data.length;
    u32[(head + MBUF_WIRE_LEN) >> 2] = wireLength(arrival);
    u16[(head + MBUF_SEGMENTS) >> 1] = segments;
    u64[(head + MBUF_TIMESTAMP_NS) >> 3] = timestamp(arrival);
    return next + segments;
  }
}

/** Never less than what is here, which every length check of the data plane relies on. */
function wireLength({ data, originalLength }: Arrival): number {
  return originalLength !== undefined && originalLength > data.length
    ? Math.min(Math.floor(originalLength), WIRE_BYTES_MAX)
    : data.length;
}

/** 0 for a time before 1970 or after 2554, which damaged captures have. */
function timestamp({ timestampNs = 0n }: Arrival): bigint {
  return timestampNs >= 0n && timestampNs <= TIMESTAMP_NS_MAX ? timestampNs : 0n;
}
