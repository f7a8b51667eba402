// What a CRC reads besides the message: built once for a polynomial, at an address that the caller hands in.
//
// Every CRC here is of the reflected kind: bit 0 of a byte goes first, the register moves right, and it starts as all ones and
// ends inverted. The register is then nothing but the next bytes of the message: xored into them, it may itself be taken
// as zero. All the folding rests on that.
//
//   0       slice[16][256]  u32: the register after byte b and then i zero bytes
//   16384   fold[13][4][2]  v128: byte c of the register after a nibble and then 16 k - 1 zero bytes, low then high nibble
//   18048   window[8]       v128: scratch, the last planes of a message on their way from step to fold
//   18176   ones[4]         224 bytes each: which bits of a packet's head the ICRC takes as ones, by format (icrc.ts)
//   19072   polynomial      u32, reflected: the coefficient of x^0 in the top bit of the width
import {
  CRC_FOLD,
  CRC_FOLD_PLANES,
  CRC_ONES,
  CRC_ONES_BYTES,
  CRC_ONES_IB_GLOBAL,
  CRC_ONES_IB_LOCAL,
  CRC_ONES_ROCE_IPV4,
  CRC_ONES_ROCE_IPV6,
  CRC_POLYNOMIAL,
  CRC_SLICE,
  CRC_TABLE_BYTES,
  CRC_WINDOW,
} from "../layout";

/** Bytes of the fold table for one distance: four register bytes, two nibbles, sixteen values. */
export const FOLD_STEP_BYTES: u32 = 128;

/** Builds the table of a reflected polynomial, such as 0xedb88320, of 16 or 32 bits. */
export function crcInit(table: usize, polynomial: u32): void {
  memory.fill(table, 0, CRC_TABLE_BYTES);
  store<u32>(table, polynomial, CRC_POLYNOMIAL);
  for (let byte: u32 = 0; byte < 256; byte++) {
    let register = byte;
    for (let bit = 0; bit < 8; bit++) register = (register >> 1) ^ (polynomial & (0 - (register & 1)));
    store<u32>(table + ((byte as usize) << 2), register, CRC_SLICE);
  }
  for (let slice = table + CRC_SLICE; slice < table + (CRC_SLICE + (15 << 10)); slice += 4) {
    store<u32>(slice, zeroByte(table, load<u32>(slice)), 1 << 10);
  }
  for (let nibble: u32 = 0; nibble < 16; nibble++) {
    foldNibble(table, nibble, table + nibble + CRC_FOLD);
    foldNibble(table, nibble << 4, table + nibble + (CRC_FOLD + 16));
  }
  maskRoce(onesAt(table, CRC_ONES_ROCE_IPV4), onesAt(table, CRC_ONES_ROCE_IPV6));
  maskIb(onesAt(table, CRC_ONES_IB_LOCAL), onesAt(table, CRC_ONES_IB_GLOBAL));
}

/** The register after one more byte, a zero. */
function zeroByte(table: usize, register: u32): u32 {
  return (register >> 8) ^ load<u32>(table + ((register & 0xff) << 2), CRC_SLICE);
}

/** Spreads what a byte becomes, distance by distance, over the fold table. */
function foldNibble(table: usize, byte: u32, to: usize): void {
  let register = load<u32>(table + (byte << 2), CRC_SLICE);
  let zeros: u32 = 0;
  for (let k: u32 = 1; k <= (CRC_FOLD_PLANES as u32); k++) {
    while (zeros < 16 * k - 1) {
      register = zeroByte(table, register);
      zeros++;
    }
    const at = to + k * FOLD_STEP_BYTES;
    store<u8>(at, register as u8);
    store<u8>(at, (register >> 8) as u8, 32);
    store<u8>(at, (register >> 16) as u8, 64);
    store<u8>(at, (register >> 24) as u8, 96);
  }
}

/** From the IP header on: what routers change, the checksums over it, and the reserved byte of the BTH (annex A17). */
function maskRoce(ipv4: usize, ipv6: usize): void {
  store<u8>(ipv4, 0xff, 1); // DSCP, ECN
  store<u8>(ipv4, 0xff, 8); // time to live
  store<u16>(ipv4, 0xffff, 10); // header checksum
  store<u16>(ipv4, 0xffff, 20 + 6); // UDP checksum
  store<u8>(ipv4, 0xff, 28 + 4); // resv8a
  store<u8>(ipv6, 0x0f, 0); // traffic class, flow label
  store<u8>(ipv6, 0xff, 1);
  store<u16>(ipv6, 0xffff, 2);
  store<u8>(ipv6, 0xff, 7); // hop limit
  store<u16>(ipv6, 0xffff, 40 + 6); // UDP checksum
  store<u8>(ipv6, 0xff, 48 + 4); // resv8a
}

/** From the local route header on (7.8.1): only the virtual lane of it where there is no global route header behind. */
function maskIb(local: usize, global: usize): void {
  store<u8>(local, 0xf0, 0); // virtual lane
  store<u8>(local, 0xff, 8 + 4); // resv8a
  store<u64>(global, -1, 0); // the local route header
  store<u8>(global, 0x0f, 8); // traffic class, flow label
  store<u8>(global, 0xff, 9);
  store<u16>(global, 0xffff, 10);
  store<u8>(global, 0xff, 15); // hop limit
  store<u8>(global, 0xff, 48 + 4); // resv8a
}

/** Where a packet format's mask begins in the table. */
export function onesAt(table: usize, format: u32): usize {
  return table + format * CRC_ONES_BYTES + CRC_ONES;
}

if (CRC_WINDOW != CRC_FOLD + (CRC_FOLD_PLANES + 1) * 128) ERROR("CrcTable: fold");
if (CRC_ONES != CRC_WINDOW + 128) ERROR("CrcTable: window");
// foldPlanes runs along a mask for as many planes as it folds, from up to 19 bytes on.
if (CRC_ONES_BYTES < 19 + 16 * CRC_FOLD_PLANES) ERROR("CrcTable: length of a mask");
if (CRC_POLYNOMIAL != CRC_ONES + 4 * CRC_ONES_BYTES) ERROR("CrcTable: ones");
