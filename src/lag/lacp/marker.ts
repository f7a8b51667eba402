/**
 * The Marker protocol's PDUs (IEEE 802.1AX-2008 5.5, 2014 6.5). A distributor sends a Marker behind the last frame of a
 * flow; when the Response is back, nothing of the flow is in flight on that link and it may move. Every system must
 * answer. From the subtype on:
 *
 *   0   1   2      3      4                6                  12               16      18                  110
 *   | 2 | 1 | type | 16   | requester port | requester system | transaction id | pad   | 0 0 | reserved (90) |
 */
import { putMac, readMac } from "./port-info.js";
import {
  bytesOf,
  ETHERNET_BYTES,
  SLOW_PDU_BYTES,
  type SlowFrameCause,
  SUBTYPE_MARKER,
  slowFrame,
  slowSubtype,
  viewOf,
} from "./slow-protocol.js";

const MARKER_VERSION = 1;
const TLV_AT = ETHERNET_BYTES + 2;
const TLV_BYTES = 16;
const TLV_MARKER = 1;
const TLV_RESPONSE = 2;

export interface MarkerPdu {
  readonly type: "marker" | "response";
  /** The sending port's MAC address. */
  readonly source: string;
  /** 16 bits; a Response repeats the three fields of the Marker. */
  readonly requesterPort: number;
  readonly requesterSystem: string;
  /** 32 bits. */
  readonly transactionId: number;
}

/** The frame without FCS, 124 bytes. */
export function encodeMarker(pdu: MarkerPdu): Uint8Array {
  const view = slowFrame(pdu.source, SUBTYPE_MARKER, SLOW_PDU_BYTES);
  view.setUint8(ETHERNET_BYTES + 1, MARKER_VERSION);
  view.setUint8(TLV_AT, pdu.type === "marker" ? TLV_MARKER : TLV_RESPONSE);
  view.setUint8(TLV_AT + 1, TLV_BYTES);
  view.setUint16(TLV_AT + 2, pdu.requesterPort);
  putMac(view, TLV_AT + 4, pdu.requesterSystem);
  view.setUint32(TLV_AT + 10, pdu.transactionId);
  return bytesOf(view);
}

/** What the frame says, or why it cannot be read. */
export function decodeMarker(frame: Uint8Array): MarkerPdu | SlowFrameCause {
  const subtype = slowSubtype(frame);
  if (typeof subtype === "string") return subtype;
  if (subtype !== SUBTYPE_MARKER) return "unknown-subtype";
  if (frame.length < ETHERNET_BYTES + SLOW_PDU_BYTES) return "truncated";
  const view = viewOf(frame);
  if (view.getUint8(ETHERNET_BYTES + 1) === 0) return "bad-version";
  const tlv = view.getUint8(TLV_AT);
  if ((tlv !== TLV_MARKER && tlv !== TLV_RESPONSE) || view.getUint8(TLV_AT + 1) !== TLV_BYTES) return "bad-tlv";
  return {
    type: tlv === TLV_MARKER ? "marker" : "response",
    source: readMac(view, 6),
    requesterPort: view.getUint16(TLV_AT + 2),
    requesterSystem: readMac(view, TLV_AT + 4),
    transactionId: view.getUint32(TLV_AT + 10),
  };
}
