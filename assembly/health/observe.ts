// The health of TCP connections, from their segments as they pass: what docs/limits-health.md defines, segment by segment. A frame that parse
// has accepted is looked at, not changed; whatever it says, it is counted, skipped, or counted as far as it makes sense.
import { load16be, load32be } from "../be";
import { FLAG_FRAGMENT, FLAG_IPV4, FLAG_TCP, HALF_F_SCALED, MONITOR_HALVES, MONITOR_RUN } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import {
  TCP_ACK,
  TCP_ACKNOWLEDGMENT,
  TCP_FIN,
  TCP_FLAGS,
  TCP_OPTION_TIMESTAMPS,
  TCP_OPTION_TIMESTAMPS_BYTES,
  TCP_OPTION_WINDOW_SCALE,
  TCP_OPTION_WINDOW_SCALE_BYTES,
  TCP_RST,
  TCP_SEQUENCE,
  TCP_SYN,
  TCP_WINDOW,
  tcpHeaderBytes,
} from "../wire/transport";
import { judgeAck } from "./acknowledge";
import { Half, halfOf, Known, otherHalf } from "./connection";
import { Monitor } from "./monitor";
import { optionAt } from "./options";
import { countRoundTrip, PeerHealth } from "./peer";
import { endRoundTrip, NO_ROUND_TRIP, noteStamp } from "./round-trip";
import { FAR, judgeSequence, OUT_OF_ORDER, RETRANSMISSION } from "./sequence";

/** RFC 7323 section 2.3: what is more counts as this. */
const SHIFT_MAX: u32 = 14;

/** What a frame must have, and not have, to be looked ahead for. */
const PLAIN: u32 = FLAG_IPV4 | FLAG_TCP;

/**
 * Observes n frames whose addresses stand in list, each for the health record at the same place in peers (0: for nobody). It goes in passes
 * over up to MONITOR_RUN frames: the first looks for their connections, so that what they wait for of memory they wait for together.
 */
export function healthBurst(monitor: usize, list: usize, peers: usize, n: u32, network: u32): void {
  const halves = monitor + MONITOR_HALVES;
  while (n != 0) {
    const run = min<u32>(n, MONITOR_RUN);
    const bytes = (run as usize) << 2;
    let seen: u32 = 0;
    for (let at: usize = 0; at < bytes; at += 4) {
      const half = lookAhead(monitor, load<u32>(list + at) as usize, network);
      store<u32>(halves + at, half as u32);
      if (half != 0) seen ^= load<u32>(half);
    }
    changetype<Monitor>(monitor).touched = seen;
    for (let at: usize = 0; at < bytes; at += 4) {
      const m = load<u32>(list + at) as usize;
      if ((changetype<Mbuf>(m).flags & FLAG_TCP) == 0) continue;
      observe(monitor, m, load<u32>(peers + at) as usize, network, load<u32>(halves + at) as usize);
    }
    list += bytes;
    peers += bytes;
    n -= run;
  }
}

/** A class because asc inlines on demand only decorated methods. */
export class Health {
  /**
   * Observes a parsed frame of a network for a peer's health record, or (0) for nobody: its connection is followed all the same. Of
   * other frames than TCP's it costs a compare.
   */
  @inline
  static observe(monitor: usize, m: usize, peer: usize, network: u32): void {
    if ((changetype<Mbuf>(m).flags & FLAG_TCP) != 0) {
      observe(monitor, m, peer, network, lookAhead(monitor, m, network));
    }
  }
}

/** Health.observe of one frame. */
export function healthObserve(monitor: usize, m: usize, peer: usize, network: u32): void {
  Health.observe(monitor, m, peer, network);
}

/** The half of who sent a frame, when that is found at once; else 0. */
function lookAhead(monitor: usize, m: usize, network: u32): usize {
  const mbuf = changetype<Mbuf>(m);
  if ((mbuf.flags & (PLAIN | FLAG_FRAGMENT)) != PLAIN || mbuf.payload == 0) return 0;
  return Known.half(monitor, mbuf, network);
}

/** known is what lookAhead gave. */
function observe(monitor: usize, m: usize, peer: usize, network: u32, known: usize): void {
  const mbuf = changetype<Mbuf>(m);
  const o = changetype<Monitor>(monitor);
  const tcp = (mbuf.data + mbuf.l4) as usize;
  // 1. The header is here, whole but for options, and is the segment's own; lengths are the IP header's, whatever a capture cut.
  if ((mbuf.flags & FLAG_FRAGMENT) != 0 || mbuf.payload == 0) {
    o.skipped += 1;
    return;
  }
  const headerBytes = tcpHeaderBytes(tcp);
  const bytes = mbuf.l4Len - headerBytes;
  if (((mbuf.payload - mbuf.l4) as u32) != headerBytes || bytes >= (FAR as u32)) {
    o.skipped += 1;
    return;
  }
  const flags = load<u8>(tcp, TCP_FLAGS) as u32;
  if (peer != 0) countSegment(changetype<PeerHealth>(peer), mbuf, tcp, flags, bytes);
  // 2. Its connection; a reset begins none, and says nothing of the way that it came.
  const isReset = (flags & TCP_RST) != 0;
  const half = known != 0 ? known : halfOf(monitor, mbuf, network, !isReset);
  if (half == 0) return;
  changetype<Half>(half).lastTick = o.tick as u16;
  if (isReset) return;
  // 3. Its place in the sequence.
  const isSyn = (flags & TCP_SYN) != 0;
  const len = bytes + u32(isSyn) + u32((flags & TCP_FIN) != 0);
  const what = judgeSequence(o, half, load32be(tcp + TCP_SEQUENCE), len, bytes, isSyn);
  // 4. Its acknowledgment and window.
  const end = min(mbuf.payload as u32, mbuf.len) - mbuf.l4;
  if (isSyn) noteScale(half, tcp, end);
  let isDuplicate: bool = false;
  if ((flags & TCP_ACK) != 0) {
    isDuplicate = judgeAck(half, load32be(tcp + TCP_ACKNOWLEDGMENT), windowOf(half, tcp, isSyn), len == 0);
  }
  // 5. Its timestamps.
  const us = timestamps(o, mbuf, half, tcp, end, flags, len != 0);
  if (peer == 0) return;
  const p = changetype<PeerHealth>(peer);
  if (what == RETRANSMISSION) p.retransmissions += 1;
  else if (what == OUT_OF_ORDER) p.outOfOrder += 1;
  if (isDuplicate) p.duplicateAcks += 1;
  if (us != NO_ROUND_TRIP) countRoundTrip(p, us);
}

/** What a segment says without its connection. */
function countSegment(p: PeerHealth, mbuf: Mbuf, tcp: usize, flags: u32, bytes: u32): void {
  p.segments += 1;
  p.dataSegments += u64(bytes != 0);
  p.frameBytes += mbuf.pktLen;
  p.mbufs += mbuf.segments;
  if (load<u16>(tcp, TCP_WINDOW) == 0 && (flags & (TCP_RST | TCP_SYN | TCP_FIN)) == 0) p.zeroWindows += 1;
}

/** Keeps the window scale of a SYN (RFC 7323 section 2.2). */
function noteScale(half: usize, tcp: usize, end: u32): void {
  const h = changetype<Half>(half);
  const off = optionAt(tcp, end, TCP_OPTION_WINDOW_SCALE, TCP_OPTION_WINDOW_SCALE_BYTES);
  h.flags = ((h.flags as u32) & ~HALF_F_SCALED) as u8;
  if (off == 0) return;
  h.flags |= HALF_F_SCALED as u8;
  h.shift = min<u32>(load<u8>(tcp + off, 2) as u32, SHIFT_MAX) as u8;
}

/** Bytes that a segment advertises: scaled when both SYNs said how, and never in a SYN. */
function windowOf(half: usize, tcp: usize, isSyn: bool): u32 {
  const window = load16be(tcp + TCP_WINDOW);
  const h = changetype<Half>(half);
  const both = (h.flags & changetype<Half>(otherHalf(half)).flags) as u32;
  return isSyn || (both & HALF_F_SCALED) == 0 ? window : window << h.shift;
}

/** Microseconds of the round trip that the segment ends, or NO_ROUND_TRIP. */
function timestamps(o: Monitor, mbuf: Mbuf, half: usize, tcp: usize, end: u32, flags: u32, isAnswered: bool): u32 {
  const off = optionAt(tcp, end, TCP_OPTION_TIMESTAMPS, TCP_OPTION_TIMESTAMPS_BYTES);
  if (off == 0) return NO_ROUND_TRIP;
  const ns = mbuf.timestampNs != 0 ? mbuf.timestampNs : o.nowNs;
  noteStamp(half, load32be(tcp + off + 2), ns, isAnswered);
  return (flags & TCP_ACK) != 0 ? endRoundTrip(half, load32be(tcp + off + 6), ns) : NO_ROUND_TRIP;
}
