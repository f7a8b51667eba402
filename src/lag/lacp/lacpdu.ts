/**
 * LACPDUs, versions 1 and 2, with their Ethernet header (IEEE 802.1AX-2008 5.4.2, 2014 6.4.2). From the subtype on:
 *
 *   0   1   2                22                  42                    58          60                 110
 *   | 1 | v | 1 20 actor …   | 2 20 partner …    | 3 16 collector …    | 0 0 end   | reserved (50)     |   version 1
 *   | 1 | v | 1 20 actor …   | 2 20 partner …    | 3 16 collector …    | version 2 TLVs | 0 0 | zeros to at least 110
 *
 * A TLV is a type byte, a length byte that counts itself and the type, and a value. The standard asks that a receiver
 * take a higher version as the highest it knows: a version 3 PDU whose further TLVs make no sense still counts as
 * version 1.
 */
import { PORT_INFO_BYTES, type PortInfo, putPortInfo, readMac, readPortInfo } from "./port-info.js";
import {
  bytesOf,
  ETHERNET_BYTES,
  SLOW_PDU_BYTES,
  type SlowFrameCause,
  SUBTYPE_LACP,
  slowFrame,
  slowSubtype,
  viewOf,
} from "./slow-protocol.js";
import { putVersion2, readVersion2, type Version2, version2Bytes } from "./version2.js";

const ACTOR_AT = ETHERNET_BYTES + 2;
const PARTNER_AT = ACTOR_AT + 2 + PORT_INFO_BYTES;
const COLLECTOR_AT = PARTNER_AT + 2 + PORT_INFO_BYTES;
const COLLECTOR_BYTES = 16;
/** Where version 2 TLVs begin. */
const FURTHER_AT = COLLECTOR_AT + COLLECTOR_BYTES;
const TERMINATOR_BYTES = 2;

const TLV_ACTOR = 1;
const TLV_PARTNER = 2;
const TLV_COLLECTOR = 3;

export interface Lacpdu {
  /** 1 to 255. */
  readonly version: number;
  /** The sending port's MAC address. */
  readonly source: string;
  readonly actor: PortInfo;
  readonly partner: PortInfo;
  /** Tens of microseconds, 16 bits. */
  readonly collectorMaxDelay: number;
  /** What the TLVs of version 2 say; absent from version 1. */
  readonly version2?: Version2 | undefined;
}

/** The frame without FCS: 124 bytes for version 1, more for version 2 when it carries masks. */
export function encodeLacpdu(pdu: Lacpdu): Uint8Array {
  const further = pdu.version >= 2 && pdu.version2 ? version2Bytes(pdu.version2) : 0;
  const pduBytes = Math.max(SLOW_PDU_BYTES, FURTHER_AT - ETHERNET_BYTES + further + TERMINATOR_BYTES);
  const view = slowFrame(pdu.source, SUBTYPE_LACP, pduBytes);
  view.setUint8(ETHERNET_BYTES + 1, pdu.version);
  putHead(view, ACTOR_AT, TLV_ACTOR, 2 + PORT_INFO_BYTES);
  putPortInfo(view, ACTOR_AT + 2, pdu.actor);
  putHead(view, PARTNER_AT, TLV_PARTNER, 2 + PORT_INFO_BYTES);
  putPortInfo(view, PARTNER_AT + 2, pdu.partner);
  putHead(view, COLLECTOR_AT, TLV_COLLECTOR, COLLECTOR_BYTES);
  view.setUint16(COLLECTOR_AT + 2, pdu.collectorMaxDelay);
  if (further > 0 && pdu.version2) putVersion2(view, FURTHER_AT, pdu.version2);
  return bytesOf(view);
}

/** What the frame says, or why it cannot be read. Bytes are copied: the frame may be reused. */
export function decodeLacpdu(frame: Uint8Array): Lacpdu | SlowFrameCause {
  const subtype = slowSubtype(frame);
  if (typeof subtype === "string") return subtype;
  if (subtype !== SUBTYPE_LACP) return "unknown-subtype";
  if (frame.length < ETHERNET_BYTES + SLOW_PDU_BYTES) return "truncated";
  const view = viewOf(frame);
  const version = view.getUint8(ETHERNET_BYTES + 1);
  if (version === 0) return "bad-version";
  if (!hasHead(view, ACTOR_AT, TLV_ACTOR, 2 + PORT_INFO_BYTES)) return "bad-tlv";
  if (!hasHead(view, PARTNER_AT, TLV_PARTNER, 2 + PORT_INFO_BYTES)) return "bad-tlv";
  if (!hasHead(view, COLLECTOR_AT, TLV_COLLECTOR, COLLECTOR_BYTES)) return "bad-tlv";
  const pdu = {
    version,
    source: readMac(view, 6),
    actor: readPortInfo(view, ACTOR_AT + 2),
    partner: readPortInfo(view, PARTNER_AT + 2),
    collectorMaxDelay: view.getUint16(COLLECTOR_AT + 2),
  };
  if (version === 1) return pdu;
  const version2 = readVersion2(frame, FURTHER_AT);
  if (version2 !== "bad-tlv") return { ...pdu, version2 };
  return version === 2 ? version2 : pdu;
}

function putHead(view: DataView, at: number, type: number, lengthBytes: number): void {
  view.setUint8(at, type);
  view.setUint8(at + 1, lengthBytes);
}

function hasHead(view: DataView, at: number, type: number, lengthBytes: number): boolean {
  return view.getUint8(at) === type && view.getUint8(at + 1) === lengthBytes;
}
