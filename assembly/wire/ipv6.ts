// IPv6 (RFC 8200 section 3) and its extension headers (section 4). Offsets from the header's first byte.
import { load16be } from "../be";
import { sumBytes } from "../checksum";

export const IPV6_BYTES: u32 = 40;
export const IPV6_PAYLOAD_LENGTH: usize = 4;
export const IPV6_NEXT_HEADER: usize = 6;
export const IPV6_SRC: usize = 8;
export const IPV6_DST: usize = 24;

export const NEXT_HOP_BY_HOP: u32 = 0;
export const NEXT_ROUTING: u32 = 43;
export const NEXT_FRAGMENT: u32 = 44;
export const NEXT_AUTHENTICATION: u32 = 51;
export const NEXT_DESTINATION: u32 = 60;
export const NEXT_MOBILITY: u32 = 135;
export const NEXT_HIP: u32 = 139;
export const NEXT_SHIM6: u32 = 140;

/** Most extension headers that are walked; RFC 8200 section 4.1 lists six in its order. */
export const IPV6_EXTENSIONS_MAX: u32 = 8;

export function ipv6PayloadLength(ip: usize): u32 {
  return load16be(ip + IPV6_PAYLOAD_LENGTH);
}

export function ipv6NextHeader(ip: usize): u32 {
  return load<u8>(ip, IPV6_NEXT_HEADER) as u32;
}

export function isExtension(next: u32): bool {
  if (next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT || next == NEXT_DESTINATION) return true;
  return next == NEXT_AUTHENTICATION || next == NEXT_MOBILITY || next == NEXT_HIP || next == NEXT_SHIM6;
}

/** Length in bytes of the extension header at ptr, of which 2 bytes are there. */
export function extensionBytes(ptr: usize, kind: u32): u32 {
  if (kind == NEXT_FRAGMENT) return 8;
  const units = load<u8>(ptr, 1) as u32;
  return kind == NEXT_AUTHENTICATION ? (units + 2) << 2 : (units + 1) << 3;
}

/** The protocol of what begins at byte off of a datagram, behind extension headers that parse has walked. */
export function ipv6ProtocolAt(ip: usize, off: u32): u32 {
  let next = ipv6NextHeader(ip);
  let header = ip + IPV6_BYTES;
  const end = ip + off;
  while (header < end) {
    const kind = next;
    next = load<u8>(header) as u32;
    header += extensionBytes(header, kind);
  }
  return next;
}

/** The traffic class: DSCP and ECN, where IPv4 has its type of service. */
export function ipv6TrafficClass(ip: usize): u32 {
  return (load16be(ip) >> 4) & 0xff;
}

/** The fragment header of a packet in which parse has found one. */
export function fragmentHeader(ip: usize): usize {
  let next = ipv6NextHeader(ip);
  let header = ip + IPV6_BYTES;
  while (next != NEXT_FRAGMENT) {
    const bytes = extensionBytes(header, next);
    next = load<u8>(header) as u32;
    header += bytes;
  }
  return header;
}

/** Sum of the pseudo-header (RFC 8200 section 8.1) of a transport segment of len bytes, in memory order. */
export function ipv6PseudoSum(ip: usize, protocol: u32, len: u32): u64 {
  return sumBytes(ip + IPV6_SRC, 32, (bswap<u32>(protocol) as u64) + (bswap<u32>(len) as u64));
}
