// Transport headers: TCP (RFC 9293 section 3.1), UDP (RFC 768), ICMP (RFC 792), ICMPv6 (RFC 4443). Offsets from the
// header's first byte.
import { load16be } from "../be";

export const PROTOCOL_ICMP: u32 = 1;
export const PROTOCOL_TCP: u32 = 6;
export const PROTOCOL_UDP: u32 = 17;
export const PROTOCOL_GRE: u32 = 47;
export const PROTOCOL_ICMPV6: u32 = 58;

export const TCP_BYTES: u32 = 20;
export const TCP_SEQUENCE: usize = 4;
export const TCP_ACKNOWLEDGMENT: usize = 8;
export const TCP_DATA_OFFSET: usize = 12;
export const TCP_FLAGS: usize = 13;
export const TCP_WINDOW: usize = 14;
export const TCP_CHECKSUM: usize = 16;
export const TCP_FIN: u32 = 0x01;
export const TCP_SYN: u32 = 0x02;
export const TCP_RST: u32 = 0x04;
export const TCP_ACK: u32 = 0x10;
/** Options (RFC 9293 section 3.1): two of one byte, the others with a length byte. */
export const TCP_OPTION_END: u32 = 0;
export const TCP_OPTION_NOP: u32 = 1;
export const TCP_OPTION_MSS: u32 = 2;
export const TCP_OPTION_MSS_BYTES: u32 = 4;
/** RFC 7323 sections 2.2 and 3.2. */
export const TCP_OPTION_WINDOW_SCALE: u32 = 3;
export const TCP_OPTION_WINDOW_SCALE_BYTES: u32 = 3;
export const TCP_OPTION_TIMESTAMPS: u32 = 8;
export const TCP_OPTION_TIMESTAMPS_BYTES: u32 = 10;
export const UDP_BYTES: u32 = 8;
export const UDP_DST: usize = 2;
export const UDP_LENGTH: usize = 4;
export const UDP_CHECKSUM: usize = 6;
export const ICMP_BYTES: u32 = 8;
export const ICMPV6_BYTES: u32 = 4;
export const ICMP_CHECKSUM: usize = 2;
/** Of echoes. */
export const ICMP_IDENTIFIER: usize = 4;

/** Source and destination port of TCP and UDP as one value, in memory order. */
export function ports(l4: usize): u32 {
  return load<u32>(l4);
}

export function tcpHeaderBytes(tcp: usize): u32 {
  return ((load<u8>(tcp, TCP_DATA_OFFSET) >> 4) as u32) << 2;
}

export function udpDestination(udp: usize): u32 {
  return load16be(udp + UDP_DST);
}

export function udpLength(udp: usize): u32 {
  return load16be(udp + UDP_LENGTH);
}
