// The device side of a transmit queue (queue.ts): takes posted frames as spans, completes them in any order.
//
// A driver in JavaScript is the device. It gets spans rather than descriptors, so that it need not follow wrap bits, and the
// mbuf behind each, since timestamps and lengths on the wire stand there and not in descriptors.
import { SPAN_ADDR, SPAN_BYTES, SPAN_ID, SPAN_LEN, SPAN_MBUF, SPAN_MORE } from "../layout";
import { hasNext, isAvail, usedFlags } from "./desc";
import { descOf, Queue, slotOf } from "./queue";

/** A span as a device takes it. */
@unmanaged
class Span {
  addr: u32;
  len: u32;
  id: u16;
  more: u16;
  mbuf: u32;
}

if (offsetof<Span>() != SPAN_BYTES) ERROR("Span: size");
if (offsetof<Span>("addr") != SPAN_ADDR) ERROR("Span: addr");
if (offsetof<Span>("len") != SPAN_LEN) ERROR("Span: len");
if (offsetof<Span>("id") != SPAN_ID) ERROR("Span: id");
if (offsetof<Span>("more") != SPAN_MORE) ERROR("Span: more");
if (offsetof<Span>("mbuf") != SPAN_MBUF) ERROR("Span: mbuf");

/**
 * Takes posted frames as spans (16 bytes each, see Span) into out, at most spansMax; a frame is never cut in two.
 * Returns the number of spans.
 */
export function takeBurst(queue: usize, out: usize, spansMax: u32): u32 {
  const q = changetype<Queue>(queue);
  let taken: u32 = 0;
  while (isAvail(descOf(q, q.deviceAvail).flags as u32, q.deviceAvailWrap)) {
    const segments = countSegments(q, q.deviceAvail);
    if (taken + segments > spansMax) break;
    const id = lastId(q, q.deviceAvail, segments);
    store<u16>((q.deviceSegments as usize) + ((id as usize) << 1), segments as u16);
    for (let i: u32 = 0; i < segments; i++) {
      const desc = descOf(q, q.deviceAvail);
      const span = changetype<Span>(out + (taken as usize) * SPAN_BYTES);
      span.addr = desc.addr as u32;
      span.len = desc.len;
      span.id = id as u16;
      span.more = i + 1 < segments ? 1 : 0;
      span.mbuf = slotOf(q, id).mbuf;
      taken++;
      if (++q.deviceAvail == q.size) {
        q.deviceAvail = 0;
        q.deviceAvailWrap ^= 1;
      }
    }
  }
  return taken;
}

/** Completes n buffers, in the order of their ids in list (u32): any order of those that were taken. */
export function completeBurst(queue: usize, list: usize, n: u32): void {
  const q = changetype<Queue>(queue);
  for (let i: u32 = 0; i < n; i++) {
    const id = load<u32>(list + ((i as usize) << 2));
    const segments = load<u16>((q.deviceSegments as usize) + ((id as usize) << 1)) as u32;
    assert(segments > 0, "completion of a buffer that was not taken");
    store<u16>((q.deviceSegments as usize) + ((id as usize) << 1), 0);
    const desc = descOf(q, q.deviceUsed);
    desc.id = id as u16;
    desc.len = 0; // a transmit buffer: the device wrote nothing into it
    desc.flags = usedFlags(q.deviceUsedWrap) as u16;
    q.deviceUsed += segments;
    if (q.deviceUsed >= q.size) {
      q.deviceUsed -= q.size;
      q.deviceUsedWrap ^= 1;
    }
  }
}

/** Descriptors of the next frame that the device can take; 0 when there is none. */
export function nextSegments(q: Queue): u32 {
  const index = q.deviceAvail;
  const flags = descOf(q, index).flags as u32;
  if (!isAvail(flags, q.deviceAvailWrap)) return 0;
  return hasNext(flags) ? countSegments(q, index) : 1;
}

/** nextSegments for a host that knows a queue by its address. */
export function queueNextSegments(queue: usize): u32 {
  return nextSegments(changetype<Queue>(queue));
}

function countSegments(q: Queue, index: u32): u32 {
  let segments: u32 = 1;
  while (hasNext(descOf(q, index).flags as u32)) {
    if (++index == q.size) index = 0;
    segments++;
  }
  return segments;
}

export function lastId(q: Queue, index: u32, segments: u32): u32 {
  const last = index + segments - 1;
  return descOf(q, last < q.size ? last : last - q.size).id as u32;
}
