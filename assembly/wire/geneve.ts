// Geneve (RFC 8926 section 3.4). Offsets from the header's first byte.
//
//   0             1       2               4       7          8
//   │ ver 2 len 6 │ flags │ protocol type │ VNI   │ reserved │ options, len words of 4 bytes
import { load16be } from "../be";

export const GENEVE_BYTES: u32 = 8;
export const GENEVE_PORT: u32 = 6081;

export function geneveVersion(geneve: usize): u32 {
  return (load<u8>(geneve) >> 6) as u32;
}

export function geneveOptionBytes(geneve: usize): u32 {
  return ((load<u8>(geneve) & 0x3f) as u32) << 2;
}

/** The EtherType of what is carried. */
export function geneveType(geneve: usize): u32 {
  return load16be(geneve + 2);
}
