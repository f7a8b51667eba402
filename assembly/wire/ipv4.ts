// IPv4 (RFC 791 section 3.1). Offsets from the header's first byte; the accessors trust that 20 bytes are there.
import { load16be } from "../be";
import { complement } from "../checksum";

export const IPV4_BYTES: u32 = 20;
/** Type of service: DSCP 6, ECN 2 (RFC 2474, RFC 3168). */
export const IPV4_TOS: usize = 1;
export const IPV4_TOTAL_LENGTH: usize = 2;
export const IPV4_IDENTIFICATION: usize = 4;
export const IPV4_FRAGMENT: usize = 6;
export const IPV4_PROTOCOL: usize = 9;
export const IPV4_CHECKSUM: usize = 10;
export const IPV4_SRC: usize = 12;
export const IPV4_DST: usize = 16;
/** In the 16 bits of flags and fragment offset: reserved, don't fragment, more fragments, offset in units of 8 bytes. */
export const IPV4_RESERVED: u32 = 0x8000;
export const IPV4_DF: u32 = 0x4000;
export const IPV4_MF: u32 = 0x2000;
export const IPV4_OFFSET_MASK: u32 = 0x1fff;
/** Options (RFC 791 section 3.1): two of one byte, the others with a length byte; the upper bit says that fragments repeat it. */
export const IPV4_OPTION_END: u32 = 0;
export const IPV4_OPTION_NOP: u32 = 1;
export const IPV4_OPTION_COPIED: u32 = 0x80;

export function ipVersion(ip: usize): u32 {
  return (load<u8>(ip) >> 4) as u32;
}

export function ipv4HeaderBytes(ip: usize): u32 {
  return ((load<u8>(ip) & 0xf) as u32) << 2;
}

export function ipv4TotalLength(ip: usize): u32 {
  return load16be(ip + IPV4_TOTAL_LENGTH);
}

export function ipv4Protocol(ip: usize): u32 {
  return load<u8>(ip, IPV4_PROTOCOL) as u32;
}

/** True for every fragment of a datagram: more to come, or an offset. */
export function ipv4IsFragment(ip: usize): bool {
  return (load16be(ip + IPV4_FRAGMENT) & 0x3fff) != 0;
}

export function ipv4FragmentOffset(ip: usize): u32 {
  return load16be(ip + IPV4_FRAGMENT) & 0x1fff;
}

/** Sum of a header of 20 to 60 bytes, in memory order: a few words, for which sumBytes would cost more than they do. */
export function ipv4HeaderSum(ip: usize, headerBytes: u32): u64 {
  let sum = (load<u32>(ip) as u64) + (load<u32>(ip, 4) as u64) + (load<u32>(ip, 8) as u64);
  sum += (load<u32>(ip, 12) as u64) + (load<u32>(ip, 16) as u64);
  for (let off = IPV4_BYTES; off < headerBytes; off += 4) sum += load<u32>(ip + off) as u64;
  return sum;
}

/** True when the header, its checksum included, sums to 0xffff. */
export function ipv4ChecksumHolds(ip: usize, headerBytes: u32): bool {
  return complement(ipv4HeaderSum(ip, headerBytes)) == 0;
}

/** Sum of the pseudo-header (RFC 9293 section 3.1) of a transport segment of len bytes, in memory order. */
export function ipv4PseudoSum(ip: usize, protocol: u32, len: u32): u64 {
  const addresses = (load<u32>(ip, IPV4_SRC) as u64) + (load<u32>(ip, IPV4_DST) as u64);
  return addresses + (bswap<u32>(protocol) as u64) + (bswap<u32>(len) as u64);
}
