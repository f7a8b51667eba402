// A single-producer single-consumer ring of u32 values (mbuf addresses).
//
// Cursors run free over 2^32 and are masked only on access: head - tail is the fill in every case, full and empty differ,
// and no slot is wasted. Capacity is a power of two. The cursors stand on cache lines of their own, so that two cores
// would not fight over one line.
import { copyWords } from "../copy";
import { RING_BYTES, RING_HEAD, RING_MASK, RING_REFUSED, RING_SLOTS, RING_TAIL } from "../layout";
import { censusChain } from "../mbuf/census";

@unmanaged
export class Ring {
  slots: u32;
  mask: u32;
  line0a: u64;
  line0b: v128;
  line0c: v128;
  line0d: v128;
  /** Written by the producer only. */
  head: u32;
  line1a: u32;
  /** Values that found the ring full. */
  refused: u64;
  line1b: v128;
  line1c: v128;
  line1d: v128;
  /** Written by the consumer only. */
  tail: u32;
  line2a: u32;
  line2b: u64;
  line2c: v128;
  line2d: v128;
  line2e: v128;
}

if (offsetof<Ring>() != RING_BYTES) ERROR("Ring: size");
if (offsetof<Ring>("slots") != RING_SLOTS) ERROR("Ring: slots");
if (offsetof<Ring>("mask") != RING_MASK) ERROR("Ring: mask");
if (offsetof<Ring>("head") != RING_HEAD) ERROR("Ring: head");
if (offsetof<Ring>("refused") != RING_REFUSED) ERROR("Ring: refused");
if (offsetof<Ring>("tail") != RING_TAIL) ERROR("Ring: tail");

/** Makes an empty ring over capacity u32 slots; capacity is a power of two. */
export function ringInit(ring: usize, slots: usize, capacity: u32): void {
  const r = changetype<Ring>(ring);
  r.slots = slots as u32;
  r.mask = capacity - 1;
}

export function ringCount(ring: usize): u32 {
  const r = changetype<Ring>(ring);
  return r.head - r.tail;
}

/** Values that it has room for. */
export function ringRoom(ring: usize): u32 {
  const r = changetype<Ring>(ring);
  return r.mask + 1 - (r.head - r.tail);
}

/** Enqueues as many of n values as fit; the rest are counted as refused and stay the caller's. */
export function ringEnqueueBurst(ring: usize, list: usize, n: u32): u32 {
  const r = changetype<Ring>(ring);
  const took = min(n, ringRoom(ring));
  const mask = r.mask;
  const slots = r.slots as usize;
  const head = r.head;
  const at = slots + (((head & mask) as usize) << 2);
  if (took == 1) {
    store<u32>(at, load<u32>(list));
  } else {
    const first = min(took, mask + 1 - (head & mask));
    copyWords(at, list, first);
    if (first < took) copyWords(slots, list + ((first as usize) << 2), took - first);
  }
  r.head = head + took;
  if (took < n) r.refused += n - took;
  return took;
}

/** Enqueues one value; false, counted, when the ring is full. */
export function ringEnqueue(ring: usize, value: u32): bool {
  const r = changetype<Ring>(ring);
  const head = r.head;
  if (head - r.tail > r.mask) {
    r.refused += 1;
    return false;
  }
  store<u32>((r.slots as usize) + (((head & r.mask) as usize) << 2), value);
  r.head = head + 1;
  return true;
}

/** Dequeues at most n values into out; returns how many. */
export function ringDequeueBurst(ring: usize, out: usize, n: u32): u32 {
  const r = changetype<Ring>(ring);
  const took = min(n, r.head - r.tail);
  const mask = r.mask;
  const slots = r.slots as usize;
  const tail = r.tail;
  const at = slots + (((tail & mask) as usize) << 2);
  if (took == 1) {
    store<u32>(out, load<u32>(at));
  } else {
    const first = min(took, mask + 1 - (tail & mask));
    copyWords(out, at, first);
    if (first < took) copyWords(out + ((first as usize) << 2), slots, took - first);
  }
  r.tail = tail + took;
  return took;
}

/** The value that many places behind the consumer's cursor; the caller has seen that the ring holds that many. */
export function ringPeek(ring: usize, ahead: u32): u32 {
  const r = changetype<Ring>(ring);
  return load<u32>((r.slots as usize) + ((((r.tail + ahead) & r.mask) as usize) << 2));
}

/** Gives up n values that were peeked at. */
export function ringSkip(ring: usize, n: u32): void {
  changetype<Ring>(ring).tail += n;
}

/** Census: marks every mbuf in the ring; returns how many. */
export function censusRing(pool: usize, ring: usize): u32 {
  const n = ringCount(ring);
  let fresh: u32 = 0;
  for (let i: u32 = 0; i < n; i++) fresh += censusChain(pool, ringPeek(ring, i) as usize);
  return fresh;
}
