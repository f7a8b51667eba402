/**
 * The management datagram that carries a communication management message (IBTA volume 1, 13.4.2 and 12.6). It is the payload
 * of an unreliable datagram from queue pair 1 to queue pair 1, with queue key 0x80010000.
 *
 *   0      1       2        3        4        6          8                16           18         20                  24
 *   | base | class | class  | method | status | class    | transaction id | attribute  | reserved | attribute modifier | message
 *   | ver. |       | ver.   |        |        | specific |                | id         |          |                    | (232)
 */
import { big, number, readFields, writeFields } from "./field.js";

export const MAD_BYTES = 256;
/** Where the message begins. */
export const MAD_HEADER_BYTES = 24;
/** The queue pair of general management, at both ends. */
export const QPN_GENERAL_SERVICES = 1;
/** Its well-known queue key. */
export const QKEY_GENERAL_SERVICES = 0x80010000;

const BASE_VERSION = 1;
const CLASS_COMMUNICATION_MANAGEMENT = 0x07;
const CLASS_VERSION = 2;
/** ComMgtSend, the class's only method here. */
const METHOD_SEND = 0x03;

/** The header's fields that are not the same in every message. */
export interface MadHeader {
  /** 0; what a peer sent is not judged. */
  readonly status: number;
  /** 64 bits: an answer has that of what it answers. */
  readonly transactionId: bigint;
  readonly attributeId: number;
  readonly attributeModifier: number;
}

/** Why a MAD is not taken. */
export type MadCause =
  /** Not 256 bytes. */
  | "bad-length"
  | "bad-base-version"
  /** A MAD of another management class. */
  | "other-class"
  | "bad-class-version"
  /** Not ComMgtSend: services are asked about by ComMgtGet, which nobody answers here. */
  | "bad-method"
  /** A message that is not known: service id resolution, and what later editions add. */
  | "unknown-attribute"
  /** A length field that is longer than its room. */
  | "bad-length-field";

const FIXED = {
  baseVersion: number(0, 8),
  managementClass: number(1, 8),
  classVersion: number(2, 8),
  method: number(3, 8),
};
const HEADER = {
  status: number(4, 16),
  transactionId: big(8),
  attributeId: number(16, 16),
  attributeModifier: number(20, 32),
};

/** Zeros behind a header. Throws ConfigError. */
export function newMad(header: MadHeader): DataView {
  const view = new DataView(new ArrayBuffer(MAD_BYTES));
  writeFields(view, 0, FIXED, {
    baseVersion: BASE_VERSION,
    managementClass: CLASS_COMMUNICATION_MANAGEMENT,
    classVersion: CLASS_VERSION,
    method: METHOD_SEND,
  });
  writeFields(view, 0, HEADER, header);
  return view;
}

/** The header, or why this is no communication management message. */
export function readMadHeader(view: DataView): MadHeader | MadCause {
  if (view.byteLength !== MAD_BYTES) return "bad-length";
  const fixed = readFields(view, 0, FIXED);
  if (fixed.baseVersion !== BASE_VERSION) return "bad-base-version";
  if (fixed.managementClass !== CLASS_COMMUNICATION_MANAGEMENT) return "other-class";
  if (fixed.classVersion !== CLASS_VERSION) return "bad-class-version";
  if (fixed.method !== METHOD_SEND) return "bad-method";
  return readFields(view, 0, HEADER);
}
