// CRC-32: the Ethernet FCS (IEEE 802.3 section 3.2.9), the ICRC of InfiniBand, gzip. The table is of CRC_POLYNOMIAL_32.
import { crcBurst, crcUpdate } from "./fold";
import { Multiple32 } from "./multiple";

/** CRC of len bytes. */
export function crc32(table: usize, ptr: usize, len: u32): u32 {
  return crc32Update(table, 0, ptr, len);
}

/** The CRC carried on over len more bytes; 0 is the CRC of none. */
export function crc32Update(table: usize, crc: u32, ptr: usize, len: u32): u32 {
  return crcUpdate<Multiple32>(table, 0xffffffff, crc, ptr, len);
}

/** CRCs of n messages (ptrs, lens: u32 each) into out (u32 each). */
export function crc32Burst(table: usize, ptrs: usize, lens: usize, out: usize, n: u32): void {
  crcBurst<Multiple32>(table, 0xffffffff, ptrs, lens, out, n);
}
