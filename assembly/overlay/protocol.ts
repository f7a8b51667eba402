// What policy asks of a parsed frame besides who sends it to whom: the protocol, the destination port, whether it is an echo.
import { load16be } from "../be";
import { FLAG_ICMP, FLAG_ICMPV6, FLAG_IPV4, FLAG_IPV6, FLAG_TCP, FLAG_UDP, PROGRAM_NOT_IP } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ipv4Protocol } from "../wire/ipv4";
import { ipv6ProtocolAt } from "../wire/ipv6";
import { ICMP_BYTES, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP, UDP_DST } from "../wire/transport";

const ICMP_ECHO_REPLY: u32 = 0;
const ICMP_ECHO_REQUEST: u32 = 8;
const ICMPV6_ECHO_REQUEST: u32 = 128;
const ICMPV6_ECHO_REPLY: u32 = 129;

/** The IP protocol, behind any extension headers; PROGRAM_NOT_IP for other frames. */
export function protocolOf(mbuf: Mbuf): u32 {
  const flags = mbuf.flags;
  if (mbuf.l4 == 0 || (flags & (FLAG_IPV4 | FLAG_IPV6)) == 0) return PROGRAM_NOT_IP;
  const ip = (mbuf.data + mbuf.l3) as usize;
  if ((flags & FLAG_IPV4) != 0) return ipv4Protocol(ip);
  if ((flags & FLAG_TCP) != 0) return PROTOCOL_TCP;
  if ((flags & FLAG_UDP) != 0) return PROTOCOL_UDP;
  if ((flags & FLAG_ICMPV6) != 0) return PROTOCOL_ICMPV6;
  return ipv6ProtocolAt(ip, mbuf.l4 - mbuf.l3);
}

/** The destination port of TCP and UDP; 0 for others, and where it is not here. */
export function destinationPort(mbuf: Mbuf): u32 {
  if ((mbuf.flags & (FLAG_TCP | FLAG_UDP)) == 0 || mbuf.payload == 0) return 0;
  return load16be(((mbuf.data + mbuf.l4) as usize) + UDP_DST);
}

/** True for an ICMP or ICMPv6 echo request or reply whose identifier is here. */
export function isEcho(mbuf: Mbuf): bool {
  const l4 = (mbuf.data + mbuf.l4) as usize;
  if (mbuf.payload == 0 || mbuf.l4Len < ICMP_BYTES || mbuf.len < mbuf.l4 + ICMP_BYTES) return false;
  const type = load<u8>(l4) as u32;
  if ((mbuf.flags & FLAG_ICMP) != 0) return type == ICMP_ECHO_REQUEST || type == ICMP_ECHO_REPLY;
  return type == ICMPV6_ECHO_REQUEST || type == ICMPV6_ECHO_REPLY;
}
