// VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe-13 section 3). Offsets from the header's first byte.
//
//   0                     1          3               4          7          8
//   │ R R ver 2 I P B O   │ reserved │ next protocol │ VNI      │ reserved │
//
// I: the VNI is valid. P: the next protocol is; without it that is Ethernet. B: replicated at ingress. O: for operations, not for a guest.

export const GPE_BYTES: u32 = 8;
export const GPE_PORT: u32 = 4790;
const VERSION: u8 = 0x30;
const FLAG_VNI: u8 = 0x08;
const FLAG_NEXT: u8 = 0x04;
const FLAG_OPERATIONS: u8 = 0x01;
const NEXT_ETHERNET: u8 = 3;
/** In the header as a little-endian number. */
const RESERVED: u64 = 0xff00_0000_00ff_ffc0;
const RESERVED_AND_NEXT: u64 = 0xff00_0000_ffff_ffc0;

export function gpeVersion(gpe: usize): u32 {
  return ((load<u8>(gpe) & VERSION) >> 4) as u32;
}

export function gpeHasVni(gpe: usize): bool {
  return (load<u8>(gpe) & FLAG_VNI) != 0;
}

/** True when a guest's frame is carried. */
export function gpeCarriesEthernet(gpe: usize): bool {
  const flags = load<u8>(gpe);
  if ((flags & FLAG_OPERATIONS) != 0) return false;
  return (flags & FLAG_NEXT) == 0 || load<u8>(gpe, 3) == NEXT_ETHERNET;
}

/** The next protocol is a reserved field, too, where the P flag does not say that it is there. */
export function gpeHasReserved(gpe: usize): bool {
  const mask = (load<u8>(gpe) & FLAG_NEXT) == 0 ? RESERVED_AND_NEXT : RESERVED;
  return (load<u64>(gpe) & mask) != 0;
}
