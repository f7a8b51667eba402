// Reliable connection: operations and extended transport headers (IBTA volume 1, release 1.4, 9.2.1 and 9.3). The accessors trust
// that the header is there; all are big-endian.
//
//   RETH 16      │ virtual address 64 │ R_Key 32 │ DMA length 32 │
//   AETH 4       │ syndrome 8 │ MSN 24 │
//   ImmDt 4      │ immediate 32 │
//   AtomicETH 28 │ virtual address 64 │ R_Key 32 │ swap or add 64 │ compare 64 │
//   AtomicAckETH │ original data 64 │, behind an AETH
//
// Order behind the BTH: RETH, then ImmDt, then payload; AETH, then payload.
import { load32be } from "../be";

export const RETH_BYTES: u32 = 16;
export const AETH_BYTES: u32 = 4;
export const IMM_BYTES: u32 = 4;
export const ATOMIC_ETH_BYTES: u32 = 28;
export const ATOMIC_ACK_BYTES: u32 = 8;

/** Table 38: the upper three bits, the type of service, are zero for reliable connections. */
export const OP_SEND_FIRST: u32 = 0;
export const OP_SEND_MIDDLE: u32 = 1;
export const OP_SEND_LAST: u32 = 2;
export const OP_SEND_LAST_IMM: u32 = 3;
export const OP_SEND_ONLY: u32 = 4;
export const OP_SEND_ONLY_IMM: u32 = 5;
export const OP_WRITE_FIRST: u32 = 6;
export const OP_WRITE_MIDDLE: u32 = 7;
export const OP_WRITE_LAST: u32 = 8;
export const OP_WRITE_LAST_IMM: u32 = 9;
export const OP_WRITE_ONLY: u32 = 10;
export const OP_WRITE_ONLY_IMM: u32 = 11;
export const OP_READ_REQUEST: u32 = 12;
export const OP_READ_FIRST: u32 = 13;
export const OP_READ_MIDDLE: u32 = 14;
export const OP_READ_LAST: u32 = 15;
export const OP_READ_ONLY: u32 = 16;
export const OP_ACKNOWLEDGE: u32 = 17;
export const OP_ATOMIC_ACKNOWLEDGE: u32 = 18;
export const OP_COMPARE_SWAP: u32 = 19;
export const OP_FETCH_ADD: u32 = 20;
/** Unreliable datagrams: SEND only, and with an immediate. */
export const OP_UD_SEND: u32 = 0x64;
export const OP_UD_SEND_IMM: u32 = 0x65;

// Sets of operations, a bit each.
const SENDS: u32 = 0x3f;
const WRITES: u32 = 0xfc0;
/** FIRST and ONLY, which begin a message. */
const STARTS: u32 = 0xc71;
/** LAST and ONLY, which end one. */
const ENDS: u32 = 0xf3c;
const IMMEDIATES: u32 = 0xa28;
const RETHS: u32 = 0x1c40;
const AETHS: u32 = 0x7a000;
const RESPONSES: u32 = 0x7e000;
const ATOMICS: u32 = 0x180000;

/** AETH syndromes, 9.7.5.2: type in bits 5 and 6, and its value below. An acknowledgement's value is a credit; 31 says that there are none. */
export const SYNDROME_ACK: u32 = 0x1f;
export const SYNDROME_RNR: u32 = 0x20;
export const SYNDROME_NAK: u32 = 0x60;
export const NAK_SEQUENCE: u32 = 0x60;
export const NAK_INVALID_REQUEST: u32 = 0x61;
export const NAK_REMOTE_ACCESS: u32 = 0x62;
export const NAK_REMOTE_OPERATION: u32 = 0x63;

export function opIsKnown(op: u32): bool {
  return op <= OP_FETCH_ADD;
}

export function opIsSend(op: u32): bool {
  return ((SENDS >> op) & 1) != 0;
}

export function opIsWrite(op: u32): bool {
  return ((WRITES >> op) & 1) != 0;
}

export function opStarts(op: u32): bool {
  return ((STARTS >> op) & 1) != 0;
}

export function opEnds(op: u32): bool {
  return ((ENDS >> op) & 1) != 0;
}

export function opHasImmediate(op: u32): bool {
  return ((IMMEDIATES >> op) & 1) != 0;
}

export function opIsAtomic(op: u32): bool {
  return ((ATOMICS >> op) & 1) != 0;
}

/** True for what a responder sends: READ responses and acknowledgements. */
export function opIsResponse(op: u32): bool {
  return ((RESPONSES >> op) & 1) != 0;
}

/** Bytes of the headers between the BTH and the payload, of a known operation. */
export function opHeaderBytes(op: u32): u32 {
  let bytes: u32 = 0;
  if (((RETHS >> op) & 1) != 0) bytes += RETH_BYTES;
  if (opHasImmediate(op)) bytes += IMM_BYTES;
  if (((AETHS >> op) & 1) != 0) bytes += AETH_BYTES;
  if (op == OP_ATOMIC_ACKNOWLEDGE) bytes += ATOMIC_ACK_BYTES;
  if (opIsAtomic(op)) bytes += ATOMIC_ETH_BYTES;
  return bytes;
}

export function load64be(ptr: usize): u64 {
  return bswap<u64>(load<u64>(ptr));
}

export function store64be(ptr: usize, value: u64): void {
  store<u64>(ptr, bswap<u64>(value));
}

/** RETH and AtomicETH begin alike. */
export function rethVa(reth: usize): u64 {
  return load64be(reth);
}

export function rethKey(reth: usize): u32 {
  return load32be(reth + 8);
}

export function rethLength(reth: usize): u32 {
  return load32be(reth + 12);
}

/** What FETCH_ADD adds, and what COMPARE_SWAP puts in. */
export function atomicSwapAdd(atomic: usize): u64 {
  return load64be(atomic + 12);
}

export function atomicCompare(atomic: usize): u64 {
  return load64be(atomic + 20);
}

export function aethSyndrome(aeth: usize): u32 {
  return load<u8>(aeth) as u32;
}

export function aethMsn(aeth: usize): u32 {
  return load32be(aeth) & 0xffffff;
}
