/**
 * Records of link type ERF (197), Endace's extensible record format: a header of 16 bytes in front of each packet, behind it header
 * extensions of 8 bytes while the top bit of the type (and then of an extension's first byte) is set.
 *
 *    0  │ time 8, little-endian: seconds in the upper 32 bits, fractions of 2^-32 s in the lower │
 *    8  │ type 1 │ flags 1 │ record length 2 │ losses 2 │ wire length 2 │     big-endian; the record has all of these bytes
 *   16  │ header extensions │ packet │ padding │
 *
 * This is the form in which Wireshark reads native InfiniBand packets (type 21); their wire length counts the VCRC.
 */
import { checkInteger } from "../check.js";

/** Record type of InfiniBand packets, from the local route header to the VCRC. */
export const ERF_TYPE_INFINIBAND = 21;

const HEADER_BYTES = 16;
const EXTENSION_BYTES = 8;
const MORE = 0x80;
const FLAG_VARYING_LENGTH = 0x04;
const NS_PER_SECOND = 1_000_000_000n;
const LENGTH_MAX = 0xffff;

/** A packet inside an ERF record. */
export interface ErfRecord {
  readonly type: number;
  /** Nanoseconds since the Unix epoch. */
  readonly timestampNs: bigint;
  readonly data: Uint8Array;
  /** Length on the wire in bytes. */
  readonly originalLength: number;
}

/** The record as a packet of link type ERF. Throws ConfigError when a length or the time is beyond its field. */
export function encodeErf(record: ErfRecord): { data: Uint8Array; originalLength: number } {
  const { type, timestampNs, data } = record;
  checkInteger("data.length", data.length, 0, LENGTH_MAX - HEADER_BYTES);
  const bytes = new Uint8Array(HEADER_BYTES + data.length);
  const view = new DataView(bytes.buffer);
  const seconds = timestampNs / NS_PER_SECOND;
  checkInteger("seconds", Number(seconds), 0, 0xffffffff);
  view.setBigUint64(0, (seconds << 32n) | (((timestampNs % NS_PER_SECOND) << 32n) / NS_PER_SECOND), true);
  view.setUint8(8, checkInteger("type", type, 0, MORE - 1));
  view.setUint8(9, FLAG_VARYING_LENGTH);
  view.setUint16(10, bytes.length);
  view.setUint16(14, checkInteger("originalLength", record.originalLength, data.length, LENGTH_MAX));
  bytes.set(data, HEADER_BYTES);
  return { data: bytes, originalLength: HEADER_BYTES + record.originalLength };
}

/** What is in a packet of link type ERF: a view of its bytes, without padding. Undefined when its headers are cut or contradict it. */
export function decodeErf(packet: Uint8Array): ErfRecord | undefined {
  if (packet.length < HEADER_BYTES) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const recordBytes = view.getUint16(10);
  let start = HEADER_BYTES;
  for (let mark = view.getUint8(8); mark & MORE; start += EXTENSION_BYTES) {
    if (start + EXTENSION_BYTES > packet.length) return undefined;
    mark = view.getUint8(start);
  }
  if (recordBytes < start) return undefined;
  const originalLength = view.getUint16(14);
  const time = view.getBigUint64(0, true);
  const fraction = ((time & 0xffff_ffffn) * NS_PER_SECOND + (1n << 31n)) >> 32n;
  return {
    type: view.getUint8(8) & (MORE - 1),
    timestampNs: (time >> 32n) * NS_PER_SECOND + fraction,
    data: packet.subarray(start, Math.min(packet.length, recordBytes, start + originalLength)),
    originalLength,
  };
}
