// Geneve (RFC 8926 section 3.4, options section 3.5). Offsets from the header's first byte.
//
//   0             1           2               4       7          8
//   │ ver 2 len 6 │ O C rsv 6 │ protocol type │ VNI   │ reserved │ options, len words of 4 bytes
//
//   an option:   0       2        3             4
//                │ class │ type 8 │ R 3 length 5 │ data, length words of 4 bytes      type 0x80: critical
//
// O: a control packet, not for a guest. C: there is a critical option; who does not know it must drop the packet.
import { load16be, load32be } from "../be";

export const GENEVE_BYTES: u32 = 8;
export const GENEVE_PORT: u32 = 6081;
const FLAG_CONTROL: u8 = 0x80;
const FLAG_CRITICAL: u8 = 0x40;
const OPTION_BYTES: u32 = 4;
const TYPE_CRITICAL: u8 = 0x80;
/** In the header as a little-endian number. */
const RESERVED: u64 = 0xff00_0000_0000_3f00;

/** What a walk over the options found: they do not add up to the header's length, one is critical, one has reserved bits set. */
export const OPTIONS_MISFIT: u32 = 0x1;
export const OPTIONS_CRITICAL: u32 = 0x2;
export const OPTIONS_RESERVED: u32 = 0x4;

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

export function geneveVni(geneve: usize): u32 {
  return load32be(geneve + 4) >> 8;
}

export function geneveIsControl(geneve: usize): bool {
  return (load<u8>(geneve, 1) & FLAG_CONTROL) != 0;
}

export function geneveIsCritical(geneve: usize): bool {
  return (load<u8>(geneve, 1) & FLAG_CRITICAL) != 0;
}

/** True for reserved bits of the header; those of options are in OPTIONS_RESERVED. */
export function geneveHasReserved(geneve: usize): bool {
  return (load<u64>(geneve) & RESERVED) != 0;
}

/** Walks all the options, which are here; returns what was found, as OPTIONS_. */
export function geneveOptions(geneve: usize): u32 {
  let option = geneve + GENEVE_BYTES;
  const end = option + geneveOptionBytes(geneve);
  let found: u32 = 0;
  // Options and the space for them are whole words, so that an option's first word is always there.
  while (option < end) {
    const length = load<u8>(option, 3);
    if ((load<u8>(option, 2) & TYPE_CRITICAL) != 0) found |= OPTIONS_CRITICAL;
    if ((length & 0xe0) != 0) found |= OPTIONS_RESERVED;
    option += OPTION_BYTES + (((length & 0x1f) as u32) << 2);
  }
  return option == end ? found : found | OPTIONS_MISFIT;
}
