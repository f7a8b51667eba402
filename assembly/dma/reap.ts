// Reaping: the posting side takes back what the device has completed, in the order in which it did, and its descriptors are free.
import { freeBurst } from "../mbuf/pool";
import { isUsed } from "./desc";
import { descOf, Queue, slotOf } from "./queue";

/** Takes back at most n frames that the device has completed, into out (u32 addresses); returns how many. */
export function reapBurst(queue: usize, out: usize, n: u32): u32 {
  const q = changetype<Queue>(queue);
  let reaped: u32 = 0;
  while (reaped < n) {
    const desc = descOf(q, q.nextUsed);
    if (!isUsed(desc.flags as u32, q.usedWrap)) break;
    const id = desc.id as u32;
    const slot = slotOf(q, id);
    assert(slot.mbuf != 0, "the device completed a buffer that was not posted");
    store<u32>(out + ((reaped as usize) << 2), slot.mbuf);
    slot.mbuf = 0;
    slot.nextFreeId = q.freeId as u16;
    q.freeId = id;
    q.free += slot.segments as u32;
    q.nextUsed += slot.segments as u32;
    if (q.nextUsed >= q.size) {
      q.nextUsed -= q.size;
      q.usedWrap ^= 1;
    }
    reaped++;
  }
  return reaped;
}

/** Reaps at most n completed frames and gives them back to the pool; returns how many. */
export function reapFree(queue: usize, pool: usize, scratch: usize, n: u32): u32 {
  const reaped = reapBurst(queue, scratch, n);
  freeBurst(pool, scratch, reaped);
  return reaped;
}
