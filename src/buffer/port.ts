/**
 * A port of an engine: a vnic faces a guest, an uplink faces the underlay. Three parties meet here:
 *   - a stack reserves buffers and posts frames (system 1: one descriptor a frame, one doorbell a burst);
 *   - a driver brings frames that arrive, takes frames that leave, and says when they have left;
 *   - the data plane (Engine.poll) moves frames between ports.
 */
import {
  BURST_MAX,
  COUNTER_COPIED_BYTES,
  COUNTER_GATHERED,
  COUNTER_NO_BUFFER,
  COUNTER_PREPEND_FAILURES,
  COUNTERS,
  DESC_BYTES,
  PORT_BYTES,
  PORT_COUNTERS,
  PORT_F_SCATTER_GATHER,
  PORT_FLAGS,
  PORT_INDEX,
  PORT_POOL,
  PORT_RX_RING,
  PORT_TX_QUEUE,
  QUEUE_BYTES,
  QUEUE_SLOT_BYTES,
  RING_BYTES,
  SEGMENTS_MAX,
  SPAN_BYTES,
} from "../../assembly/layout.js";
import { checkInteger } from "../check.js";
import { type PortCounters, readCounters } from "../counters.js";
import { ConfigError } from "../errors.js";
import type { MemoryPlan } from "../memory.js";
import { Frame, type FrameOwner } from "./frame.js";
import type { Arrival } from "./pool.js";

/** A frame on its way out, in a driver's hands until Port.complete. */
export interface Outgoing {
  /** The descriptors' buffer id. */
  readonly id: number;
  /** The frame's bytes, one view a descriptor, in the engine's memory. */
  readonly spans: readonly Uint8Array[];
  /** Bytes in the spans; originalLength is more where a capture's snaplen had cut the frame. */
  readonly length: number;
  readonly originalLength: number;
  readonly timestampNs: bigint;
}

export interface PortOptions {
  /** The port takes frames of several descriptors. Off by default: one span, or a copy that is counted. */
  readonly scatterGather?: boolean;
}

/** Most spans that a driver takes at once: a burst of single-span frames, or one frame of the most segments. */
const SPANS_MAX = Math.max(BURST_MAX, SEGMENTS_MAX);

/** Plans the memory of one port with a ring and a queue of queueSize entries. */
export function planPort(plan: MemoryPlan, queueSize: number): void {
  plan.add(PORT_BYTES).add(COUNTERS * 8);
  plan.add(RING_BYTES).add(queueSize * 4);
  plan
    .add(QUEUE_BYTES)
    .add(queueSize * DESC_BYTES)
    .add(queueSize * QUEUE_SLOT_BYTES)
    .add(queueSize * 2);
  plan.add(BURST_MAX * 4).add(SPANS_MAX * SPAN_BYTES);
}

export class Port {
  readonly name: string;
  readonly index: number;
  readonly scatterGather: boolean;
  /** Addresses of the port's record, ring and queue, for the engine. */
  readonly ptr: number;
  readonly ring: number;
  readonly queue: number;
  readonly #owner: FrameOwner;
  readonly #counters: number;
  /** Scratch of this port: addresses of a burst's mbufs or buffer ids, and spans. */
  readonly #list: number;
  readonly #spans: number;

  /** Made by Engine.addPort. */
  constructor(owner: FrameOwner, name: string, index: number, queueSize: number, options: PortOptions) {
    const { arena, kernels, pool } = owner;
    this.#owner = owner;
    this.name = name;
    this.index = index;
    this.scatterGather = options.scatterGather ?? false;
    this.ptr = arena.take(PORT_BYTES);
    this.#counters = arena.take(COUNTERS * 8);
    this.ring = arena.take(RING_BYTES);
    kernels.ringInit(this.ring, arena.take(queueSize * 4), queueSize);
    this.queue = arena.take(QUEUE_BYTES);
    const descs = arena.take(queueSize * DESC_BYTES);
    const slots = arena.take(queueSize * QUEUE_SLOT_BYTES);
    kernels.queueInit(this.queue, descs, slots, arena.take(queueSize * 2), queueSize);
    this.#list = arena.take(BURST_MAX * 4);
    this.#spans = arena.take(SPANS_MAX * SPAN_BYTES);
    const record = this.ptr >> 2;
    arena.u32[record + PORT_INDEX / 4] = index;
    arena.u32[record + PORT_FLAGS / 4] = this.scatterGather ? PORT_F_SCATTER_GATHER : 0;
    arena.u32[record + PORT_POOL / 4] = pool.ptr;
    arena.u32[record + PORT_RX_RING / 4] = this.ring;
    arena.u32[record + PORT_TX_QUEUE / 4] = this.queue;
    arena.u32[record + PORT_COUNTERS / 4] = this.#counters;
  }

  /** Counts since the port was made. */
  get counters(): PortCounters {
    return readCounters(this.#owner.arena, this.#counters);
  }

  // The stack's side.

  /**
   * A frame with room for payloadBytes and for the engine's headers in front; undefined, counted, when the pool is empty.
   * Throws ConfigError when no buffer is that large.
   */
  reserve(payloadBytes: number): Frame | undefined {
    const { pool } = this.#owner;
    checkInteger("payloadBytes", payloadBytes, 0, pool.shape.payloadBytes);
    this.reap();
    const m = pool.hold();
    if (m === 0) {
      this.#count(COUNTER_NO_BUFFER, 1);
      return undefined;
    }
    return new Frame(this.#owner, m, payloadBytes, () => this.#count(COUNTER_PREPEND_FAILURES, 1));
  }

  /** As many frames of payloadBytes as there are buffers, at most n. */
  reserveBurst(payloadBytes: number, n: number): Frame[] {
    checkInteger("n", n, 0, BURST_MAX);
    const frames: Frame[] = [];
    while (frames.length < n) {
      const frame = this.reserve(payloadBytes);
      if (!frame) break;
      frames.push(frame);
    }
    return frames;
  }

  /** Posts a frame to the outside: one descriptor, one doorbell. False when the queue is full; the frame stays yours. */
  post(frame: Frame): boolean {
    return this.postBurst([frame]) === 1;
  }

  /** Posts frames with one doorbell; returns how many, from the front. The rest stay yours. Throws FrameReleased. */
  postBurst(frames: readonly Frame[]): number {
    this.reap();
    return this.#handOver(frames, (n) => this.#owner.kernels.portPostBurst(this.ptr, this.#list, n));
  }

  /**
   * Posts one frame whose payload comes in fragments (system 1's mixed path): "gather" copies them together behind the
   * headers, one descriptor; "scatter" posts the headers and each fragment as descriptors of their own, k + 1 of them, and
   * needs a port with scatter-gather. The same bytes leave either way. On false (queue full, or no buffer for the headers)
   * the fragments stay the caller's. Throws FrameReleased, or ConfigError when the port cannot do what is asked.
   */
  postFragments(headers: Uint8Array, fragments: readonly Frame[], how: "gather" | "scatter"): boolean {
    checkInteger("fragments.length", fragments.length, 1, SEGMENTS_MAX - 1);
    if (new Set(fragments).size < fragments.length)
      throw new ConfigError("fragments", "a frame twice", "distinct frames");
    for (const fragment of fragments) this.#check(fragment);
    return how === "gather" ? this.#gather(headers, fragments) : this.#scatter(headers, fragments);
  }

  // The outside's side.

  /** A frame arrives: bytes are copied in, a reserved Frame is taken as it is. False when there is no room for it. */
  receive(frame: Uint8Array | Frame): boolean {
    if (frame instanceof Frame) {
      const enqueue = (n: number) => this.#owner.kernels.portReceiveBurst(this.ptr, this.#list, n);
      return this.#handOver([frame], enqueue) === 1;
    }
    return this.receiveBurst([{ data: frame }]) === 1;
  }

  /**
   * Frames arrive; returns how many were taken in, from the front: fewer when the ring is full (rxRefused) or the pool
   * empty (noBuffer). Throws ConfigError for a frame that is longer than any chain of buffers.
   */
  receiveBurst(arrivals: readonly Arrival[]): number {
    const { kernels, pool, arena } = this.#owner;
    for (const { data } of arrivals) {
      if (!pool.fits(data.length)) throw new ConfigError("frame", `${data.length} bytes`, "short enough for the pool");
    }
    let taken = 0;
    while (taken < arrivals.length) {
      const filled = pool.fillBurst(arrivals, taken, this.#list);
      if (filled === 0) {
        this.#count(COUNTER_NO_BUFFER, arrivals.length - taken);
        break;
      }
      const took = kernels.portReceiveBurst(this.ptr, this.#list, filled);
      let copied = 0;
      for (let i = 0; i < took; i++) copied += (arrivals[taken + i] as Arrival).data.length;
      this.#count(COUNTER_COPIED_BYTES, copied);
      taken += took;
      if (took < filled) {
        for (let i = took; i < filled; i++) kernels.free(pool.ptr, arena.u32[(this.#list >> 2) + i] as number);
        break;
      }
    }
    return taken;
  }

  /** The device takes posted frames, in order; they are its own until complete. */
  takeBurst(): Outgoing[] {
    const { kernels, arena, pool } = this.#owner;
    const spans = kernels.takeBurst(this.queue, this.#spans, SPANS_MAX);
    const frames: Outgoing[] = [];
    let at = this.#spans >> 2;
    for (let i = 0; i < spans; ) {
      const idAndMore = arena.u32[at + 2] as number;
      const m = arena.u32[at + 3] as number;
      const bytes: Uint8Array[] = [];
      let more = true;
      for (; more; i++, at += SPAN_BYTES / 4) {
        const addr = arena.u32[at] as number;
        bytes.push(arena.u8.subarray(addr, addr + (arena.u32[at + 1] as number)));
        more = (arena.u32[at + 2] as number) >>> 16 !== 0;
      }
      frames.push({
        id: idAndMore & 0xffff,
        spans: bytes,
        length: pool.pktLen(m),
        originalLength: pool.wireLen(m),
        timestampNs: pool.timestampNs(m),
      });
    }
    return frames;
  }

  /** The device has sent these frames, in this order; any order will do. Their buffers go back to the pool. */
  complete(frames: readonly Outgoing[]): void {
    const { kernels, arena } = this.#owner;
    for (let done = 0; done < frames.length; done += BURST_MAX) {
      const burst = frames.slice(done, done + BURST_MAX);
      for (const [i, frame] of burst.entries()) arena.u32[(this.#list >> 2) + i] = frame.id;
      kernels.completeBurst(this.queue, this.#list, burst.length);
    }
    this.reap();
  }

  /** Gives the buffers of completed frames back to the pool. */
  reap(): void {
    const { kernels, pool } = this.#owner;
    while (kernels.reapFree(this.queue, pool.ptr, this.#list, BURST_MAX) === BURST_MAX);
  }

  #gather(headers: Uint8Array, fragments: readonly Frame[]): boolean {
    const payloadBytes = fragments.reduce((sum, fragment) => sum + fragment.bytes.length, 0);
    const whole = this.reserve(payloadBytes);
    if (!whole) return false;
    let off = 0;
    for (const fragment of fragments) {
      whole.payload.set(fragment.bytes, off);
      off += fragment.bytes.length;
    }
    if (!whole.prepend(headers) || !this.post(whole)) {
      whole.release();
      return false;
    }
    for (const fragment of fragments) fragment.release();
    this.#count(COUNTER_COPIED_BYTES, payloadBytes);
    this.#count(COUNTER_GATHERED, 1);
    return true;
  }

  #scatter(headers: Uint8Array, fragments: readonly Frame[]): boolean {
    if (!this.scatterGather) throw new ConfigError("how", "scatter", '"gather" on a port without scatter-gather');
    const { kernels } = this.#owner;
    // Room for all of it, before the chain is built: afterwards there is no way back.
    if (kernels.queueFree(this.queue) < fragments.length + 1) {
      this.reap();
      if (kernels.queueFree(this.queue) < fragments.length + 1) return false;
    }
    const whole = this.reserve(0);
    if (!whole) return false;
    if (!whole.prepend(headers)) {
      whole.release();
      return false;
    }
    for (const fragment of fragments) {
      kernels.chain(whole.address(), fragment.address(), SEGMENTS_MAX);
      fragment.handOver();
    }
    return this.post(whole);
  }

  /** Writes the frames' mbufs to the list, has move take them, and ends the handles of those that it took. */
  #handOver(frames: readonly Frame[], move: (n: number) => number): number {
    const { arena } = this.#owner;
    checkInteger("frames.length", frames.length, 0, BURST_MAX);
    for (const [i, frame] of frames.entries()) arena.u32[(this.#list >> 2) + i] = this.#check(frame);
    if (new Set(frames).size < frames.length) throw new ConfigError("frames", "a frame twice", "distinct frames");
    const took = move(frames.length);
    for (let i = 0; i < took; i++) (frames[i] as Frame).handOver();
    return took;
  }

  #check(frame: Frame): number {
    if (!frame.belongsTo(this.#owner.pool))
      throw new ConfigError("frame", "of another engine", "of this port's engine");
    return frame.address();
  }

  #count(index: number, by: number): void {
    const word = this.#counters / 8 + index;
    this.#owner.arena.u64[word] = (this.#owner.arena.u64[word] as bigint) + BigInt(by);
  }
}
