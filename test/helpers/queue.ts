/** A descriptor queue on a test bed, and its memory as the other end sees it. */
import * as layout from "../../assembly/layout.js";
import type { Bed } from "./bed.js";

export interface BedQueue {
  readonly ptr: number;
  /** The descriptors, raw. */
  readonly memory: Uint8Array;
  /** Scratch for spans. */
  readonly spans: number;
}

export function makeQueue(bed: Bed, size: number, spansMax = 64): BedQueue {
  const ptr = bed.arena.take(layout.QUEUE_BYTES);
  const descs = bed.arena.take(size * layout.DESC_BYTES);
  const slots = bed.arena.take(size * layout.QUEUE_SLOT_BYTES);
  bed.kernels.queueInit(ptr, descs, slots, bed.arena.take(size * 2), size);
  return {
    ptr,
    memory: bed.view(descs, size * layout.DESC_BYTES),
    spans: bed.arena.take(spansMax * layout.SPAN_BYTES),
  };
}

export interface Span {
  readonly addr: number;
  readonly len: number;
  readonly id: number;
  readonly more: boolean;
  readonly mbuf: number;
}

export function takeSpans(bed: Bed, queue: BedQueue, max: number): Span[] {
  const n = bed.kernels.takeBurst(queue.ptr, queue.spans, max);
  return Array.from({ length: n }, (_, i) => {
    const at = queue.spans + i * layout.SPAN_BYTES;
    return {
      addr: bed.u32(at + layout.SPAN_ADDR),
      len: bed.u32(at + layout.SPAN_LEN),
      id: bed.u16(at + layout.SPAN_ID),
      more: bed.u16(at + layout.SPAN_MORE) === 1,
      mbuf: bed.u32(at + layout.SPAN_MBUF),
    };
  });
}
