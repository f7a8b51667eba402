// RDMA packets that carry a frame: InfiniBand (IBTA volume 1, release 1.4) and RoCEv2 (annex A17). Offsets from each header's
// first byte; the accessors trust that it is there.
//
//   RoCEv2      │ Ethernet │ IP │ UDP 4791 │ BTH 12 │ DETH 8 │ overlay 4 │ inner frame │ pad 0-3 │ ICRC 4 │
//   InfiniBand                     │ LRH 8 │ BTH 12 │ DETH 8 │ overlay 4 │ inner frame │ pad 0-3 │ ICRC 4 │ VCRC 2 │
//
//   LRH, 7.7    │ VL 4, version 4 │ SL 4, 0 2, next header 2 │ DLID 16 │ 0 5, length 11 │ SLID 16 │
//   BTH, 9.2    │ opcode 8 │ SE 1, M 1, pad 2, version 4 │ P_Key 16 │ reserved 8, destination QP 24 │ A 1, 0 7, PSN 24 │
//   DETH, 9.3   │ Q_Key 32 │ 0 8, source QP 24 │
//   overlay     │ EtherType 0x6558 │ 0 16 │
//
// The overlay header has the form of InfiniBand's raw header: an EtherType and 16 zero bits. LRH's length counts words of 4 bytes from
// its own first byte to the ICRC's last. CRCs are little-endian, all else is big-endian.
import { load16be, load32be } from "../be";

export const ROCEV2_PORT: u32 = 4791;
export const LRH_BYTES: u32 = 8;
export const BTH_BYTES: u32 = 12;
const DETH_BYTES: u32 = 8;
/** The 4-byte header in front of the inner frame. */
export const OVERLAY_BYTES: u32 = 4;
export const ICRC_BYTES: u32 = 4;
export const VCRC_BYTES: u32 = 2;
/** Transport headers of an unreliable datagram. */
export const UD_BYTES: u32 = BTH_BYTES + DETH_BYTES;

export const LRH_LENGTH: usize = 4;
export const BTH_FLAGS: usize = 1;
export const BTH_DEST_QPN: usize = 4;
export const BTH_PSN: usize = 8;
/** Offset from the BTH, behind which the DETH follows at once. */
export const DETH_SOURCE_QPN: usize = 16;

/** 11 bits of words. */
export const LRH_WORDS_MAX: u32 = 0x7ff;
/** Link next header: a packet whose BTH follows at once, without a global route header. */
export const LNH_LOCAL: u32 = 2;
/** Unreliable datagram, SEND only. */
export const OPCODE_UD_SEND_ONLY: u32 = 0x64;
/** The default partition; the top bit says that the sender is a full member of it. */
export const PARTITION_DEFAULT: u32 = 0x7fff;
/** EtherType 0x6558 (a whole frame) and the 16 zero bits behind it. */
export const OVERLAY_HEADER: u32 = 0x65580000;

const BITS_24: u32 = 0xffffff;

export function lrhVersion(lrh: usize): u32 {
  return load<u8>(lrh) & 0xf;
}

export function lrhNext(lrh: usize): u32 {
  return load<u8>(lrh, 1) & 3;
}

/** Bytes from the LRH's first to the ICRC's last. */
export function lrhBytes(lrh: usize): u32 {
  return (load16be(lrh + LRH_LENGTH) & LRH_WORDS_MAX) << 2;
}

export function bthOpcode(bth: usize): u32 {
  return load<u8>(bth) as u32;
}

/** Bytes of zero between the payload and the ICRC. */
export function bthPad(bth: usize): u32 {
  return ((load<u8>(bth, BTH_FLAGS) >> 4) & 3) as u32;
}

export function bthVersion(bth: usize): u32 {
  return load<u8>(bth, BTH_FLAGS) & 0xf;
}

/** The partition, without the membership bit. */
export function bthPartition(bth: usize): u32 {
  return load16be(bth + 2) & 0x7fff;
}

export function bthDestQpn(bth: usize): u32 {
  return load32be(bth + BTH_DEST_QPN) & BITS_24;
}

export function bthPsn(bth: usize): u32 {
  return load32be(bth + BTH_PSN) & BITS_24;
}

export function dethQkey(bth: usize): u32 {
  return load32be(bth + BTH_BYTES);
}

export function dethSourceQpn(bth: usize): u32 {
  return load32be(bth + DETH_SOURCE_QPN) & BITS_24;
}

/** Writes a number of 24 bits behind a byte of zero. */
export function store24be(ptr: usize, value: u32): void {
  store<u32>(ptr, bswap<u32>(value & BITS_24));
}

/** Bytes that make a payload a whole number of words. */
export function padOf(payloadBytes: u32): u32 {
  return (0 - payloadBytes) & 3;
}
