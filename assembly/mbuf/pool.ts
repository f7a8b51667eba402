// The pool: all mbufs of an engine, made once, and a stack of the free ones.
//
// A stack, not a queue: the buffer freed last is the one still in the cache. bulk is all or nothing, burst as many as
// fit (DPDK's two words for the two contracts). The debug build checks each mbuf that comes back: ours, not free already,
// and not written to while it was free (freed buffers are filled with a pattern).
import {
  MBUF_BYTES,
  MBUF_DATA,
  MBUF_FLAGS,
  MBUF_LEN,
  MBUF_PKT_LEN,
  MBUF_TIMESTAMP_NS,
  POOL_BUF_BYTES,
  POOL_BUFFERS,
  POOL_BYTES,
  POOL_CENSUS_DOUBLES,
  POOL_CENSUS_ROUND,
  POOL_COUNT,
  POOL_EMPTY,
  POOL_FREE_COUNT,
  POOL_FREE_STACK,
  POOL_HEADROOM,
  POOL_LEDGER,
  POOL_RECORDS,
} from "../layout";
import { Charge, release } from "./ledger";
import { Mbuf } from "./mbuf";

/** Written over a freed buffer by the debug build. */
const FREED: u8 = 0xdd;

@unmanaged
export class Pool {
  records: u32;
  buffers: u32;
  freeStack: u32;
  freeCount: u32;
  count: u32;
  bufBytes: u32;
  headroom: u32;
  censusRound: u32;
  censusDoubles: u32;
  /** Who holds which mbuf (ledger.ts); 0 when nobody counts. */
  ledger: u32;
  /** How often an alloc found too few. */
  empty: u64;
  unused2: v128;
}

if (offsetof<Pool>() != POOL_BYTES) ERROR("Pool: size");
if (offsetof<Pool>("records") != POOL_RECORDS) ERROR("Pool: records");
if (offsetof<Pool>("buffers") != POOL_BUFFERS) ERROR("Pool: buffers");
if (offsetof<Pool>("freeStack") != POOL_FREE_STACK) ERROR("Pool: freeStack");
if (offsetof<Pool>("freeCount") != POOL_FREE_COUNT) ERROR("Pool: freeCount");
if (offsetof<Pool>("count") != POOL_COUNT) ERROR("Pool: count");
if (offsetof<Pool>("bufBytes") != POOL_BUF_BYTES) ERROR("Pool: bufBytes");
if (offsetof<Pool>("headroom") != POOL_HEADROOM) ERROR("Pool: headroom");
if (offsetof<Pool>("censusRound") != POOL_CENSUS_ROUND) ERROR("Pool: censusRound");
if (offsetof<Pool>("censusDoubles") != POOL_CENSUS_DOUBLES) ERROR("Pool: censusDoubles");
if (offsetof<Pool>("ledger") != POOL_LEDGER) ERROR("Pool: ledger");
if (offsetof<Pool>("empty") != POOL_EMPTY) ERROR("Pool: empty");

/** Makes count mbufs over records (64 bytes each) and buffers (bufBytes each); freeStack holds count u32. */
export function poolInit(
  pool: usize,
  records: usize,
  buffers: usize,
  freeStack: usize,
  total: u32,
  bufBytes: u32,
  headroomBytes: u32,
): void {
  const p = changetype<Pool>(pool);
  p.records = records as u32;
  p.buffers = buffers as u32;
  p.freeStack = freeStack as u32;
  p.freeCount = total;
  p.count = total;
  p.bufBytes = bufBytes;
  p.headroom = headroomBytes;
  for (let i: u32 = 0; i < total; i++) {
    // The lowest addresses end on top of the stack.
    const index = total - 1 - i;
    const m = records + (index as usize) * MBUF_BYTES;
    changetype<Mbuf>(m).buf = (buffers + (index as usize) * bufBytes) as u32;
    store<u32>(freeStack + ((i as usize) << 2), m as u32);
    if (!ASC_NO_ASSERT) memory.fill(changetype<Mbuf>(m).buf as usize, FREED, bufBytes);
  }
}

/** As many of n as the pool has, into out (u32 addresses); returns how many. */
export function allocBurst(pool: usize, out: usize, n: u32): u32 {
  const p = changetype<Pool>(pool);
  const got = min(n, p.freeCount);
  if (got < n) p.empty += 1;
  return take(p, out, got);
}

/** All n, into out; 0, and nothing taken, when the pool has fewer. */
export function allocBulk(pool: usize, out: usize, n: u32): u32 {
  const p = changetype<Pool>(pool);
  if (p.freeCount < n) {
    p.empty += 1;
    return 0;
  }
  return take(p, out, n);
}

/** One mbuf, or 0. */
export function alloc(pool: usize): usize {
  const p = changetype<Pool>(pool);
  if (p.freeCount == 0) {
    p.empty += 1;
    return 0;
  }
  p.freeCount -= 1;
  const m = load<u32>((p.freeStack as usize) + ((p.freeCount as usize) << 2)) as usize;
  if (!ASC_NO_ASSERT) assertFree(p, m);
  Fresh.write(m, p.headroom, 0);
  return m;
}

/** Drops one reference to every segment of the chain; segments without references go back to the pool. */
export function free(pool: usize, m: usize): void {
  Freeing.chain(pool, m);
}

/** free for n chains whose addresses stand in list (u32). */
export function freeBurst(pool: usize, list: usize, n: u32): void {
  if (changetype<Pool>(pool).ledger == 0) Freeing.burst(pool, list, n, false);
  else Freeing.burst(pool, list, n, true);
}

/** A class because asc inlines on demand only decorated methods. */
export class Freeing {
  /** free, for a loop that frees a frame at a time. */
  @inline
  static chain(pool: usize, m: usize): void {
    const p = changetype<Pool>(pool);
    while (m != 0) {
      const mbuf = changetype<Mbuf>(m);
      if (!ASC_NO_ASSERT) assertLive(p, m);
      const next = mbuf.next as usize;
      mbuf.refCount -= 1;
      if (mbuf.refCount == 0) {
        if (p.ledger != 0) release(p.ledger as usize, m);
        if (!ASC_NO_ASSERT) memory.fill(mbuf.buf as usize, FREED, p.bufBytes);
        store<u32>((p.freeStack as usize) + ((p.freeCount as usize) << 2), m as u32);
        p.freeCount += 1;
      }
      m = next;
    }
  }

  /**
   * freeBurst, compiled once for pools without a ledger and once for those with one. What one owner was charged at one time, as a burst nearly always is, it
   * gets back at once.
   */
  @inline
  static burst(pool: usize, list: usize, n: u32, isCharged: bool): void {
    const p = changetype<Pool>(pool);
    const end = list + ((n as usize) << 2);
    // In locals, since a field is loaded again after every store.
    const ledger = p.ledger as usize;
    let top = (p.freeStack as usize) + ((p.freeCount as usize) << 2);
    let run: u64 = 0;
    let mbufs: u32 = 0;
    for (; list < end; list += 4) {
      let m = load<u32>(list) as usize;
      while (m != 0) {
        const mbuf = changetype<Mbuf>(m);
        if (!ASC_NO_ASSERT) assertLive(p, m);
        const next = mbuf.next as usize;
        const owners = (mbuf.refCount as u32) - 1;
        mbuf.refCount = owners as u16;
        if (owners == 0) {
          if (isCharged) {
            const entry = Charge.take(ledger, m);
            if (entry != run) {
              if (run != 0) Charge.giveBack(ledger, run, mbufs);
              run = entry;
              mbufs = 0;
            }
            mbufs++;
          }
          if (!ASC_NO_ASSERT) memory.fill(mbuf.buf as usize, FREED, p.bufBytes);
          store<u32>(top, m as u32);
          top += 4;
        }
        m = next;
      }
    }
    if (isCharged && run != 0) Charge.giveBack(ledger, run, mbufs);
    p.freeCount = ((top - (p.freeStack as usize)) >> 2) as u32;
  }
}

/** One more owner for every segment of the chain. */
export function retain(m: usize): void {
  while (m != 0) {
    const mbuf = changetype<Mbuf>(m);
    assert(mbuf.refCount > 0, "retain of a freed mbuf");
    mbuf.refCount += 1;
    m = mbuf.next as usize;
  }
}

/**
 * Copies a chain's bytes together into its head segment and frees the others. Returns the bytes copied; u32 max, and the
 * chain untouched, when they do not fit behind the head's data or when the head has a second owner.
 */
export function linearize(pool: usize, m: usize): u32 {
  const p = changetype<Pool>(pool);
  const head = changetype<Mbuf>(m);
  assert(head.refCount > 0, "linearize of a freed mbuf");
  const copied = head.pktLen - head.len;
  const room = head.buf + p.bufBytes - (head.data + head.len);
  if (copied > room || head.refCount > 1) return u32.MAX_VALUE;
  let end = (head.data + head.len) as usize;
  for (let next = head.next as usize; next != 0; next = changetype<Mbuf>(next).next as usize) {
    const segment = changetype<Mbuf>(next);
    memory.copy(end, segment.data as usize, segment.len);
    end += segment.len;
  }
  if (head.next != 0) free(pool, head.next as usize);
  head.next = 0;
  head.segments = 1;
  head.len = head.pktLen;
  return copied;
}

function take(p: Pool, out: usize, n: u32): u32 {
  const from = p.freeCount - n;
  const first = (p.freeStack as usize) + ((from as usize) << 2);
  const room = p.headroom;
  for (let i: u32 = 0; i < n; i++) {
    const at = (i as usize) << 2;
    const m = load<u32>(first + at) as usize;
    if (!ASC_NO_ASSERT) assertFree(p, m);
    Fresh.write(m, room, 0);
    store<u32>(out + at, m as u32);
  }
  p.freeCount = from;
  return n;
}

/** One owner, one segment; the census has not seen it. */
const FRESH_COUNTS: u64 = 0x0001_0001;

/** A class because asc inlines on demand only decorated methods. */
export class Fresh {
  /**
   * A fresh mbuf with len bytes of data behind its headroom: one owner, nothing parsed. By vectors, not by its 20 fields.
   * Returns where the data begins.
   */
  @inline
  static write(m: usize, headroomBytes: u32, len: u32): usize {
    const data = changetype<Mbuf>(m).buf + headroomBytes;
    store<u32>(m, data, MBUF_DATA);
    store<u64>(m, len, MBUF_LEN);
    v128.store(m, i64x2.replace_lane(i64x2.splat((len as u64) | ((len as u64) << 32)), 1, FRESH_COUNTS), MBUF_PKT_LEN);
    v128.store(m, i64x2.splat(0), MBUF_FLAGS);
    v128.store(m, i64x2.splat(0), MBUF_TIMESTAMP_NS);
    return data as usize;
  }
}

function isOurs(p: Pool, m: usize): bool {
  const offset = (m as u32) - p.records;
  return offset < p.count * MBUF_BYTES && offset % MBUF_BYTES == 0;
}

function assertLive(p: Pool, m: usize): void {
  assert(isOurs(p, m), "free of a foreign pointer");
  assert(changetype<Mbuf>(m).refCount > 0, "double free");
}

/** Asserts that what lies on the free stack is free, and was not written to since. */
export function assertFree(p: Pool, m: usize): void {
  const mbuf = changetype<Mbuf>(m);
  assert(mbuf.refCount == 0, "the free stack holds a live mbuf");
  for (let i: u32 = 0; i < p.bufBytes; i++) {
    assert(load<u8>((mbuf.buf + i) as usize) == FREED, "a buffer was written to after it was freed");
  }
}
