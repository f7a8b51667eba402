// Fills in checksums: what an adapter does for a host that left them to it. The IPv4 header's, and the transport's when
// all it covers is here. A UDP checksum that computes to 0 is written as 0xffff; an absent one (0 over IPv4) stays absent.
import { complement, sumBytes, udpWire } from "../checksum";
import { FLAG_IPV4, FLAG_UDP, MBUF_FLAGS, OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES } from "../wire/ethernet";
import { IPV4_BYTES, IPV4_CHECKSUM, IPV4_DST, IPV4_SRC, ipv4HeaderSum } from "../wire/ipv4";
import { PROTOCOL_TCP, PROTOCOL_UDP, TCP_CHECKSUM, UDP_BYTES, UDP_CHECKSUM, udpLength } from "../wire/transport";
import { parse } from "./parse";
import { PLAIN_L4, PLAIN_TCP, PLAIN_UDP } from "./plain";
import { checksumField, hasTransport, isWhole, pseudoSum, transportSum } from "./transport";

/**
 * Parses n frames (list: u32 addresses) and fills in their checksums; each frame's cause is left in its mbuf. Returns how
 * many frames had a checksum that was not what it is now: none, for traffic that was right.
 */
export function fillBurst(list: usize, n: u32): u32 {
  let changed: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    const cause = parse(m);
    changetype<Mbuf>(m).cause = cause as u16;
    if (cause == OK) changed += fill(m);
  }
  return changed;
}

/** 1 when a checksum changed, else 0. */
function fill(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if (mbuf.segments == 1) {
    const kind = load<u64>(m, MBUF_FLAGS);
    if (kind == PLAIN_UDP) {
      const length = udpLength((mbuf.data + PLAIN_L4) as usize);
      // 0 is a GSO frame longer than the field can say, and wraps round: not here as a whole, or the general way's.
      if (length - UDP_BYTES <= mbuf.pktLen - PLAIN_L4 - UDP_BYTES) return fillPlain(mbuf, PROTOCOL_UDP, length);
    } else if (kind == PLAIN_TCP) {
      if (mbuf.l4Len <= mbuf.pktLen - PLAIN_L4) return fillPlain(mbuf, PROTOCOL_TCP, mbuf.l4Len);
    }
  }
  const isIpv4 = (mbuf.flags & FLAG_IPV4) != 0;
  let changed: u32 = 0;
  if (isIpv4 && mbuf.l4 != 0) {
    const ip = (mbuf.data + mbuf.l3) as usize;
    const before = load<u16>(ip, IPV4_CHECKSUM) as u32;
    // The field's own words, taken off the sum again: a store of zero before would delay the loads behind it.
    const check = complement(ipv4HeaderSum(ip, mbuf.l4 - mbuf.l3) - (before as u64));
    store<u16>(ip, check as u16, IPV4_CHECKSUM);
    changed = before ^ check;
  }
  if (hasTransport(m)) {
    if (isWhole(m)) changed |= fillTransport(m, isIpv4);
  }
  return changed == 0 ? 0 : 1;
}

/** fill for TCP or UDP in IPv4 without options, all of whose length bytes are here. */
function fillPlain(mbuf: Mbuf, protocol: u32, length: u32): u32 {
  const ip = (mbuf.data as usize) + (ETHERNET_BYTES as usize);
  const l4 = ip + (IPV4_BYTES as usize);
  const addresses = (load<u32>(ip, IPV4_SRC) as u64) + (load<u32>(ip, IPV4_DST) as u64);
  const words = (load<u32>(ip) as u64) + (load<u32>(ip, 4) as u64) + (load<u32>(ip, 8) as u64);
  const ipBefore = load<u16>(ip, IPV4_CHECKSUM) as u32;
  const ipCheck = complement(words + addresses - (ipBefore as u64));
  store<u16>(ip, ipCheck as u16, IPV4_CHECKSUM);
  const isUdp = protocol == PROTOCOL_UDP;
  const field = l4 + (isUdp ? UDP_CHECKSUM : TCP_CHECKSUM);
  const before = load<u16>(field) as u32;
  let check: u32 = 0;
  if (before != 0 || !isUdp) {
    // Nothing here is all zero, so a sum of zero is none of zeros: the pseudo-header has the protocol in it.
    const pseudo = addresses + (protocol << 8) + (bswap<u16>(length as u16) as u64);
    check = complement(sumBytes(l4, length, pseudo) - (before as u64));
    if (isUdp) check = udpWire(check);
    store<u16>(field, check as u16);
  }
  return ((ipBefore ^ ipCheck) | (before ^ check)) == 0 ? 0 : 1;
}

/** What the transport's checksum was, xor what it is now. */
function fillTransport(m: usize, isIpv4: bool): u32 {
  const field = checksumField(m);
  const before = load<u16>(field) as u32;
  const isUdp = (changetype<Mbuf>(m).flags & FLAG_UDP) != 0;
  if (before == 0 && isUdp && isIpv4) return 0;
  const pseudo = pseudoSum(m);
  let check = complement(transportSum(m, pseudo) - (before as u64));
  if (check == 0) {
    // The other bytes came to a multiple of 0xffff, or were all zero, whose checksum is 0xffff: which, only a sum can tell.
    store<u16>(field, 0);
    check = complement(transportSum(m, pseudo));
  }
  if (isUdp) check = udpWire(check);
  store<u16>(field, check as u16);
  return before ^ check;
}
