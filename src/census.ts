/** The frame census: every mbuf is in exactly one place. */
import { BURST_MAX } from "../assembly/layout.js";
import type { FrameOwner } from "./buffer/frame.js";
import type { Port } from "./buffer/port.js";

/** Where an engine's mbufs are, counted by visiting each place. */
export interface Census {
  readonly total: number;
  /** Free in the pool. */
  readonly free: number;
  /** Arrived, waiting in receive rings. */
  readonly rings: number;
  /** Posted: waiting for a driver, in its hands, or completed and not yet reaped. */
  readonly queues: number;
  /** In the host's hands: reserved frames, loaded bursts, and what waits in link aggregation groups. */
  readonly held: number;
  /** In no place. */
  readonly lost: number;
  /** In more places than they have owners. */
  readonly doubles: number;
  /** Every mbuf is in exactly one place. */
  readonly holds: boolean;
}

export function takeCensus(
  owner: FrameOwner,
  ports: readonly Port[],
  holders: readonly { census(): number }[],
  scratch: number,
): Census {
  const { kernels, arena, pool } = owner;
  const total = pool.shape.mbufs;
  kernels.censusBegin(pool.ptr);
  const free = kernels.censusPool(pool.ptr);
  let rings = 0;
  let queues = 0;
  for (const port of ports) {
    rings += kernels.censusRing(pool.ptr, port.record.ring);
    queues += kernels.censusQueue(pool.ptr, port.record.queue);
  }
  let held = 0;
  for (const holder of holders) held += holder.census();
  const frames = [...pool.held];
  for (let at = 0; at < frames.length; at += BURST_MAX) {
    const part = frames.slice(at, at + BURST_MAX);
    arena.u32.set(part, scratch >> 2);
    held += kernels.censusList(pool.ptr, scratch, part.length);
  }
  const lost = total - free - rings - queues - held;
  const doubles = kernels.censusDoubles(pool.ptr);
  return { total, free, rings, queues, held, lost, doubles, holds: lost === 0 && doubles === 0 };
}
