// CRC-32C (Castagnoli): iSCSI (RFC 3720 section 12.1), SCTP (RFC 9260 appendix A). The table is of CRC_POLYNOMIAL_32C.
import { crcBurst, crcUpdate } from "./fold";
import { Multiple32C } from "./multiple";

/** CRC of len bytes. */
export function crc32c(table: usize, ptr: usize, len: u32): u32 {
  return crc32cUpdate(table, 0, ptr, len);
}

/** The CRC carried on over len more bytes; 0 is the CRC of none. */
export function crc32cUpdate(table: usize, crc: u32, ptr: usize, len: u32): u32 {
  return crcUpdate<Multiple32C>(table, 0xffffffff, crc, ptr, len);
}

/** CRCs of n messages (ptrs, lens: u32 each) into out (u32 each). */
export function crc32cBurst(table: usize, ptrs: usize, lens: usize, out: usize, n: u32): void {
  crcBurst<Multiple32C>(table, 0xffffffff, ptrs, lens, out, n);
}
