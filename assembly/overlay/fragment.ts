// A guest's IPv4 datagram that its path does not hold, and that may be fragmented, in pieces that it does (RFC 791 section 3.2,
// RFC 1812 section 4.2.2.7). Only the inner datagram is ever fragmented; outer packets are not.
//
//   frame      │ Ethernet (VLAN) │ IP, all options  │ payload …                                          │ padding │
//   fragments  │ Ethernet (VLAN) │ IP, all options  │ 8n bytes │
//              │ Ethernet (VLAN) │ IP, copied ones  │ 8n bytes │
//              │ Ethernet (VLAN) │ IP, copied ones  │ what is left │
//
// Fragments are copies in fresh mbufs, in order, each as long as can be; what is longer than a buffer becomes a chain. A fragment
// is fragmented like any datagram: offsets count on from its own, and the last piece has MF as it had.

import { load16be, store16be } from "../be";
import { complement } from "../checksum";
import { Copy } from "../copy";
import { DROP_MBUF_LIMIT, FLAG_CUT, FLAG_IPV4, FRAGMENTS_MAX } from "../layout";
import { copyOfChain } from "../mbuf/copy";
import { chargeLike } from "../mbuf/ledger";
import { Mbuf } from "../mbuf/mbuf";
import { alloc, freeBurst, Pool } from "../mbuf/pool";
import {
  IPV4_BYTES,
  IPV4_CHECKSUM,
  IPV4_DF,
  IPV4_FRAGMENT,
  IPV4_MF,
  IPV4_OFFSET_MASK,
  IPV4_OPTION_COPIED,
  IPV4_OPTION_END,
  IPV4_OPTION_NOP,
  IPV4_RESERVED,
  IPV4_TOTAL_LENGTH,
  ipv4ChecksumHolds,
  ipv4HeaderSum,
} from "../wire/ipv4";

/** The longest datagram, and where the last byte of the last fragment may stand. */
const DATAGRAM_BYTES_MAX: u32 = 0xffff;
/** What copiedOptions gives for options that make no sense. */
const MALFORMED: u32 = u32.MAX_VALUE;

/**
 * Makes fragments of at most mtuBytes, IP header included, of a parsed frame; writes their addresses into out (u32, room for
 * FRAGMENTS_MAX) and returns how many. They have the frame's port, timestamp and VNI, and are not parsed. The frame stays the
 * caller's. Returns 0, and nothing is taken, when the pool has too few mbufs (counted as an alloc that found too few) or the frame's
 * owner may not hold as many (in the frame's cause), and for a frame that cannot be fragmented: not IPv4, DF set, short enough as it is,
 * not all here, its header's checksum wrong, its options damaged, in more than FRAGMENTS_MAX pieces, or mtuBytes too small for 8 bytes of
 * payload.
 */
export function fragment(pool: usize, m: usize, mtuBytes: u32, out: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "fragmentation of a freed mbuf");
  if (!mayFragment(mbuf, mtuBytes)) return 0;
  const l3 = mbuf.l3 as u32;
  const ip = (mbuf.data + l3) as usize;
  const first = (mbuf.l4 as u32) - l3;
  const options = copiedOptions(ip, first, 0);
  if (options == MALFORMED) return 0;
  const later = IPV4_BYTES + ((options + 3) & ~3);
  const field = load16be(ip + IPV4_FRAGMENT);
  // 1. How many pieces, and mbufs for them?
  const pieces = countPieces(changetype<Pool>(pool), mbuf, mtuBytes, first, later);
  if (pieces == 0) return 0;
  // 2. Each with its headers, and its part of the payload.
  let off: u32 = 0;
  for (let i: u32 = 0; i < pieces; i++) {
    const headerBytes = i == 0 ? first : later;
    const len = pieceBytes(mbuf.l4Len - off, mtuBytes - headerBytes);
    const piece = alloc(pool);
    const to = headOf(piece, mbuf, l3 + headerBytes);
    if (i == 0) Copy.bytes(to + l3, ip, first);
    else writeLaterHeader(to + l3, ip, first, later);
    const more = i + 1 < pieces ? IPV4_MF : field & IPV4_MF;
    const place = (field & IPV4_OFFSET_MASK) + (off >> 3);
    finishHeader(to + l3, headerBytes, len, (field & IPV4_RESERVED) | more | place);
    appendPayload(pool, piece, m, (mbuf.l4 as u32) + off, len);
    store<u32>(out + ((i as usize) << 2), piece as u32);
    off += len;
  }
  return mayHold(pool, m, out, pieces) ? pieces : 0;
}

/** Charges pieces to the frame's owner; false, that in its cause, and they are gone, when it may not hold them beside the frame. */
function mayHold(pool: usize, m: usize, list: usize, n: u32): bool {
  const ledger = changetype<Pool>(pool).ledger as usize;
  for (let i: u32 = 0; i < n; i++) {
    if (chargeLike(ledger, m, load<u32>(list + ((i as usize) << 2)) as usize)) continue;
    freeBurst(pool, list, n);
    changetype<Mbuf>(m).cause = DROP_MBUF_LIMIT as u16;
    return false;
  }
  return true;
}

function mayFragment(mbuf: Mbuf, mtuBytes: u32): bool {
  if ((mbuf.flags & (FLAG_IPV4 | FLAG_CUT)) != FLAG_IPV4) return false;
  const ip = (mbuf.data + mbuf.l3) as usize;
  const headerBytes = (mbuf.l4 - mbuf.l3) as u32;
  const totalLength = headerBytes + mbuf.l4Len;
  const field = load16be(ip + IPV4_FRAGMENT);
  if ((field & IPV4_DF) != 0 || totalLength <= mtuBytes || headerBytes + 8 > mtuBytes) return false;
  // A GSO frame longer than a datagram can be, or a fragment that ends beyond one: no offset could say where its pieces belong.
  if (totalLength > DATAGRAM_BYTES_MAX) return false;
  if (((field & IPV4_OFFSET_MASK) << 3) + mbuf.l4Len > DATAGRAM_BYTES_MAX) return false;
  if ((mbuf.l4 as u32) + mbuf.l4Len > mbuf.pktLen) return false;
  // The pieces' headers get checksums of their own, which must not make a damaged one good.
  return ipv4ChecksumHolds(ip, headerBytes);
}

/** Bytes of payload in a piece that has so much room when so many are left: all but the last are multiples of 8. */
function pieceBytes(left: u32, room: u32): u32 {
  return left <= room ? left : room & ~7;
}

/** How many pieces; 0 when there are too many, or too few mbufs. */
function countPieces(p: Pool, mbuf: Mbuf, mtuBytes: u32, first: u32, later: u32): u32 {
  const room = p.bufBytes - p.headroom;
  const l3 = mbuf.l3 as u32;
  // All headers are to be in a piece's first buffer, or it could not be parsed.
  if (l3 + first > room) return 0;
  let headerBytes = first;
  let mbufs: u32 = 0;
  let pieces: u32 = 0;
  for (let left = mbuf.l4Len; left > 0; pieces++) {
    if (pieces == FRAGMENTS_MAX) return 0;
    const len = pieceBytes(left, mtuBytes - headerBytes);
    mbufs += (l3 + headerBytes + len - 1) / room + 1;
    left -= len;
    headerBytes = later;
  }
  if (mbufs <= p.freeCount) return pieces;
  p.empty += 1;
  return 0;
}

/** Begins a piece: the frame's Ethernet header, and room for the IP header behind it; returns where the first byte stands. */
function headOf(piece: usize, from: Mbuf, headerBytes: u32): usize {
  const mbuf = changetype<Mbuf>(piece);
  mbuf.len = headerBytes;
  mbuf.port = from.port;
  mbuf.timestampNs = from.timestampNs;
  mbuf.vni = from.vni;
  Copy.bytes(mbuf.data as usize, from.data as usize, from.l3);
  return mbuf.data as usize;
}

/** The frame's header with those of its options that are copied, padded with zeros (RFC 791 section 3.1). */
function writeLaterHeader(to: usize, ip: usize, first: u32, later: u32): void {
  Copy.bytes(to, ip, IPV4_BYTES);
  store<u8>(to, (0x40 | (later >> 2)) as u8);
  const end = IPV4_BYTES + copiedOptions(ip, first, to + IPV4_BYTES);
  for (let off = end; off < later; off++) store<u8>(to + off, 0);
}

/** Fills in what differs from piece to piece. */
function finishHeader(ip: usize, headerBytes: u32, len: u32, field: u32): void {
  store16be(ip + IPV4_TOTAL_LENGTH, headerBytes + len);
  store16be(ip + IPV4_FRAGMENT, field);
  store<u16>(ip, 0, IPV4_CHECKSUM);
  store<u16>(ip, complement(ipv4HeaderSum(ip, headerBytes)) as u16, IPV4_CHECKSUM);
}

/**
 * Bytes of the options that every fragment repeats, which are written one behind the other to an address unless it is 0; MALFORMED
 * when one runs over the header's end, or has a length that its own first two bytes exceed.
 */
function copiedOptions(ip: usize, headerBytes: u32, to: usize): u32 {
  let copied: u32 = 0;
  for (let off = IPV4_BYTES; off < headerBytes; ) {
    const kind = load<u8>(ip + off) as u32;
    if (kind == IPV4_OPTION_END) break;
    if (kind == IPV4_OPTION_NOP) {
      off++;
      continue;
    }
    if (off + 2 > headerBytes) return MALFORMED;
    const len = load<u8>(ip + off, 1) as u32;
    if (len < 2 || off + len > headerBytes) return MALFORMED;
    if ((kind & IPV4_OPTION_COPIED) != 0) {
      if (to != 0) Copy.bytes(to + copied, ip + off, len);
      copied += len;
    }
    off += len;
  }
  return copied;
}

/** Appends len bytes of the frame from byte off on to a piece that is one segment so far; the pool has the mbufs for it. */
function appendPayload(pool: usize, piece: usize, m: usize, off: u32, len: u32): void {
  const p = changetype<Pool>(pool);
  const room = p.bufBytes - p.headroom;
  const head = changetype<Mbuf>(piece);
  head.pktLen = head.len + len;
  head.wireLen = head.pktLen;
  let last = head;
  for (;;) {
    const part = min(len, room - last.len);
    copyOfChain(m, off, (last.data + last.len) as usize, part);
    last.len += part;
    len -= part;
    if (len == 0) break;
    off += part;
    const next = alloc(pool);
    last.next = next as u32;
    last = changetype<Mbuf>(next);
    head.segments += 1;
  }
}
