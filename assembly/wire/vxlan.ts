// VXLAN (RFC 7348 section 5). Offsets from the header's first byte.
//
//   0       1                 4          7       8
//   │ flags │ reserved        │ VNI      │ reserved │     flag 0x08 (I): the VNI is valid
import { load32be } from "../be";

export const VXLAN_BYTES: u32 = 8;
export const VXLAN_PORT: u32 = 4789;
const VXLAN_FLAG_VNI: u8 = 0x08;
/** In the header as a little-endian number. */
const RESERVED: u64 = 0xff00_0000_ffff_fff7;

/** True when the I flag says that the VNI is valid; reserved bits are ignored on receipt, as the RFC asks. */
export function vxlanHasVni(vxlan: usize): bool {
  return (load<u8>(vxlan) & VXLAN_FLAG_VNI) != 0;
}

export function vxlanVni(vxlan: usize): u32 {
  return load32be(vxlan + 4) >> 8;
}

export function vxlanHasReserved(vxlan: usize): bool {
  return (load<u64>(vxlan) & RESERVED) != 0;
}
