/** The Internet checksum (RFC 1071) of what the control plane makes: a few packets. The data plane has its own (assembly/checksum.ts). */

/** Over bytes, the last one of an odd number padded with zero; sum is what was added up before (onesSum). */
export function internetChecksum(bytes: Uint8Array, sum = 0): number {
  let folded = onesSum(bytes, sum);
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded ^ 0xffff;
}

/** Sum of the 16-bit words in network order, not folded. At most 64 KiB, so that it is exact. */
export function onesSum(bytes: Uint8Array, start = 0): number {
  return bytes.reduce((sum, byte, i) => sum + (i % 2 === 0 ? byte << 8 : byte), start);
}
