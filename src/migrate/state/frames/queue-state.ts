/** A port's receive ring and transmit queue, as far as an adapter's state is concerned (assembly/snapshot/queue.ts). */
import {
  QUEUE_AVAIL_WRAP,
  QUEUE_DOORBELLS,
  QUEUE_NEXT_AVAIL,
  QUEUE_NEXT_USED,
  QUEUE_REFUSED,
  QUEUE_USED_WRAP,
  RING_HEAD,
  RING_REFUSED,
  RING_TAIL,
} from "../../../../assembly/layout.js";
import type { Outgoing } from "../../../buffer/outgoing.js";
import type { Port } from "../../../buffer/port.js";
import type { StateMemory } from "../memory.js";

/** What of ring and queue does not follow from their frames. */
export interface QueueRecord {
  readonly size: number;
  /** The ring's cursor at its first frame. */
  readonly ringTail: number;
  readonly ringRefused: bigint;
  /** Where the queue's first descriptor is, and the wrap counter of its lap. */
  readonly nextUsed: number;
  readonly usedWrap: number;
  /** Frames, the first ones, that a driver has taken and not completed. */
  readonly taken: number;
  readonly refused: bigint;
  readonly doorbells: bigint;
  /** Buffer ids: of the frames in order, then the free ones as they will be given out. */
  readonly ids: Uint16Array;
}

export class QueueState {
  readonly #memory: StateMemory;
  readonly #port: Port;

  constructor(memory: StateMemory, port: Port) {
    this.#memory = memory;
    this.#port = port;
  }

  get size(): number {
    return this.#port.record.queueSize;
  }

  /** Nothing in the ring, nothing in the queue, and nothing that waits to be reaped. */
  get isEmpty(): boolean {
    const { kernels } = this.#memory.owner;
    const { ring, queue } = this.#port.record;
    return kernels.ringCount(ring) === 0 && kernels.queueFree(queue) === this.size;
  }

  /** Addresses of the ring's frames, in order, into list; how many. */
  listRing(list: number): number {
    return this.#memory.owner.kernels.snapshotRing(this.#port.record.ring, list);
  }

  /** Addresses of the queue's frames into list, taken ones first; how many. What was completed is reaped before. */
  listQueue(list: number): number {
    const { arena, kernels } = this.#memory.owner;
    this.#port.reap();
    const taken = this.#port.inFlight;
    for (const [i, { id }] of taken.entries()) arena.u16[(this.#memory.ids >> 1) + i] = id;
    return kernels.snapshotQueue(this.#port.record.queue, list, this.#memory.ids, taken.length);
  }

  /** As they are now; the ids are those of listQueue. */
  read(): QueueRecord {
    const { arena } = this.#memory.owner;
    const { ring, queue, queueSize } = this.#port.record;
    const ids = this.#memory.ids >> 1;
    return {
      size: queueSize,
      ringTail: this.#u32(ring + RING_TAIL),
      ringRefused: this.#u64(ring + RING_REFUSED),
      nextUsed: this.#u32(queue + QUEUE_NEXT_USED),
      usedWrap: this.#u32(queue + QUEUE_USED_WRAP),
      taken: this.#port.inFlight.length,
      refused: this.#u64(queue + QUEUE_REFUSED),
      doorbells: this.#u64(queue + QUEUE_DOORBELLS),
      ids: arena.u16.slice(ids, ids + queueSize),
    };
  }

  /** Makes ring and queue, which are empty, those of the record, with the frames whose addresses are in two lists. */
  restore(record: QueueRecord, ringFrames: FrameList, queueFrames: FrameList): void {
    const { arena, kernels } = this.#memory.owner;
    const { ring, queue } = this.#port.record;
    kernels.ringReset(ring, record.ringTail);
    kernels.ringEnqueueBurst(ring, ringFrames.list, ringFrames.count);
    arena.u64[(ring + RING_REFUSED) >> 3] = record.ringRefused;
    arena.u16.set(record.ids, this.#memory.ids >> 1);
    kernels.queueReset(queue, this.#memory.ids, record.nextUsed, record.usedWrap);
    kernels.postBurst(queue, queueFrames.list, queueFrames.count);
    kernels.queueTake(queue, record.taken);
    arena.u64[(queue + QUEUE_REFUSED) >> 3] = record.refused;
    arena.u64[(queue + QUEUE_DOORBELLS) >> 3] = record.doorbells;
    const taken = arena.u32.subarray(queueFrames.list >> 2, (queueFrames.list >> 2) + record.taken);
    this.#port.adopt([...taken].map((m, i) => this.#outgoing(m, record.ids[i] as number)));
  }

  /** Adds frames behind those that are there, in order; there is room for them. */
  append(ringFrames: FrameList, queueFrames: FrameList): void {
    const { kernels } = this.#memory.owner;
    const { ring, queue } = this.#port.record;
    kernels.ringEnqueueBurst(ring, ringFrames.list, ringFrames.count);
    kernels.postBurst(queue, queueFrames.list, queueFrames.count);
    if (queueFrames.count > 0) kernels.ringDoorbell(queue);
  }

  /** Empties both; the frames are the caller's. listQueue has been called. */
  clear(): void {
    const { kernels } = this.#memory.owner;
    const { ring, queue } = this.#port.record;
    kernels.ringReset(ring, this.#u32(ring + RING_HEAD));
    kernels.queueReset(
      queue,
      this.#memory.ids,
      this.#u32(queue + QUEUE_NEXT_AVAIL),
      this.#u32(queue + QUEUE_AVAIL_WRAP),
    );
  }

  /** A frame as a driver has it: a span for each descriptor. */
  #outgoing(m: number, id: number): Outgoing {
    const { pool } = this.#memory.owner;
    const segments = pool.spans(m);
    const filled = segments.filter(({ length }) => length > 0);
    const spans = filled.length > 0 ? filled : segments.slice(0, 1);
    return { id, spans, length: pool.pktLen(m), originalLength: pool.wireLen(m), timestampNs: pool.timestampNs(m) };
  }

  #u32(at: number): number {
    return this.#memory.owner.arena.u32[at >> 2] as number;
  }

  #u64(at: number): bigint {
    return this.#memory.owner.arena.u64[at >> 3] as bigint;
  }
}

/** Addresses of frames, u32 each. */
export interface FrameList {
  readonly list: number;
  readonly count: number;
}
