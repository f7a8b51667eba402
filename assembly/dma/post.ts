// Posting: frames become descriptors that the device can see.
import { DESC_BYTES, QUEUE_SLOT_BYTES } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { availFlags, Desc } from "./desc";
import { Queue, Slot } from "./queue";

/** Posts a frame as one descriptor a segment; 0, counted, and the queue untouched, when it is too full. */
export function post(queue: usize, m: usize): u32 {
  const q = changetype<Queue>(queue);
  if ((changetype<Mbuf>(m).segments as u32) > q.free) {
    q.refused += 1;
    return 0;
  }
  return q.postUnchecked(m);
}

/** Posts frames from list (u32 addresses) until one does not fit; returns how many. The rest stay the caller's. */
export function postBurst(queue: usize, list: usize, n: u32): u32 {
  const q = changetype<Queue>(queue);
  let taken: u32 = 0;
  while (taken < n) {
    taken += postSingles(q, list + ((taken as usize) << 2), n - taken);
    if (taken == n) break;
    // A chain, or no room.
    if (post(queue, load<u32>(list + ((taken as usize) << 2)) as usize) == 0) break;
    taken++;
  }
  return taken;
}

/**
 * Posts frames of one segment from list, until one has more or no descriptor is left; returns how many. The queue's cursors
 * stay in locals for the run, since a field is loaded again after every store.
 */
export function postSingles(q: Queue, list: usize, n: u32): u32 {
  const most = min(n, q.free);
  const descs = q.descs as usize;
  const slots = q.slots as usize;
  const size = q.size;
  let next = q.nextAvail;
  let wrap = q.availWrap;
  let freeId = q.freeId;
  let taken: u32 = 0;
  for (; taken < most; taken++) {
    const m = load<u32>(list + ((taken as usize) << 2)) as usize;
    const mbuf = changetype<Mbuf>(m);
    if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "post of a freed mbuf");
    if (mbuf.segments != 1) break;
    const slot = changetype<Slot>(slots + (freeId as usize) * QUEUE_SLOT_BYTES);
    const desc = changetype<Desc>(descs + (next as usize) * DESC_BYTES);
    desc.addr = mbuf.data as u64;
    desc.len = mbuf.len;
    desc.id = freeId as u16;
    desc.flags = availFlags(wrap) as u16;
    freeId = slot.nextFreeId as u32;
    slot.mbuf = m as u32;
    slot.segments = 1;
    if (++next == size) {
      next = 0;
      wrap ^= 1;
    }
  }
  q.nextAvail = next;
  q.availWrap = wrap;
  q.freeId = freeId;
  q.free -= taken;
  return taken;
}
