/** A port and a stage on a test bed: what packing and unpacking work on, without an engine around them. */
import * as layout from "../../assembly/layout.js";
import type { Bed } from "./bed.js";
import { makeQueue } from "./queue.js";

export interface BedPort {
  readonly ptr: number;
  readonly ring: number;
  readonly queue: number;
  counter(index: number): bigint;
}

/** A port with scatter-gather, number 3, with a ring and a queue of size entries. */
export function makeBedPort(bed: Bed, size: number): BedPort {
  const ptr = bed.arena.take(layout.PORT_BYTES);
  const counters = bed.arena.take(layout.COUNTERS * 8);
  const ring = bed.arena.take(layout.RING_BYTES);
  bed.kernels.ringInit(ring, bed.arena.take(size * 4), size);
  const { ptr: queue } = makeQueue(bed, size);
  bed.poke32(ptr + layout.PORT_INDEX, 3);
  bed.poke32(ptr + layout.PORT_FLAGS, layout.PORT_F_SCATTER_GATHER);
  bed.poke32(ptr + layout.PORT_POOL, bed.pool);
  bed.poke32(ptr + layout.PORT_RX_RING, ring);
  bed.poke32(ptr + layout.PORT_TX_QUEUE, queue);
  bed.poke32(ptr + layout.PORT_COUNTERS, counters);
  return { ptr, ring, queue, counter: (index) => bed.u64(counters + index * 8) };
}

/** A stage with room for that many bytes of packed frames, and 64 bytes behind the slack that nothing may touch. */
export function makeBedStage(bed: Bed, roomBytes: number): number {
  return bed.arena.take(layout.STAGE_BYTES + roomBytes + layout.STAGE_SLACK_BYTES + 64);
}
