// Frames in flight, to and from the `frames` section of an adapter's state (docs/migration-state.md): one behind the other, a record each.
//
//   │ count u32 │ lens u32 │ bytes u32 │ 0 u32 │ records, 24 each │ lens, u32 each, up to a multiple of 8 │ bytes of all frames │
//
//   record   │ timestampNs u64 │ len u32 │ wireLen u32 │ segments u16 │ place u8 │ 0 u8 │ 0 u32 │
//
// A chain of k segments has k entries among lens; a frame of one segment has none. In a portable section segments is 0, there are no
// lens, and whoever takes a frame in cuts it as its own buffers are. The job says where the next record, entry and byte are: a section is
// written, checked or taken in by as many calls as there are places.
import { Copy } from "../copy";
import {
  FRAME_RECORD_BYTES,
  FRAME_RECORD_LEN,
  FRAME_RECORD_PLACE,
  FRAME_RECORD_SEGMENTS,
  FRAME_RECORD_TIMESTAMP_NS,
  FRAME_RECORD_WIRE_LEN,
  SEGMENTS_MAX,
  SNAPSHOT_BUF_BYTES,
  SNAPSHOT_BYTES,
  SNAPSHOT_DATA,
  SNAPSHOT_DATA_BYTES,
  SNAPSHOT_JOB_BYTES,
  SNAPSHOT_LENS,
  SNAPSHOT_LENS_LEFT,
  SNAPSHOT_MBUFS,
  SNAPSHOT_PORTABLE,
  SNAPSHOT_RECORDS,
  SNAPSHOT_WIRE_BYTES_MAX,
} from "../layout";
import { copyInChain } from "../mbuf/copy";
import { Mbuf } from "../mbuf/mbuf";
import { alloc, Fresh, Pool } from "../mbuf/pool";

/** Where a section is being written, checked or taken in. */
@unmanaged
class Job {
  records: u32;
  lens: u32;
  data: u32;
  /** Entries among lens that are left. */
  lensLeft: u32;
  /** Mbufs that the frames so far have, or need. */
  mbufs: u32;
  portable: u32;
  /** Of all frames so far. */
  bytes: u64;
  /** A buffer here, and of that what is behind the headroom. */
  bufBytes: u32;
  dataBytes: u32;
}

if (offsetof<Job>() != SNAPSHOT_JOB_BYTES) ERROR("Job: size");
if (offsetof<Job>("records") != SNAPSHOT_RECORDS) ERROR("Job: records");
if (offsetof<Job>("lens") != SNAPSHOT_LENS) ERROR("Job: lens");
if (offsetof<Job>("data") != SNAPSHOT_DATA) ERROR("Job: data");
if (offsetof<Job>("lensLeft") != SNAPSHOT_LENS_LEFT) ERROR("Job: lensLeft");
if (offsetof<Job>("mbufs") != SNAPSHOT_MBUFS) ERROR("Job: mbufs");
if (offsetof<Job>("portable") != SNAPSHOT_PORTABLE) ERROR("Job: portable");
if (offsetof<Job>("bytes") != SNAPSHOT_BYTES) ERROR("Job: bytes");
if (offsetof<Job>("bufBytes") != SNAPSHOT_BUF_BYTES) ERROR("Job: bufBytes");
if (offsetof<Job>("dataBytes") != SNAPSHOT_DATA_BYTES) ERROR("Job: dataBytes");

@unmanaged
class FrameRecord {
  timestampNs: u64;
  len: u32;
  wireLen: u32;
  segments: u16;
  place: u8;
  unused0: u8;
  unused1: u32;
}

if (offsetof<FrameRecord>() != FRAME_RECORD_BYTES) ERROR("FrameRecord: size");
if (offsetof<FrameRecord>("timestampNs") != FRAME_RECORD_TIMESTAMP_NS) ERROR("FrameRecord: timestampNs");
if (offsetof<FrameRecord>("len") != FRAME_RECORD_LEN) ERROR("FrameRecord: len");
if (offsetof<FrameRecord>("wireLen") != FRAME_RECORD_WIRE_LEN) ERROR("FrameRecord: wireLen");
if (offsetof<FrameRecord>("segments") != FRAME_RECORD_SEGMENTS) ERROR("FrameRecord: segments");
if (offsetof<FrameRecord>("place") != FRAME_RECORD_PLACE) ERROR("FrameRecord: place");

/** Adds up what n frames (list: u32 addresses) will need: job.bytes, job.mbufs, and as lensLeft their entries among lens. */
export function snapshotMeasure(job: usize, list: usize, n: u32): void {
  const j = changetype<Job>(job);
  let bytes: u64 = 0;
  let mbufs: u32 = 0;
  let lens: u32 = 0;
  for (const end = list + ((n as usize) << 2); list < end; list += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(list) as usize);
    const segments = mbuf.segments as u32;
    bytes += mbuf.pktLen;
    mbufs += segments;
    if (segments > 1) lens += segments;
  }
  j.bytes += bytes;
  j.mbufs += mbufs;
  if (j.portable == 0) j.lensLeft += lens;
}

/** Writes n frames of one place into the section, for which snapshotMeasure has seen that there is room. The frames stay as they are. */
export function snapshotGather(job: usize, list: usize, n: u32, place: u32): void {
  const j = changetype<Job>(job);
  const portable = j.portable != 0;
  let at = j.records as usize;
  let lens = j.lens as usize;
  let to = j.data as usize;
  for (const end = list + ((n as usize) << 2); list < end; list += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(list) as usize);
    if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "snapshot of a freed mbuf");
    const segments = mbuf.segments;
    const len = mbuf.pktLen;
    const record = changetype<FrameRecord>(at);
    record.timestampNs = mbuf.timestampNs;
    record.len = len;
    record.wireLen = mbuf.wireLen;
    store<u64>(at, portable ? (place as u64) << 16 : (segments as u64) | ((place as u64) << 16), FRAME_RECORD_SEGMENTS);
    if (segments == 1) {
      Copy.bytes(to, mbuf.data as usize, len);
    } else {
      gatherChain(mbuf, to, portable ? 0 : lens);
      if (!portable) lens += (segments as usize) << 2;
    }
    to += len;
    at += FRAME_RECORD_BYTES;
  }
  j.records = at as u32;
  j.lens = lens as u32;
  j.data = to as u32;
}

/** Copies a chain's bytes, and its segments' lengths to lens unless that is 0. */
function gatherChain(head: Mbuf, to: usize, lens: usize): void {
  for (let m = changetype<usize>(head); m != 0; m = changetype<Mbuf>(m).next as usize) {
    const segment = changetype<Mbuf>(m);
    Copy.bytes(to, segment.data as usize, segment.len);
    to += segment.len;
    if (lens == 0) continue;
    store<u32>(lens, segment.len);
    lens += 4;
  }
}

/**
 * Looks at n records, and reads nothing else of the section than its entries among lens: is each frame one that this pool's buffers can
 * hold? Adds up job.bytes and job.mbufs. Returns how many are sound, from the front; job then stands at the first that is not.
 */
export function snapshotCheck(job: usize, n: u32): u32 {
  const j = changetype<Job>(job);
  let place: u32 = 0;
  let i: u32 = 0;
  for (; i < n; i++) {
    const at = j.records as usize;
    const record = changetype<FrameRecord>(at);
    const len = record.len;
    const segments = record.segments as u32;
    if ((record.unused0 as u32) != 0 || record.unused1 != 0) break;
    if ((record.place as u32) < place) break;
    if (record.wireLen < len || record.wireLen > (SNAPSHOT_WIRE_BYTES_MAX as u32)) break;
    if (j.portable != 0) {
      if (segments != 0) break;
      const needed: u32 = len == 0 ? 1 : (len - 1) / j.dataBytes + 1;
      if (needed > (SEGMENTS_MAX as u32)) break;
      j.mbufs += needed;
    } else {
      if (segments == 1 ? len > j.bufBytes : !checkChain(j, segments, len)) break;
      j.mbufs += segments;
    }
    place = record.place;
    j.bytes += len;
    j.records = (at + FRAME_RECORD_BYTES) as u32;
  }
  return i;
}

/** Do the segments' lengths make up the frame's, and does a buffer hold each? Goes on to the next frame's if so. */
function checkChain(j: Job, segments: u32, len: u32): bool {
  if (segments < 2 || segments > (SEGMENTS_MAX as u32) || segments > j.lensLeft) return false;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < segments; i++) {
    const part = load<u32>((j.lens as usize) + ((i as usize) << 2));
    if (part > j.bufBytes) return false;
    // No overflow: 64 buffers of a pool that fits into memory.
    sum += part;
  }
  j.lens += segments << 2;
  j.lensLeft -= segments;
  return sum == len;
}

/**
 * Takes n frames of the section into fresh mbufs, whose addresses go into list (u32), as frames that came by the port of that index. They
 * have been checked, and the pool has seen that it has the mbufs.
 */
export function snapshotScatter(job: usize, pool: usize, list: usize, n: u32, port: u32): void {
  const j = changetype<Job>(job);
  const p = changetype<Pool>(pool);
  const headroom = p.headroom;
  const room = p.bufBytes - headroom;
  let at = j.records as usize;
  let from = j.data as usize;
  for (const end = list + ((n as usize) << 2); list < end; list += 4) {
    const record = changetype<FrameRecord>(at);
    const len = record.len;
    let m: usize;
    if (record.segments > 1) {
      m = scatterChain(j, p, from, record.segments as u32, len);
    } else if (record.segments == 0 && len > room) {
      m = copyInChain(pool, from, len, room);
    } else {
      m = scatterSegment(p, from, len);
    }
    const mbuf = changetype<Mbuf>(m);
    mbuf.wireLen = record.wireLen;
    mbuf.timestampNs = record.timestampNs;
    mbuf.port = port as u16;
    store<u32>(list, m as u32);
    from += len;
    at += FRAME_RECORD_BYTES;
  }
  j.records = at as u32;
  j.data = from as u32;
}

/** A segment that had used headroom where it was, and is longer than what is behind it, uses headroom here. */
function scatterSegment(p: Pool, from: usize, len: u32): usize {
  const m = alloc(changetype<usize>(p));
  assert(m != 0, "the pool was said to have enough mbufs");
  Copy.bytes(Fresh.write(m, min(p.headroom, p.bufBytes - len), len), from, len);
  return m;
}

function scatterChain(j: Job, p: Pool, from: usize, segments: u32, len: u32): usize {
  let head: usize = 0;
  let last: usize = 0;
  for (let i: u32 = 0; i < segments; i++) {
    const part = load<u32>(j.lens as usize);
    j.lens += 4;
    const m = scatterSegment(p, from, part);
    from += part;
    if (head == 0) head = m;
    else changetype<Mbuf>(last).next = m as u32;
    last = m;
  }
  const mbuf = changetype<Mbuf>(head);
  mbuf.pktLen = len;
  mbuf.segments = segments as u16;
  return head;
}
