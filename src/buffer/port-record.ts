/** A port's place in linear memory: its record, counters, receive ring, transmit queue and scratch (assembly/path/port.ts). */
import {
  BURST_MAX,
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
import type { MemoryPlan } from "../memory.js";
import type { FrameOwner } from "./frame.js";

/** Most spans that a driver takes at once: a burst of single-span frames, or one frame of the most segments. */
export const SPANS_MAX = Math.max(BURST_MAX, SEGMENTS_MAX);

/** Addresses of what belongs to a port. */
export interface PortRecord {
  readonly ptr: number;
  readonly counters: number;
  readonly ring: number;
  readonly queue: number;
  /** Descriptors of the queue, and slots of the ring. */
  readonly queueSize: number;
  /** Scratch: BURST_MAX words for mbuf addresses or buffer ids, and SPANS_MAX spans. */
  readonly list: number;
  readonly spans: number;
}

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

/** Takes what planPort planned and makes an empty port of it. */
export function makePortRecord(
  owner: FrameOwner,
  index: number,
  queueSize: number,
  scatterGather: boolean,
): PortRecord {
  const { arena, kernels, pool } = owner;
  const ptr = arena.take(PORT_BYTES);
  const counters = arena.take(COUNTERS * 8);
  const ring = arena.take(RING_BYTES);
  kernels.ringInit(ring, arena.take(queueSize * 4), queueSize);
  const queue = arena.take(QUEUE_BYTES);
  const descs = arena.take(queueSize * DESC_BYTES);
  const slots = arena.take(queueSize * QUEUE_SLOT_BYTES);
  kernels.queueInit(queue, descs, slots, arena.take(queueSize * 2), queueSize);
  arena.u32[(ptr + PORT_INDEX) >> 2] = index;
  arena.u32[(ptr + PORT_FLAGS) >> 2] = scatterGather ? PORT_F_SCATTER_GATHER : 0;
  arena.u32[(ptr + PORT_POOL) >> 2] = pool.ptr;
  arena.u32[(ptr + PORT_RX_RING) >> 2] = ring;
  arena.u32[(ptr + PORT_TX_QUEUE) >> 2] = queue;
  arena.u32[(ptr + PORT_COUNTERS) >> 2] = counters;
  const list = arena.take(BURST_MAX * 4);
  return { ptr, counters, ring, queue, queueSize, list, spans: arena.take(SPANS_MAX * SPAN_BYTES) };
}
