// One frame onto one port, for loops in which each frame may go to another: room, descriptor and counters at once, and the doorbells
// of all ports that got something at the end of the burst.
import { count } from "../counter";
import { Queue, ringDoorbell } from "../dma/queue";
import { COUNTER_TX_BYTES, COUNTER_TX_DESCRIPTORS, COUNTER_TX_DOORBELLS, COUNTER_TX_FRAMES } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { mustWait, Port } from "./port";

/** A class because asc inlines on demand only decorated methods. */
export class Single {
  /** True when the port's queue has no room for the frame now. */
  @inline
  static mustWait(port: usize, m: usize): bool {
    const queue = changetype<Queue>(changetype<Port>(port).txQueue as usize);
    if ((changetype<Mbuf>(m).segments as u32) <= queue.free) return false;
    return mustWait(port, m);
  }

  /** Posts a frame that the port takes and has room for. */
  @inline
  static post(port: usize, m: usize): void {
    const p = changetype<Port>(port);
    const counters = p.counters as usize;
    const descriptors = changetype<Queue>(p.txQueue as usize).postUnchecked(m);
    count(counters, COUNTER_TX_FRAMES, 1);
    count(counters, COUNTER_TX_BYTES, changetype<Mbuf>(m).pktLen);
    count(counters, COUNTER_TX_DESCRIPTORS, descriptors);
  }
}

/** Rings a port's doorbell once for all that was posted on it. */
export function announce(port: usize): void {
  const p = changetype<Port>(port);
  ringDoorbell(p.txQueue as usize);
  count(p.counters as usize, COUNTER_TX_DOORBELLS, 1);
}

/** Rings the doorbells of those ports (u32 addresses) that have a bit in touched. */
export function announceAll(ports: usize, touched: u32): void {
  for (; touched != 0; touched &= touched - 1) announce(load<u32>(ports + ((ctz(touched) as usize) << 2)) as usize);
}
