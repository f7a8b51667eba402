// GRE (RFC 2784 section 2.1, RFC 2890 section 2). Offsets from the header's first byte.
//
//   0               1           2               4
//   │ C R K S …     │ … version │ protocol type │ checksum 4 if C │ key 4 if K │ sequence number 4 if S │ …
import { load16be } from "../be";

export const GRE_BYTES: u32 = 4;
export const GRE_CHECKSUM: u32 = 0x80;
export const GRE_ROUTING: u32 = 0x40;
export const GRE_KEY: u32 = 0x20;
export const GRE_SEQUENCE: u32 = 0x10;
/** Transparent Ethernet bridging: a whole frame is carried. */
export const ETHERTYPE_TEB: u32 = 0x6558;

export function greFlags(gre: usize): u32 {
  return load<u8>(gre) as u32;
}

export function greVersion(gre: usize): u32 {
  return (load<u8>(gre, 1) & 7) as u32;
}

/** True for version 0 without the source route that RFC 1701 had. */
export function greIsPlain(gre: usize): bool {
  return greVersion(gre) == 0 && (greFlags(gre) & GRE_ROUTING) == 0;
}

/** The EtherType of what is carried. */
export function greType(gre: usize): u32 {
  return load16be(gre + 2);
}

/** Bytes of the header with the fields that its flags name. */
export function greHeaderBytes(gre: usize): u32 {
  const flags = greFlags(gre);
  return GRE_BYTES + (popcnt<u32>(flags & (GRE_CHECKSUM | GRE_KEY | GRE_SEQUENCE)) << 2);
}
