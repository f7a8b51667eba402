// The Internet checksum (RFC 1071): full sums by SIMD, updates by RFC 1624.
//
// A "sum" here is a one's-complement sum of 16-bit words in *memory order* (little-endian), not yet complemented.
// RFC 1071 section 2(B): the sum does not depend on byte order, so a folded sum written by a plain store<u16> is already
// in network order and no word is ever swapped. Sums are u64 while they grow: no carry can be lost below 2^48 words.

/**
 * Longest run that 32-bit lanes can sum: a step of 64 bytes adds at most 2 * 65535 to a lane of each of four accumulators,
 * which become one in the end; 2^13 steps fit.
 */
const LANE_SAFE_BYTES: u32 = 1 << 19;

/** One's-complement sum of len bytes, added to sum. An odd last byte counts as the first byte of a word (zero padded). */
export function sumBytes(ptr: usize, len: u32, sum: u64): u64 {
  while (len >= 64) {
    const run = min<u32>(len, LANE_SAFE_BYTES) & ~63;
    sum += sumVectors(ptr, ptr + run);
    ptr += run;
    len -= run;
  }
  if (len & 32) {
    sum += load<u32>(ptr) as u64;
    sum += load<u32>(ptr, 4) as u64;
    sum += load<u32>(ptr, 8) as u64;
    sum += load<u32>(ptr, 12) as u64;
    sum += load<u32>(ptr, 16) as u64;
    sum += load<u32>(ptr, 20) as u64;
    sum += load<u32>(ptr, 24) as u64;
    sum += load<u32>(ptr, 28) as u64;
    ptr += 32;
  }
  if (len & 16) {
    sum += load<u32>(ptr) as u64;
    sum += load<u32>(ptr, 4) as u64;
    sum += load<u32>(ptr, 8) as u64;
    sum += load<u32>(ptr, 12) as u64;
    ptr += 16;
  }
  if (len & 8) {
    sum += load<u32>(ptr) as u64;
    sum += load<u32>(ptr, 4) as u64;
    ptr += 8;
  }
  if (len & 4) {
    sum += load<u32>(ptr) as u64;
    ptr += 4;
  }
  if (len & 2) {
    sum += load<u16>(ptr) as u64;
    ptr += 2;
  }
  if (len & 1) sum += load<u8>(ptr) as u64;
  return sum;
}

/** Sum of the whole 64-byte blocks in [ptr, end): four accumulators, since one would wait for itself. */
function sumVectors(ptr: usize, end: usize): u64 {
  let a = i64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  while (ptr < end) {
    a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(v128.load(ptr)));
    b = i32x4.add(b, i32x4.extadd_pairwise_i16x8_u(v128.load(ptr, 16)));
    c = i32x4.add(c, i32x4.extadd_pairwise_i16x8_u(v128.load(ptr, 32)));
    d = i32x4.add(d, i32x4.extadd_pairwise_i16x8_u(v128.load(ptr, 48)));
    ptr += 64;
  }
  const lanes = i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
  const wide = i64x2.add(i64x2.extend_low_i32x4_u(lanes), i64x2.extend_high_i32x4_u(lanes));
  return i64x2.extract_lane(wide, 0) + i64x2.extract_lane(wide, 1);
}

/** The sum as 16 bits, carries added back in. 0 only for a sum of 0. */
export function fold(sum: u64): u32 {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  return fold32(sum as u32);
}

/** fold for a sum that has stayed within 32 bits, such as a header's. */
export function fold32(sum: u32): u32 {
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

/** A sum that began at an odd byte, brought back to even bytes (RFC 1071 section 2(B): swap the bytes). */
export function swapSum(sum: u64): u64 {
  return bswap<u16>(fold(sum) as u16) as u64;
}

/** The checksum of a sum: its complement, ready for store<u16>. */
export function complement(sum: u64): u32 {
  return fold(sum) ^ 0xffff;
}

/** Internet checksum of len bytes, in memory order. */
export function checksum(ptr: usize, len: u32): u32 {
  return complement(sumBytes(ptr, len, 0));
}

/** A UDP checksum as it goes on the wire: a computed 0 is sent as 0xffff, since 0 means absent (RFC 768). */
export function udpWire(check: u32): u32 {
  return check == 0 ? 0xffff : check;
}

/** RFC 1624 equation 3, HC' = ~(~HC + ~m + m'), for one 16-bit field; all values in memory order. */
export function update16(check: u32, before: u32, after: u32): u32 {
  return complement(((check ^ 0xffff) + (before ^ 0xffff) + after) as u64);
}

/** The same for a 32-bit field: two words at once. */
export function update32(check: u32, before: u32, after: u32): u32 {
  return complement(((check ^ 0xffff) as u64) + ((before ^ 0xffffffff) as u64) + (after as u64));
}

/** update16 for a UDP checksum: an absent one (0) stays absent, and a computed 0 becomes 0xffff. */
export function updateUdp16(check: u32, before: u32, after: u32): u32 {
  return check == 0 ? 0 : udpWire(update16(check, before, after));
}

/** update32 for a UDP checksum: an absent one (0) stays absent, and a computed 0 becomes 0xffff. */
export function updateUdp32(check: u32, before: u32, after: u32): u32 {
  return check == 0 ? 0 : udpWire(update32(check, before, after));
}
