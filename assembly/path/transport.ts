// Transport checksums of a parsed frame: which bytes they cover, where they stand, what they come to. TCP (RFC 9293 section
// 3.1), UDP (RFC 768), ICMP (RFC 792), ICMPv6 (RFC 4443 section 2.3), over IPv4 and IPv6 (RFC 8200 section 8.1).
import { FLAG_CUT, FLAG_FRAGMENT, FLAG_ICMP, FLAG_ICMPV6, FLAG_IPV4, FLAG_ROUTED, FLAG_TCP, FLAG_UDP } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { sumChain } from "../mbuf/sum";
import { ipv4PseudoSum } from "../wire/ipv4";
import { ipv6PseudoSum } from "../wire/ipv6";
import {
  ICMP_CHECKSUM,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_CHECKSUM,
  UDP_CHECKSUM,
  udpLength,
} from "../wire/transport";

/** True when parse found a transport header that has a checksum. */
export function hasTransport(m: usize): bool {
  return (changetype<Mbuf>(m).flags & (FLAG_TCP | FLAG_UDP | FLAG_ICMP | FLAG_ICMPV6)) != 0;
}

/** True when all bytes that the checksum covers are here, and the pseudo-header's addresses are the final ones. */
export function isWhole(m: usize): bool {
  const mbuf = changetype<Mbuf>(m);
  if ((mbuf.flags & (FLAG_FRAGMENT | FLAG_ROUTED | FLAG_CUT)) != 0 || mbuf.payload == 0) return false;
  return mbuf.l4 + transportLength(m) <= mbuf.pktLen;
}

/** Address of the checksum field; the header is here. */
export function checksumField(m: usize): usize {
  const mbuf = changetype<Mbuf>(m);
  const l4 = (mbuf.data + mbuf.l4) as usize;
  if ((mbuf.flags & FLAG_TCP) != 0) return l4 + TCP_CHECKSUM;
  return l4 + ((mbuf.flags & FLAG_UDP) != 0 ? UDP_CHECKSUM : ICMP_CHECKSUM);
}

/** Sum of the pseudo-header, in memory order; 0 for ICMP over IPv4, which has none. */
export function pseudoSum(m: usize): u64 {
  const mbuf = changetype<Mbuf>(m);
  const flags = mbuf.flags;
  if ((flags & FLAG_ICMP) != 0) return 0;
  const ip = (mbuf.data + mbuf.l3) as usize;
  const length = transportLength(m);
  let protocol = PROTOCOL_UDP;
  if ((flags & FLAG_TCP) != 0) protocol = PROTOCOL_TCP;
  if ((flags & FLAG_ICMPV6) != 0) protocol = PROTOCOL_ICMPV6;
  return (flags & FLAG_IPV4) != 0 ? ipv4PseudoSum(ip, protocol, length) : ipv6PseudoSum(ip, protocol, length);
}

/** Sum of header and payload as they are, the checksum field with them, added to pseudo; the frame is whole. */
export function transportSum(m: usize, pseudo: u64): u64 {
  return sumChain(m, changetype<Mbuf>(m).l4, transportLength(m), pseudo);
}

/** Bytes from the transport header to its end: behind a UDP datagram's own length there may be others. */
function transportLength(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if ((mbuf.flags & FLAG_UDP) == 0) return mbuf.l4Len;
  // 0 is a GSO frame longer than the field can say.
  const length = udpLength((mbuf.data + mbuf.l4) as usize);
  return length == 0 ? mbuf.l4Len : length;
}
