// The Toeplitz hash of receive-side scaling (Microsoft, "RSS hashing types", NDIS 6.0): the same number as an adapter's for a
// tuple in network order: source address, destination address and, for 12 and 36 bytes, source and destination port.
//
// Every set bit of the tuple, from the first, adds (exclusive or) the 32 key bits that start at its number. The sum of a
// byte's bits is looked up: a row of 256 values for each byte of the tuple, so 8 to 36 KiB, which first-level caches hold.
// A tuple of n bytes takes n + 4 bytes of key; adapters have 40, or 52 where IPv6 extensions are hashed.
import { TOEPLITZ_ROW_BYTES } from "../layout";

/** Builds the rows for a tuple; 0, and nothing written, when the key is too short for it. */
export function toeplitzInit(table: usize, key: usize, keyBytes: u32, tupleBytes: u32): u32 {
  if (keyBytes < tupleBytes + 4) return 0;
  for (let i: u32 = 0; i < tupleBytes; i++) {
    const row = table + (i as usize) * TOEPLITZ_ROW_BYTES;
    // Bits 8i to 8i + 39 of the key; bit b of the byte, the first being 0, starts b bits further on.
    const bits = ((bswap<u32>(load<u32>(key + i)) as u64) << 8) | (load<u8>(key + i, 4) as u64);
    store<u32>(row, 0);
    for (let value: u32 = 1; value < 256; value++) {
      // The lowest set bit is the one that the value without it lacks.
      const rest = load<u32>(row + (((value & (value - 1)) as usize) << 2));
      store<u32>(row + ((value as usize) << 2), rest ^ ((bits >> (ctz<u32>(value) + 1)) as u32));
    }
  }
  return 1;
}

/** The hash of one tuple of as many bytes as the table was built for. */
export function toeplitz(table: usize, tuple: usize, tupleBytes: u32): u32 {
  let hash: u32 = 0;
  for (let i: u32 = 0; i < tupleBytes; i++) {
    hash ^= load<u32>(table + (i as usize) * TOEPLITZ_ROW_BYTES + ((load<u8>(tuple + i) as usize) << 2));
  }
  return hash;
}

/** The hashes of n tuples (ptrs: u32 addresses) into out (u32). */
export function toeplitzBurst(table: usize, ptrs: usize, tupleBytes: u32, out: usize, n: u32): void {
  const end = ptrs + ((n as usize) << 2);
  const toOut = out - ptrs;
  if (tupleBytes == 12) {
    for (; ptrs < end; ptrs += 4) store<u32>(ptrs + toOut, Rows.of12(table, load<u32>(ptrs) as usize));
  } else if (tupleBytes == 8) {
    for (; ptrs < end; ptrs += 4) store<u32>(ptrs + toOut, Rows.of8(table, load<u32>(ptrs) as usize));
  } else if (tupleBytes == 36) {
    for (; ptrs < end; ptrs += 4) store<u32>(ptrs + toOut, Rows.of36(table, load<u32>(ptrs) as usize));
  } else if (tupleBytes == 32) {
    for (; ptrs < end; ptrs += 4) store<u32>(ptrs + toOut, Rows.of32(table, load<u32>(ptrs) as usize));
  } else {
    for (; ptrs < end; ptrs += 4) store<u32>(ptrs + toOut, toeplitz(table, load<u32>(ptrs) as usize, tupleBytes));
  }
}

/** Unrolled, so that a row's offset is part of the load. A class because asc inlines on demand only decorated methods. */
export class Rows {
  @inline
  static of4(table: usize, tuple: usize): u32 {
    return (
      load<u32>(table + ((load<u8>(tuple) as usize) << 2)) ^
      load<u32>(table + ((load<u8>(tuple, 1) as usize) << 2), 0x400) ^
      load<u32>(table + ((load<u8>(tuple, 2) as usize) << 2), 0x800) ^
      load<u32>(table + ((load<u8>(tuple, 3) as usize) << 2), 0xc00)
    );
  }
  @inline
  static of8(table: usize, tuple: usize): u32 {
    return (
      load<u32>(table + ((load<u8>(tuple) as usize) << 2)) ^
      load<u32>(table + ((load<u8>(tuple, 1) as usize) << 2), 0x400) ^
      load<u32>(table + ((load<u8>(tuple, 2) as usize) << 2), 0x800) ^
      load<u32>(table + ((load<u8>(tuple, 3) as usize) << 2), 0xc00) ^
      load<u32>(table + ((load<u8>(tuple, 4) as usize) << 2), 0x1000) ^
      load<u32>(table + ((load<u8>(tuple, 5) as usize) << 2), 0x1400) ^
      load<u32>(table + ((load<u8>(tuple, 6) as usize) << 2), 0x1800) ^
      load<u32>(table + ((load<u8>(tuple, 7) as usize) << 2), 0x1c00)
    );
  }
  @inline
  static of12(table: usize, tuple: usize): u32 {
    return (
      load<u32>(table + ((load<u8>(tuple) as usize) << 2)) ^
      load<u32>(table + ((load<u8>(tuple, 1) as usize) << 2), 0x400) ^
      load<u32>(table + ((load<u8>(tuple, 2) as usize) << 2), 0x800) ^
      load<u32>(table + ((load<u8>(tuple, 3) as usize) << 2), 0xc00) ^
      load<u32>(table + ((load<u8>(tuple, 4) as usize) << 2), 0x1000) ^
      load<u32>(table + ((load<u8>(tuple, 5) as usize) << 2), 0x1400) ^
      load<u32>(table + ((load<u8>(tuple, 6) as usize) << 2), 0x1800) ^
      load<u32>(table + ((load<u8>(tuple, 7) as usize) << 2), 0x1c00) ^
      load<u32>(table + ((load<u8>(tuple, 8) as usize) << 2), 0x2000) ^
      load<u32>(table + ((load<u8>(tuple, 9) as usize) << 2), 0x2400) ^
      load<u32>(table + ((load<u8>(tuple, 10) as usize) << 2), 0x2800) ^
      load<u32>(table + ((load<u8>(tuple, 11) as usize) << 2), 0x2c00)
    );
  }
  @inline
  static of32(table: usize, tuple: usize): u32 {
    const first = Rows.of8(table, tuple) ^ Rows.of8(table + 0x2000, tuple + 8);
    return first ^ Rows.of8(table + 0x4000, tuple + 16) ^ Rows.of8(table + 0x6000, tuple + 24);
  }
  @inline
  static of36(table: usize, tuple: usize): u32 {
    return Rows.of32(table, tuple) ^ Rows.of4(table + 0x8000, tuple + 32);
  }
}
