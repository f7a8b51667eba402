/**
 * A port of an engine: a vnic faces a guest, an uplink faces the underlay. Three parties meet here:
 *   - a stack reserves buffers and posts frames (system 1: one descriptor a frame, one doorbell a burst);
 *   - a driver brings frames that arrive, takes frames that leave, and says when they have left;
 *   - the data plane (Engine.poll) moves frames between ports.
 */
import {
  BURST_MAX,
  COUNTER_COPIED_BYTES,
  COUNTER_DROP,
  COUNTER_GATHERED,
  COUNTER_NO_BUFFER,
  COUNTER_PREPEND_FAILURES,
  COUNTER_RX_REFUSED,
  COUNTER_TX_REFUSED,
  DROP_FRAME_TOO_LONG,
  MBUF_PORT,
  QUEUE_SLOT_BYTES,
  QUEUE_SLOTS,
  SEGMENTS_MAX,
} from "../../assembly/layout.js";
import { checkInteger, checkOneOf } from "../check.js";
import { type PortCounters, readCounters } from "../counters.js";
import { ConfigError } from "../errors.js";
import type { BatchLimit } from "../limit/plane/batch-limit.js";
import { Frame, type FrameOwner } from "./frame.js";
import { type Outgoing, readOutgoing } from "./outgoing.js";
import type { Arrival } from "./pool.js";
import { makePortRecord, type PortRecord, SPANS_MAX } from "./port-record.js";

export interface PortOptions {
  /** The port takes frames of several descriptors. Off by default: one span, or a copy that is counted. */
  readonly scatterGather?: boolean;
}

export class Port {
  readonly name: string;
  readonly index: number;
  readonly scatterGather: boolean;
  /** @internal */
  readonly record: PortRecord;
  readonly #owner: FrameOwner;
  #batch: BatchLimit | undefined;
  #isHalted = false;
  /** Frames that a driver has taken and not completed. */
  readonly #inFlight = new Set<Outgoing>();
  /** Frames that were in a driver's hands when the port's state went elsewhere: nobody waits for their completion here. */
  #disowned: WeakSet<Outgoing> | undefined;

  /** @internal Made by Engine.addPort. */
  constructor(owner: FrameOwner, name: string, index: number, queueSize: number, options: PortOptions) {
    this.#owner = owner;
    this.name = name;
    this.index = index;
    this.scatterGather = options.scatterGather ?? false;
    this.record = makePortRecord(owner, index, queueSize, this.scatterGather);
  }

  /** Counts since the port was made. */
  get counters(): PortCounters {
    this.#owner.checkOpen();
    return readCounters(this.#owner.arena, this.record.counters);
  }

  /** Frames in its receive ring, and descriptors of its transmit queue that are not free. */
  get waiting(): { readonly received: number; readonly posted: number } {
    const { kernels } = this.#owner;
    const { ring, queue, queueSize } = this.record;
    return { received: kernels.ringCount(ring), posted: queueSize - kernels.queueFree(queue) };
  }

  // The stack's side.

  /**
   * A frame with room for payloadBytes and for the engine's headers in front; undefined, counted, when the pool is empty.
   * Throws ConfigError when no buffer is that large.
   */
  reserve(payloadBytes: number): Frame | undefined {
    const { pool } = this.#owner;
    checkInteger("payloadBytes", payloadBytes, 0, pool.shape.payloadBytes);
    let m = pool.hold();
    if (m === 0) {
      this.reap();
      m = pool.hold();
    }
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
    return this.#handOver(frames, (n) => this.#owner.kernels.portPostBurst(this.record.ptr, this.record.list, n));
  }

  /**
   * Posts one frame whose payload comes in fragments (system 1's mixed path): "gather" copies them together behind the
   * headers, one descriptor; "scatter" posts the headers and each fragment as descriptors of their own, k + 1 of them, and
   * needs a port with scatter-gather; fragments without bytes take no descriptor. The same bytes leave either way. On false
   * (queue full, no buffer for the headers, or no headroom for them) the fragments stay the caller's. Throws FrameReleased,
   * or ConfigError when the port cannot do what is asked.
   */
  postFragments(headers: Uint8Array, fragments: readonly Frame[], how: "gather" | "scatter"): boolean {
    checkInteger("fragments.length", fragments.length, 1, SEGMENTS_MAX - 1);
    this.#checkAll("fragments", fragments);
    checkOneOf("how", how, ["gather", "scatter"]);
    return how === "gather" ? this.#gather(headers, fragments) : this.#scatter(headers, fragments);
  }

  // The outside's side.

  /** A frame arrives: bytes are copied in, a reserved Frame is taken as it is. False when there is no room for it. */
  receive(frame: Uint8Array | Frame): boolean {
    if (frame instanceof Frame) {
      if (this.#isHalted) return false;
      const enqueue = (n: number) => this.#owner.kernels.portReceiveBurst(this.record.ptr, this.record.list, n);
      return this.#handOver([frame], enqueue) === 1;
    }
    return this.receiveBurst([{ data: frame }]) === 1;
  }

  /**
   * Frames arrive; returns how many were taken in, from the front: fewer when the ring is full (rxRefused) or the pool empty
   * (noBuffer). A frame longer than any chain of buffers is dropped as frame-too-long, and counts as taken.
   */
  receiveBurst(arrivals: readonly Arrival[]): number {
    const { kernels, pool } = this.#owner;
    const { ring, list, queueSize } = this.record;
    const longest = pool.frameBytesMax;
    let taken = 0;
    while (taken < arrivals.length && !this.#isHalted) {
      if ((arrivals[taken] as Arrival).data.length > longest) {
        this.#count(COUNTER_DROP + DROP_FRAME_TOO_LONG, 1);
        taken++;
        continue;
      }
      // No more than the ring has room for: what it would refuse need not be copied.
      const room = Math.min(queueSize - kernels.ringCount(ring), BURST_MAX);
      const filled = pool.fillBurst(arrivals, taken, list, room, longest);
      if (filled === 0) {
        this.#count(room === 0 ? COUNTER_RX_REFUSED : COUNTER_NO_BUFFER, arrivals.length - taken);
        break;
      }
      kernels.portReceiveBurst(this.record.ptr, list, filled);
      let copied = 0;
      for (let i = 0; i < filled; i++) copied += (arrivals[taken + i] as Arrival).data.length;
      this.#count(COUNTER_COPIED_BYTES, copied);
      taken += filled;
    }
    return taken;
  }

  /** The device takes posted frames, in order, a burst at most, or what a limit says; they are its own until complete. */
  takeBurst(): Outgoing[] {
    if (this.#isHalted) return [];
    const { spans } = this.record;
    const frames = readOutgoing(this.#owner, spans, this.#takeSpans());
    for (const frame of frames) this.#inFlight.add(frame);
    return frames;
  }

  /** Frames that a driver has taken and not completed, in the order in which it took them. */
  get inFlight(): readonly Outgoing[] {
    return [...this.#inFlight];
  }

  /**
   * The device has sent these frames; any order will do. Their buffers go back to the pool. Throws ConfigError, and nothing
   * is completed, for a frame that was not taken from this port or was completed before. One that has moved elsewhere since is passed over.
   */
  complete(taken: readonly Outgoing[]): void {
    const { kernels, arena } = this.#owner;
    const disowned = this.#disowned;
    const frames = disowned ? taken.filter((frame) => !disowned.has(frame)) : taken;
    for (const [i, frame] of frames.entries()) {
      if (this.#inFlight.delete(frame)) continue;
      for (const before of frames.slice(0, i)) this.#inFlight.add(before);
      throw new ConfigError(`frames[${i}]`, `buffer id ${frame.id}`, "taken from this port and not completed yet");
    }
    for (let done = 0; done < frames.length; done += BURST_MAX) {
      const burst = frames.slice(done, done + BURST_MAX);
      for (const [i, frame] of burst.entries()) arena.u32[(this.record.list >> 2) + i] = frame.id;
      kernels.completeBurst(this.record.queue, this.record.list, burst.length);
    }
    this.reap();
  }

  /** Gives the buffers of completed frames back to the pool. */
  reap(): void {
    const { kernels, pool } = this.#owner;
    while (kernels.reapFree(this.record.queue, pool.ptr, this.record.list, BURST_MAX) === BURST_MAX);
  }

  /** @internal While its adapter is stopped, on the move to another host, a port takes nothing in and gives nothing out. */
  halt(isHalted: boolean): void {
    this.#isHalted = isHalted;
  }

  /** @internal True while the queue has a frame that came in by the port with that index. */
  hasFrameOf(port: number): boolean {
    const { u16, u32 } = this.#owner.arena;
    const { queue, queueSize } = this.record;
    const slots = u32[(queue + QUEUE_SLOTS) >> 2] as number;
    for (let id = 0; id < queueSize; id++) {
      const m = u32[(slots + id * QUEUE_SLOT_BYTES) >> 2] as number;
      if (m !== 0 && u16[(m + MBUF_PORT) >> 1] === port) return true;
    }
    return false;
  }

  /** @internal Frames that a driver took elsewhere, and completes here. */
  adopt(frames: readonly Outgoing[]): void {
    for (const frame of frames) this.#inFlight.add(frame);
  }

  /** @internal What a driver has taken is not the port's any more. */
  disown(): void {
    this.#disowned ??= new WeakSet();
    for (const frame of this.#inFlight) this.#disowned.add(frame);
    this.#inFlight.clear();
  }

  /** @internal Batches have a limit from now on, or none any more. */
  limitBatch(limit: BatchLimit | undefined): void {
    this.#batch = limit;
  }

  #takeSpans(): number {
    const { kernels } = this.#owner;
    const { queue, spans } = this.record;
    if (!this.#batch) return kernels.takeBurst(queue, spans, SPANS_MAX);
    // One frame that alone has more than the limit is a batch of its own.
    const most = Math.max(this.#batch.mbufs, kernels.queueNextSegments(queue));
    const taken = kernels.takeBurst(queue, spans, Math.min(most, SPANS_MAX));
    // A poll that finds nothing is no batch.
    if (taken > 0) this.#batch.took(taken);
    return taken;
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
    checkInteger("fragments.length", fragments.length, 1, this.record.queueSize - 1);
    this.reap();
    // Room for all of it, before the chain is built: afterwards there is no way back.
    if (kernels.queueFree(this.record.queue) < fragments.length + 1) {
      this.#count(COUNTER_TX_REFUSED, 1);
      return false;
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
    this.#checkAll("frames", frames);
    for (const [i, frame] of frames.entries()) arena.u32[(this.record.list >> 2) + i] = frame.address();
    const took = move(frames.length);
    for (let i = 0; i < took; i++) (frames[i] as Frame).handOver();
    return took;
  }

  /** Frames must be this engine's, live, and each there once. */
  #checkAll(argument: string, frames: readonly Frame[]): void {
    for (const [i, frame] of frames.entries()) {
      if (!frame.belongsTo(this.#owner.pool)) {
        throw new ConfigError(`${argument}[${i}]`, "of another engine", "of this port's engine");
      }
      frame.address(); // throws for one that was released
    }
    if (frames.length > 1 && new Set(frames).size < frames.length) {
      throw new ConfigError(argument, "a frame twice", "distinct frames");
    }
  }

  #count(index: number, by: number): void {
    const word = this.record.counters / 8 + index;
    this.#owner.arena.u64[word] = (this.#owner.arena.u64[word] as bigint) + BigInt(by);
  }
}
