/** A port's record on a test bed, with its queue and counters; it has no ring. */
import * as layout from "../../assembly/layout.js";
import type { Bed } from "./bed.js";
import { makeQueue } from "./queue.js";

export interface BedPort {
  readonly ptr: number;
  readonly queue: number;
  counter(index: number): number;
}

export function makePort(bed: Bed, index: number, queueSize: number, flags = 0): BedPort {
  const ptr = bed.arena.take(layout.PORT_BYTES);
  const counters = bed.arena.take(layout.COUNTERS * 8);
  const { ptr: queue } = makeQueue(bed, queueSize);
  bed.poke32(ptr + layout.PORT_INDEX, index);
  bed.poke32(ptr + layout.PORT_FLAGS, flags);
  bed.poke32(ptr + layout.PORT_POOL, bed.pool);
  bed.poke32(ptr + layout.PORT_TX_QUEUE, queue);
  bed.poke32(ptr + layout.PORT_COUNTERS, counters);
  return { ptr, queue, counter: (which) => Number(bed.u64(counters + which * 8)) };
}
