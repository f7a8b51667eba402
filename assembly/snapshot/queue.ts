// What a ring and a transmit queue hold, in order, and the same ring and queue again, elsewhere (docs/migration-state.md).
//
// Of a queue two things are kept that do not follow from its frames: where in the ring its first descriptor is, and the order of its
// buffer ids, first those of its frames, then the free ones as they would be given out. A queue that is made from them and is posted the
// same frames has the same cursors, wrap bits, ids and descriptors.
import { usedFlags } from "../dma/desc";
import { lastId, nextSegments } from "../dma/device";
import { descOf, Queue, slotOf } from "../dma/queue";
import { Ring, ringCount, ringPeek } from "../dma/ring";

/** The ring's values in order, into out (u32); returns how many. They stay where they are. */
export function snapshotRing(ring: usize, out: usize): u32 {
  const n = ringCount(ring);
  for (let i: u32 = 0; i < n; i++) store<u32>(out + ((i as usize) << 2), ringPeek(ring, i));
  return n;
}

/** Makes a ring empty, with its cursors at that place. */
export function ringReset(ring: usize, cursor: u32): void {
  const r = changetype<Ring>(ring);
  r.head = cursor;
  r.tail = cursor;
}

/**
 * The queue's frames into out (u32 addresses) and all its buffer ids into ids (u16, size of them): first the taken frames that the device
 * has not completed, whose ids stand in ids already, then the posted ones; then the free ids. What was completed has been reaped. Returns
 * how many frames. The queue stays as it is.
 */
export function snapshotQueue(queue: usize, out: usize, ids: usize, taken: u32): u32 {
  const q = changetype<Queue>(queue);
  let frames: u32 = 0;
  for (; frames < taken; frames++) {
    store<u32>(out + ((frames as usize) << 2), slotOf(q, load<u16>(ids + ((frames as usize) << 1)) as u32).mbuf);
  }
  // nextAvail and deviceAvail are equal in an empty queue and in a full one; those that are posted say which.
  let index = q.deviceAvail;
  let posted = postedDescriptors(q);
  while (posted > 0) {
    const segments = segmentsAt(q, index);
    const id = lastId(q, index, segments);
    store<u32>(out + ((frames as usize) << 2), slotOf(q, id).mbuf);
    store<u16>(ids + ((frames as usize) << 1), id as u16);
    frames++;
    posted -= segments;
    index += segments;
    if (index >= q.size) index -= q.size;
  }
  let id = q.freeId;
  for (let i = frames; i < q.size; i++) {
    store<u16>(ids + ((i as usize) << 1), id as u16);
    id = slotOf(q, id).nextFreeId as u32;
  }
  return frames;
}

/**
 * Makes a queue empty: its next descriptor is at that index, in a lap of that wrap counter, and buffer ids will be given out in the order
 * of ids (u16, size of them). Whatever was in it is the caller's.
 */
export function queueReset(queue: usize, ids: usize, index: u32, wrap: u32): void {
  const q = changetype<Queue>(queue);
  const size = q.size;
  // A descriptor of the lap before: neither available nor used in the one that comes.
  for (let i: u32 = 0; i < size; i++) {
    const desc = descOf(q, i);
    desc.addr = 0;
    desc.len = 0;
    desc.id = 0;
    desc.flags = usedFlags(i < index ? wrap : wrap ^ 1) as u16;
  }
  memory.fill(q.deviceSegments as usize, 0, (size as usize) << 1);
  q.freeId = load<u16>(ids) as u32;
  for (let i: u32 = 0; i < size; i++) {
    const slot = slotOf(q, load<u16>(ids + ((i as usize) << 1)) as u32);
    slot.mbuf = 0;
    slot.segments = 0;
    slot.nextFreeId = i + 1 < size ? load<u16>(ids + ((i as usize) << 1), 2) : (size as u16);
  }
  q.free = size;
  q.nextAvail = index;
  q.availWrap = wrap;
  q.nextUsed = index;
  q.usedWrap = wrap;
  q.deviceAvail = index;
  q.deviceAvailWrap = wrap;
  q.deviceUsed = index;
  q.deviceUsedWrap = wrap;
}

/** The device has taken the next n frames that were posted, and not completed them. */
export function queueTake(queue: usize, n: u32): void {
  const q = changetype<Queue>(queue);
  for (let i: u32 = 0; i < n; i++) {
    const segments = nextSegments(q);
    assert(segments > 0, "more were taken than were posted");
    const id = lastId(q, q.deviceAvail, segments);
    store<u16>((q.deviceSegments as usize) + ((id as usize) << 1), segments as u16);
    q.deviceAvail += segments;
    if (q.deviceAvail >= q.size) {
      q.deviceAvail -= q.size;
      q.deviceAvailWrap ^= 1;
    }
  }
}

/** Descriptors that the device has not taken. */
function postedDescriptors(q: Queue): u32 {
  const apart = q.nextAvail - q.deviceAvail;
  return q.availWrap == q.deviceAvailWrap ? apart : apart + q.size;
}

function segmentsAt(q: Queue, index: u32): u32 {
  const id = descOf(q, index).id as u32;
  return slotOf(q, id).segments as u32;
}
