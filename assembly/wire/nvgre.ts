// NVGRE (RFC 7637 section 3.2): GRE with the K flag alone, Ethernet inside, and a key of two parts. Offsets from the header's first byte.
//
//   0               1                2                      4       7        8
//   │ C R K S …     │ … version      │ protocol type 0x6558 │ VSID  │ FlowID │
//
// The FlowID tells the flows of a network apart, for routers that spread traffic. RFC 2784 section 2.3: of the first bits, those that
// once meant something (checksum, routing, sequence, strict route, recursion) must be zero; the others up to the version are ignored.
import { load32be } from "../be";
import { greVersion } from "./gre";

export const NVGRE_BYTES: u32 = 8;
const FLAGS_MASK: u8 = 0xfc;
const FLAGS_KEY: u8 = 0x20;
/** In the first two bytes as a little-endian number. */
const RESERVED: u16 = 0xf803;

/** True for GRE of version 0 with a key and nothing else. */
export function nvgreIsPlain(gre: usize): bool {
  return (load<u8>(gre) & FLAGS_MASK) == FLAGS_KEY && greVersion(gre) == 0;
}

export function nvgreVsid(gre: usize): u32 {
  return load32be(gre + 4) >> 8;
}

export function nvgreHasReserved(gre: usize): bool {
  return (load<u16>(gre) & RESERVED) != 0;
}
