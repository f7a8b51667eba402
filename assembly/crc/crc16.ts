// CRC-16 with 0x100B: the VCRC of InfiniBand (IBTA volume 1, 7.8.2), over a whole packet, ICRC included, and stored
// little-endian. The table is of CRC_POLYNOMIAL_16.
import { crcBurst, crcUpdate } from "./fold";
import { Multiple16 } from "./multiple";

/** CRC of len bytes. */
export function crc16(table: usize, ptr: usize, len: u32): u32 {
  return crc16Update(table, 0, ptr, len);
}

/** The CRC carried on over len more bytes; 0 is the CRC of none. */
export function crc16Update(table: usize, crc: u32, ptr: usize, len: u32): u32 {
  return crcUpdate<Multiple16>(table, 0xffff, crc, ptr, len);
}

/** CRCs of n messages (ptrs, lens: u32 each) into out (u32 each). */
export function crc16Burst(table: usize, ptrs: usize, lens: usize, out: usize, n: u32): void {
  crcBurst<Multiple16>(table, 0xffff, ptrs, lens, out, n);
}
