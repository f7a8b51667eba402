// The Internet checksum (RFC 1071): full sums by SIMD, updates by RFC 1624.
//
// A "sum" here is a one's-complement sum of 16-bit words in *memory order* (little-endian), not yet complemented.
// RFC 1071 section 2(B): the sum does not depend on byte order, so a folded sum written by a plain store<u16> is already
// in network order and no word is ever swapped. Sums are u64 while they grow: no carry is lost in what a memory can hold.

/** One's-complement sum of len bytes, added to sum. An odd last byte counts as the first byte of a word (zero padded). */
export function sumBytes(ptr: usize, len: u32, sum: u64): u64 {
  return Sum.of(ptr, len, sum);
}

/** A class because asc inlines on demand only decorated methods; a call for each frame of a burst would cost a third of it. */
class Sum {
  /**
   * Blocks of 64 bytes, then what is left by halves. A lane of 64 bits adds up two things: all of its words, where carries out
   * of 64 bits are lost, and their upper halves, where none is. The lower halves are the difference, modulo 2^64: so a vector
   * costs two additions and one shift. Two accumulators of each kind, since one would wait for itself.
   */
  @inline
  static of(ptr: usize, len: u32, sum: u64): u64 {
    if (len >= 16) {
      let all = i64x2.splat(0);
      let high = all;
      let all2 = all;
      let high2 = all;
      const end = ptr + (len & ~63);
      while (ptr < end) {
        const a = v128.load(ptr);
        const b = v128.load(ptr, 16);
        const c = v128.load(ptr, 32);
        const d = v128.load(ptr, 48);
        all = i64x2.add(all, a);
        high = i64x2.add(high, i64x2.shr_u(a, 32));
        all2 = i64x2.add(all2, b);
        high2 = i64x2.add(high2, i64x2.shr_u(b, 32));
        all = i64x2.add(all, c);
        high = i64x2.add(high, i64x2.shr_u(c, 32));
        all2 = i64x2.add(all2, d);
        high2 = i64x2.add(high2, i64x2.shr_u(d, 32));
        ptr += 64;
      }
      if (len & 32) {
        const a = v128.load(ptr);
        const b = v128.load(ptr, 16);
        all = i64x2.add(all, a);
        high = i64x2.add(high, i64x2.shr_u(a, 32));
        all2 = i64x2.add(all2, b);
        high2 = i64x2.add(high2, i64x2.shr_u(b, 32));
        ptr += 32;
      }
      if (len & 16) {
        const a = v128.load(ptr);
        all = i64x2.add(all, a);
        high = i64x2.add(high, i64x2.shr_u(a, 32));
        ptr += 16;
      }
      all = i64x2.add(all, all2);
      high = i64x2.add(high, high2);
      const both = i64x2.add(i64x2.sub(all, i64x2.shl(high, 32)), high);
      sum += i64x2.extract_lane(both, 0) + i64x2.extract_lane(both, 1);
    }
    if (len & 8) {
      const words = load<u64>(ptr);
      sum += (words & 0xffffffff) + (words >> 32);
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
}

/** The sum as 16 bits, carries added back in. 0 only for a sum of 0. */
export function fold(sum: u64): u32 {
  // Both halves added to both: the lower half's carry is the one that has to come back into the upper.
  return fold32(((sum + rotr<u64>(sum, 32)) >> 32) as u32);
}

/** fold for a sum that has stayed within 32 bits, such as a header's. */
export function fold32(sum: u32): u32 {
  return (sum + rotr<u32>(sum, 16)) >> 16;
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

/** Internet checksums of n runs (u32 addresses and u32 lengths) into out (u32), each in memory order. */
export function checksumBurst(ptrs: usize, lens: usize, out: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = (i as usize) << 2;
    store<u32>(out + at, complement(Sum.of(load<u32>(ptrs + at) as usize, load<u32>(lens + at), 0)));
  }
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

/** The same for a 128-bit field, such as an IPv6 address, whose two values stand at the addresses given. */
export function update128(check: u32, before: usize, after: usize): u32 {
  // Four complements of 32 bits at once; each of the eight halves is below 2^32, so that no sum of them is lost.
  let sum = (check ^ 0xffff) as u64;
  for (let i: usize = 0; i < 16; i += 8) {
    const old = ~load<u64>(before + i);
    const fresh = load<u64>(after + i);
    sum += (old & 0xffffffff) + (old >> 32) + (fresh & 0xffffffff) + (fresh >> 32);
  }
  return complement(sum);
}

/** update16 for a UDP checksum: an absent one (0) stays absent, and a computed 0 becomes 0xffff. */
export function updateUdp16(check: u32, before: u32, after: u32): u32 {
  return check == 0 ? 0 : udpWire(update16(check, before, after));
}

/** update32 for a UDP checksum: an absent one (0) stays absent, and a computed 0 becomes 0xffff. */
export function updateUdp32(check: u32, before: u32, after: u32): u32 {
  return check == 0 ? 0 : udpWire(update32(check, before, after));
}

/** update128 for a UDP checksum: an absent one (0) stays absent, and a computed 0 becomes 0xffff. */
export function updateUdp128(check: u32, before: usize, after: usize): u32 {
  return check == 0 ? 0 : udpWire(update128(check, before, after));
}
