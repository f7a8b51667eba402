// Frames into fresh mbufs and out of mbufs again: the one copy on the way in, and the one for a reader that wants plain bytes.
import { Copy } from "../copy";
import { SEGMENTS_MAX } from "../layout";
import { Mbuf } from "./mbuf";
import { alloc, assertFree, Fresh, Pool } from "./pool";

/**
 * Copies n frames (ptrs, lens: u32) into fresh mbufs, whose addresses go into out (u32), each behind its headroom; one longer
 * than a buffer becomes a chain. Returns how many from the front: it stops at a frame for which the pool has too few mbufs,
 * which is counted as an alloc that found too few, or that is longer than any chain.
 */
export function copyInBurst(pool: usize, ptrs: usize, lens: usize, out: usize, n: u32): u32 {
  const p = changetype<Pool>(pool);
  const headroom = p.headroom;
  const room = p.bufBytes - headroom;
  let free = p.freeCount;
  let i: u32 = 0;
  for (; i < n; i++) {
    const at = (i as usize) << 2;
    const from = load<u32>(ptrs + at) as usize;
    const len = load<u32>(lens + at);
    if (len > room) {
      const segments = (len - 1) / room + 1;
      if (segments > (SEGMENTS_MAX as u32)) break;
      p.freeCount = free;
      const chain = copyInChain(pool, from, len, room);
      if (chain == 0) break;
      free = p.freeCount;
      store<u32>(out + at, chain as u32);
      continue;
    }
    if (free == 0) {
      p.empty += 1;
      break;
    }
    free--;
    const m = freeAt(p, free);
    Copy.bytes(Fresh.write(m, headroom, len), from, len);
    store<u32>(out + at, m as u32);
  }
  p.freeCount = free;
  return i;
}

/**
 * Copies n frames, chains in one piece, into areas of strideBytes from out on, and their lengths into lens (u32). Returns how
 * many from the front: it stops at one that is longer than strideBytes. The frames stay the caller's.
 */
export function copyOutBurst(list: usize, out: usize, strideBytes: u32, lens: usize, n: u32): u32 {
  let i: u32 = 0;
  for (; i < n; i++) {
    const at = (i as usize) << 2;
    const mbuf = changetype<Mbuf>(load<u32>(list + at) as usize);
    if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "copy of a freed mbuf");
    const len = mbuf.pktLen;
    if (len > strideBytes) break;
    if (mbuf.next == 0) Copy.bytes(out, mbuf.data as usize, len);
    else chainOut(mbuf, out);
    store<u32>(lens + at, len);
    out += strideBytes;
  }
  return i;
}

/**
 * len bytes in a chain of fresh mbufs of at most segmentBytes each; 0, counted as an alloc that found too few, and nothing taken,
 * when the pool has too few.
 */
export function copyInChain(pool: usize, from: usize, len: u32, segmentBytes: u32): usize {
  const p = changetype<Pool>(pool);
  const segments = (len - 1) / segmentBytes + 1;
  if (segments > p.freeCount) {
    p.empty += 1;
    return 0;
  }
  p.freeCount -= segments;
  const first = p.freeCount + segments - 1;
  const head = freeAt(p, first);
  let last: usize = 0;
  let left = len;
  for (let i: u32 = 0; i < segments; i++) {
    const m = freeAt(p, first - i);
    const part = min(left, segmentBytes);
    memory.copy(Fresh.write(m, p.headroom, part), from, part);
    if (last != 0) changetype<Mbuf>(last).next = m as u32;
    last = m;
    from += part;
    left -= part;
  }
  const mbuf = changetype<Mbuf>(head);
  mbuf.pktLen = len;
  mbuf.wireLen = len;
  mbuf.segments = segments as u16;
  return head;
}

/** Copies len bytes of a chain from byte off on; the chain holds that many. */
export function copyOfChain(m: usize, off: u32, to: usize, len: u32): void {
  let segment = changetype<Mbuf>(m);
  while (off >= segment.len && len > 0) {
    off -= segment.len;
    segment = changetype<Mbuf>(segment.next as usize);
  }
  while (len > 0) {
    const part = min(segment.len - off, len);
    Copy.bytes(to, (segment.data + off) as usize, part);
    to += part;
    len -= part;
    off = 0;
    if (len > 0) segment = changetype<Mbuf>(segment.next as usize);
  }
}

/** A frame of one segment again, in a fresh mbuf that is charged to nobody; 0 when the pool has none, or the frame has several segments. */
export function copyOfFrame(pool: usize, m: usize): usize {
  const mbuf = changetype<Mbuf>(m);
  if (mbuf.segments != 1) return 0;
  const copy = alloc(pool);
  if (copy == 0) return 0;
  const c = changetype<Mbuf>(copy);
  Copy.bytes(Fresh.write(copy, changetype<Pool>(pool).headroom, mbuf.len), mbuf.data as usize, mbuf.len);
  c.wireLen = mbuf.wireLen;
  c.port = mbuf.port;
  c.timestampNs = mbuf.timestampNs;
  return copy;
}

function chainOut(mbuf: Mbuf, out: usize): void {
  for (let next = changetype<usize>(mbuf); next != 0; next = changetype<Mbuf>(next).next as usize) {
    const segment = changetype<Mbuf>(next);
    memory.copy(out, segment.data as usize, segment.len);
    out += segment.len;
  }
}

/** What lies at that place of the free stack. */
function freeAt(p: Pool, index: u32): usize {
  const m = load<u32>((p.freeStack as usize) + ((index as usize) << 2)) as usize;
  if (!ASC_NO_ASSERT) assertFree(p, m);
  return m;
}
