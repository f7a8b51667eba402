// The mbuf: one fixed-size buffer and the 64-byte record that says where in it the data lies.
//
//   record (64 bytes)                                     buffer (pool.bufBytes)
//   ┌─────┬──────┬─────┬──────┬────────┬─────────┐        ┌──────────────┬──────────────┬──────────┐
//   │ buf │ data │ len │ next │ pktLen │ wireLen │        │   headroom   │     data     │ tailroom │
//   ├─────┴─┬────┴──┬──┴───┬──┴────┬───┴─────────┤        └──────────────┴──────────────┴──────────┘
//   │ refs  │ segs  │ port │ census│   (24..31)  │        ↑ buf          ↑ data         ↑ data + len
//   ├───────┴───────┴──────┴───────┴─────────────┤
//   │ parse: flags l3 l4 payload cause hash      │        Frames longer than a buffer are chains by next; pktLen,
//   ├────────────────────────────────────────────┤        wireLen and segs are kept in the head only. wireLen is
//   │ timestampNs · vni · l4Len                  │        more than pktLen when a capture's snaplen cut the frame.
//   └────────────────────────────────────────────┘
//
// Headers are prepended into the headroom: a pointer moves, no byte does. A prepend or append that finds no room returns
// 0 and leaves the mbuf as it was. Asserts (debug build) catch the use of a freed mbuf.
import {
  MBUF_BUF,
  MBUF_BYTES,
  MBUF_CAUSE,
  MBUF_CENSUS_ROUND,
  MBUF_CENSUS_SEEN,
  MBUF_DATA,
  MBUF_FLAGS,
  MBUF_HASH,
  MBUF_L3,
  MBUF_L4,
  MBUF_L4_LEN,
  MBUF_LEN,
  MBUF_NEXT,
  MBUF_PAYLOAD,
  MBUF_PKT_LEN,
  MBUF_PORT,
  MBUF_REF_COUNT,
  MBUF_SEGMENTS,
  MBUF_TIMESTAMP_NS,
  MBUF_VNI,
  MBUF_WIRE_LEN,
} from "../layout";

@unmanaged
export class Mbuf {
  buf: u32;
  data: u32;
  len: u32;
  next: u32;
  pktLen: u32;
  wireLen: u32;
  refCount: u16;
  segments: u16;
  port: u16;
  censusRound: u8;
  censusSeen: u8;
  flags: u32;
  l3: u16;
  l4: u16;
  payload: u16;
  cause: u16;
  hash: u32;
  timestampNs: u64;
  vni: u32;
  l4Len: u32;
}

if (offsetof<Mbuf>() != MBUF_BYTES) ERROR("Mbuf: size");
if (offsetof<Mbuf>("buf") != MBUF_BUF) ERROR("Mbuf: buf");
if (offsetof<Mbuf>("data") != MBUF_DATA) ERROR("Mbuf: data");
if (offsetof<Mbuf>("len") != MBUF_LEN) ERROR("Mbuf: len");
if (offsetof<Mbuf>("next") != MBUF_NEXT) ERROR("Mbuf: next");
if (offsetof<Mbuf>("pktLen") != MBUF_PKT_LEN) ERROR("Mbuf: pktLen");
if (offsetof<Mbuf>("wireLen") != MBUF_WIRE_LEN) ERROR("Mbuf: wireLen");
if (offsetof<Mbuf>("refCount") != MBUF_REF_COUNT) ERROR("Mbuf: refCount");
if (offsetof<Mbuf>("segments") != MBUF_SEGMENTS) ERROR("Mbuf: segments");
if (offsetof<Mbuf>("port") != MBUF_PORT) ERROR("Mbuf: port");
if (offsetof<Mbuf>("censusRound") != MBUF_CENSUS_ROUND) ERROR("Mbuf: censusRound");
if (offsetof<Mbuf>("censusSeen") != MBUF_CENSUS_SEEN) ERROR("Mbuf: censusSeen");
if (offsetof<Mbuf>("flags") != MBUF_FLAGS) ERROR("Mbuf: flags");
if (offsetof<Mbuf>("l3") != MBUF_L3) ERROR("Mbuf: l3");
if (offsetof<Mbuf>("l4") != MBUF_L4) ERROR("Mbuf: l4");
if (offsetof<Mbuf>("payload") != MBUF_PAYLOAD) ERROR("Mbuf: payload");
if (offsetof<Mbuf>("cause") != MBUF_CAUSE) ERROR("Mbuf: cause");
if (offsetof<Mbuf>("hash") != MBUF_HASH) ERROR("Mbuf: hash");
if (offsetof<Mbuf>("timestampNs") != MBUF_TIMESTAMP_NS) ERROR("Mbuf: timestampNs");
if (offsetof<Mbuf>("vni") != MBUF_VNI) ERROR("Mbuf: vni");
if (offsetof<Mbuf>("l4Len") != MBUF_L4_LEN) ERROR("Mbuf: l4Len");

/** Bytes free in front of the data. */
export function headroom(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  return mbuf.data - mbuf.buf;
}

/** Puts len bytes in front of the data and returns their address; 0 when the headroom is too small (mbuf untouched). */
export function prepend(m: usize, len: u32): usize {
  const mbuf = changetype<Mbuf>(m);
  // noAssert drops the trap and keeps the load, which the transmit loop would pay for.
  if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "prepend to a freed mbuf");
  const data = mbuf.data;
  if (data - mbuf.buf < len) return 0;
  mbuf.data = data - len;
  mbuf.len += len;
  mbuf.pktLen += len;
  mbuf.wireLen += len;
  return data - len;
}

/** Takes len bytes off the front and returns the new first byte; 0 when the head segment is shorter (mbuf untouched). */
export function adj(m: usize, len: u32): usize {
  const mbuf = changetype<Mbuf>(m);
  assert(mbuf.refCount > 0, "adj of a freed mbuf");
  if (mbuf.len < len) return 0;
  mbuf.data += len;
  mbuf.len -= len;
  mbuf.pktLen -= len;
  mbuf.wireLen -= len;
  return mbuf.data;
}

/** Adds len bytes behind a chain's last byte and returns their address; 0 when its last buffer has no room. */
export function append(m: usize, len: u32, bufBytes: u32): usize {
  const mbuf = changetype<Mbuf>(m);
  assert(mbuf.refCount > 0, "append to a freed mbuf");
  const last = changetype<Mbuf>(lastSegment(m));
  const end = last.data + last.len;
  if (last.buf + bufBytes - end < len) return 0;
  last.len += len;
  mbuf.pktLen += len;
  mbuf.wireLen += len;
  return end;
}

/**
 * Takes len bytes off a chain's end and returns 1; 0 when the chain is shorter (mbuf untouched).
 * Segments that become empty stay in the chain: freeing them is the pool's work.
 */
export function trim(m: usize, len: u32): u32 {
  const mbuf = changetype<Mbuf>(m);
  assert(mbuf.refCount > 0, "trim of a freed mbuf");
  if (mbuf.pktLen < len) return 0;
  mbuf.pktLen -= len;
  mbuf.wireLen -= len;
  let keep = mbuf.pktLen;
  for (let next = m; next != 0; next = changetype<Mbuf>(next).next as usize) {
    const segment = changetype<Mbuf>(next);
    segment.len = min(segment.len, keep);
    keep -= segment.len;
  }
  return 1;
}

function lastSegment(m: usize): usize {
  while (changetype<Mbuf>(m).next != 0) m = changetype<Mbuf>(m).next as usize;
  return m;
}

/** Hangs tail (a whole chain) behind head. The caller gives up tail. Returns 0 when the chain would be too long. */
export function chain(head: usize, tail: usize, segmentsMax: u32): u32 {
  const h = changetype<Mbuf>(head);
  const t = changetype<Mbuf>(tail);
  assert(h.refCount > 0 && t.refCount > 0, "chain of a freed mbuf");
  assert(head != tail, "chain of an mbuf to itself");
  if ((h.segments as u32) + (t.segments as u32) > segmentsMax) return 0;
  changetype<Mbuf>(lastSegment(head)).next = tail as u32;
  h.segments += t.segments;
  h.pktLen += t.pktLen;
  h.wireLen += t.wireLen;
  return 1;
}
