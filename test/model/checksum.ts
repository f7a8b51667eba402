/** RFC 1071 by the book: 16-bit words in network order, the carry added back at every step. The oracle for checksums. */

/** One's-complement sum of the bytes; an odd last byte is padded with a zero. */
export function onesSum(bytes: ArrayLike<number>, start = 0): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** The checksum: the complement of the sum. */
export function internetChecksum(bytes: ArrayLike<number>): number {
  return onesSum(bytes) ^ 0xffff;
}

/** Pseudo-header of a transport segment: RFC 9293 section 3.1 for 4-byte addresses, RFC 8200 section 8.1 for 16-byte. */
export function pseudoHeader(
  src: ArrayLike<number>,
  dst: ArrayLike<number>,
  protocol: number,
  length: number,
): number[] {
  const addresses = [...Array.from(src), ...Array.from(dst)];
  if (src.length === 4) return [...addresses, 0, protocol, (length >>> 8) & 0xff, length & 0xff];
  const wide = [length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  return [...addresses, ...wide, 0, 0, 0, protocol];
}
