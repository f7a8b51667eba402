// A transmit queue: frames posted as descriptors of a packed virtqueue (VIRTIO 1.2 section 2.8), taken and completed by a
// device, reaped by the side that posted them. This is the posting side; device.ts is the other.
//
//   post ──▶ descriptors ──▶ take … wire … complete ──▶ descriptors ──▶ reap ──▶ pool
//
// A frame of k segments takes k descriptors with one buffer id, which stands in the last (section 2.8.6). A device may
// complete in any order: it writes one used descriptor a buffer, at *its* place in the ring, and both sides step over as
// many descriptors as the buffer had (section 2.8.8). A full queue refuses and counts; nothing is overwritten.
// One doorbell a burst. Event suppression (section 2.8.14) is not used: the device polls.
import {
  DESC_BYTES,
  DESC_F_NEXT,
  QUEUE_AVAIL_WRAP,
  QUEUE_BYTES,
  QUEUE_DESCS,
  QUEUE_DEVICE_AVAIL,
  QUEUE_DEVICE_AVAIL_WRAP,
  QUEUE_DEVICE_SEGMENTS,
  QUEUE_DEVICE_USED,
  QUEUE_DEVICE_USED_WRAP,
  QUEUE_DOORBELLS,
  QUEUE_FREE,
  QUEUE_FREE_ID,
  QUEUE_NEXT_AVAIL,
  QUEUE_NEXT_USED,
  QUEUE_REFUSED,
  QUEUE_SIZE,
  QUEUE_SLOT_BYTES,
  QUEUE_SLOTS,
  QUEUE_USED_WRAP,
} from "../layout";
import { censusChain } from "../mbuf/census";
import { Mbuf } from "../mbuf/mbuf";
import { availFlags, Desc } from "./desc";

@unmanaged
export class Queue {
  descs: u32;
  size: u32;
  slots: u32;
  /** Descriptors that can be posted now. */
  free: u32;
  freeId: u32;
  nextAvail: u32;
  availWrap: u32;
  nextUsed: u32;
  usedWrap: u32;
  unused0: u32;
  /** Frames that found the queue full. */
  refused: u64;
  doorbells: u64;
  unused1: u64;
  deviceAvail: u32;
  deviceAvailWrap: u32;
  deviceUsed: u32;
  deviceUsedWrap: u32;
  /** u16 by buffer id: how many descriptors the device has to step over when it completes that buffer. */
  deviceSegments: u32;
  unused2: u32;
  unused3: u64;
  unused4: v128;
  unused5: v128;

  /**
   * Posts a frame for which the caller has seen that there is room; returns how many descriptors it took. A method, since
   * those can be inlined: called from a loop over a burst, posting would take half as long again.
   */
  @inline
  postUnchecked(m: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "post of a freed mbuf");
    if (mbuf.segments > 1) return postChain(this, mbuf);
    const id = takeId(this, m, 1);
    const desc = descOf(this, this.nextAvail);
    const flags = availFlags(this.availWrap);
    stepAvail(this);
    desc.addr = mbuf.data as u64;
    desc.len = mbuf.len;
    desc.id = id as u16;
    desc.flags = flags as u16;
    return 1;
  }

  /** True while the device has nothing in its hands and all that it completed was reaped: its cursors and ours agree. */
  isPassable(): bool {
    return this.nextUsed == this.deviceAvail && this.usedWrap == this.deviceAvailWrap;
  }

  /**
   * Takes, completes and reaps the next frame at once, for a device that is done with a frame when it has read it. No used
   * descriptor is written, since nobody would read it; the frame's mbuf is the caller's. Only while the queue is passable.
   */
  @inline
  passUnchecked(id: u32, segments: u32): void {
    const slot = slotOf(this, id);
    slot.mbuf = 0;
    slot.nextFreeId = this.freeId as u16;
    this.freeId = id;
    this.free += segments;
    let next = this.deviceAvail + segments;
    if (next >= this.size) {
      next -= this.size;
      this.deviceAvailWrap ^= 1;
      this.deviceUsedWrap ^= 1;
      this.usedWrap ^= 1;
    }
    this.deviceAvail = next;
    this.deviceUsed = next;
    this.nextUsed = next;
  }
}

if (offsetof<Queue>() != QUEUE_BYTES) ERROR("Queue: size");
if (offsetof<Queue>("descs") != QUEUE_DESCS) ERROR("Queue: descs");
if (offsetof<Queue>("size") != QUEUE_SIZE) ERROR("Queue: size");
if (offsetof<Queue>("slots") != QUEUE_SLOTS) ERROR("Queue: slots");
if (offsetof<Queue>("free") != QUEUE_FREE) ERROR("Queue: free");
if (offsetof<Queue>("freeId") != QUEUE_FREE_ID) ERROR("Queue: freeId");
if (offsetof<Queue>("nextAvail") != QUEUE_NEXT_AVAIL) ERROR("Queue: nextAvail");
if (offsetof<Queue>("availWrap") != QUEUE_AVAIL_WRAP) ERROR("Queue: availWrap");
if (offsetof<Queue>("nextUsed") != QUEUE_NEXT_USED) ERROR("Queue: nextUsed");
if (offsetof<Queue>("usedWrap") != QUEUE_USED_WRAP) ERROR("Queue: usedWrap");
if (offsetof<Queue>("refused") != QUEUE_REFUSED) ERROR("Queue: refused");
if (offsetof<Queue>("doorbells") != QUEUE_DOORBELLS) ERROR("Queue: doorbells");
if (offsetof<Queue>("deviceAvail") != QUEUE_DEVICE_AVAIL) ERROR("Queue: deviceAvail");
if (offsetof<Queue>("deviceAvailWrap") != QUEUE_DEVICE_AVAIL_WRAP) ERROR("Queue: deviceAvailWrap");
if (offsetof<Queue>("deviceUsed") != QUEUE_DEVICE_USED) ERROR("Queue: deviceUsed");
if (offsetof<Queue>("deviceUsedWrap") != QUEUE_DEVICE_USED_WRAP) ERROR("Queue: deviceUsedWrap");
if (offsetof<Queue>("deviceSegments") != QUEUE_DEVICE_SEGMENTS) ERROR("Queue: deviceSegments");

/** What the posting side remembers of a buffer id. */
@unmanaged
export class Slot {
  /** The frame behind this id; 0 when the id is free. */
  mbuf: u32;
  segments: u16;
  nextFreeId: u16;
}

if (offsetof<Slot>() != QUEUE_SLOT_BYTES) ERROR("Slot: size");

/** Makes an empty queue of size descriptors: descs 16 bytes each, slots 8 each, deviceSegments 2 each, all zeroed. */
export function queueInit(queue: usize, descs: usize, slots: usize, deviceSegments: usize, size: u32): void {
  const q = changetype<Queue>(queue);
  q.descs = descs as u32;
  q.size = size;
  q.slots = slots as u32;
  q.free = size;
  q.availWrap = 1;
  q.usedWrap = 1;
  q.deviceAvailWrap = 1;
  q.deviceUsedWrap = 1;
  q.deviceSegments = deviceSegments as u32;
  for (let id: u32 = 0; id < size; id++) slotOf(q, id).nextFreeId = (id + 1) as u16;
}

/** Tells the device once that a burst was posted. */
export function ringDoorbell(queue: usize): void {
  changetype<Queue>(queue).doorbells += 1;
}

/** Descriptors in all: the most that one frame can take. */
export function queueSize(queue: usize): u32 {
  return changetype<Queue>(queue).size;
}

/** Descriptors that can be posted now. */
export function queueFree(queue: usize): u32 {
  return changetype<Queue>(queue).free;
}

/** Census: marks every mbuf that was posted and not reaped yet; returns how many. */
export function censusQueue(pool: usize, queue: usize): u32 {
  const q = changetype<Queue>(queue);
  let fresh: u32 = 0;
  for (let id: u32 = 0; id < q.size; id++) fresh += censusChain(pool, slotOf(q, id).mbuf as usize);
  return fresh;
}

export function descOf(q: Queue, index: u32): Desc {
  return changetype<Desc>((q.descs as usize) + (index as usize) * DESC_BYTES);
}

export function slotOf(q: Queue, id: u32): Slot {
  return changetype<Slot>((q.slots as usize) + (id as usize) * QUEUE_SLOT_BYTES);
}

function stepAvail(q: Queue): void {
  const next = q.nextAvail + 1;
  q.nextAvail = next;
  if (next == q.size) {
    q.nextAvail = 0;
    q.availWrap ^= 1;
  }
}

/** Takes a free buffer id for a frame of that many descriptors. */
function takeId(q: Queue, m: usize, descriptors: u32): u32 {
  const id = q.freeId;
  const slot = slotOf(q, id);
  q.freeId = slot.nextFreeId as u32;
  q.free -= descriptors;
  slot.mbuf = m as u32;
  slot.segments = descriptors as u16;
  return id;
}

/** Posts a chain: a descriptor for each segment that holds bytes, since devices refuse empty ones. */
function postChain(q: Queue, head: Mbuf): u32 {
  const first = firstWithBytes(head);
  let descriptors: u32 = 1;
  for (let s = nextWithBytes(first); s != 0; s = nextWithBytes(changetype<Mbuf>(s))) descriptors++;
  const id = takeId(q, changetype<usize>(head), descriptors);
  const headDesc = descOf(q, q.nextAvail);
  const headFlags = availFlags(q.availWrap) | (descriptors > 1 ? DESC_F_NEXT : 0);
  stepAvail(q);
  let next = nextWithBytes(first);
  while (next != 0) {
    const segment = changetype<Mbuf>(next);
    const desc = descOf(q, q.nextAvail);
    let flags = availFlags(q.availWrap);
    next = nextWithBytes(segment);
    if (next != 0) flags |= DESC_F_NEXT;
    desc.addr = segment.data as u64;
    desc.len = segment.len;
    desc.id = id as u16;
    desc.flags = flags as u16;
    stepAvail(q);
  }
  // The head's flags make the frame visible to the device, so they are written last (section 2.8.21.1).
  headDesc.addr = first.data as u64;
  headDesc.len = first.len;
  headDesc.id = id as u16;
  headDesc.flags = headFlags as u16;
  return descriptors;
}

/** The first segment that holds bytes; the head of a frame without any. */
function firstWithBytes(head: Mbuf): Mbuf {
  if (head.len > 0) return head;
  const next = nextWithBytes(head);
  return next == 0 ? head : changetype<Mbuf>(next);
}

function nextWithBytes(segment: Mbuf): usize {
  let next = segment.next as usize;
  while (next != 0 && changetype<Mbuf>(next).len == 0) next = changetype<Mbuf>(next).next as usize;
  return next;
}
