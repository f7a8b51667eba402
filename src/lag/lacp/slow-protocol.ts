/**
 * The Ethernet frame around LACP and Marker: a Slow Protocols frame (IEEE 802.3 annex 57A). Untagged, to a group
 * address that bridges never forward, and told apart by the first byte after the EtherType.
 *
 *   0             6         12       14        15
 *   | destination | source  | 0x8809 | subtype | …
 */
import { putMac } from "./port-info.js";

export const SLOW_PROTOCOLS_ADDRESS = "01:80:c2:00:00:02";
export const SLOW_PROTOCOLS_ETHERTYPE = 0x8809;
export const SUBTYPE_LACP = 1;
export const SUBTYPE_MARKER = 2;
/** Where the subtype stands: bytes of the Ethernet header. */
export const ETHERNET_BYTES = 14;
/** LACPDUs of version 1 and Marker PDUs from the subtype to the last reserved byte, without the FCS. */
export const SLOW_PDU_BYTES = 110;

/** Why a frame is not taken. */
export type SlowFrameCause =
  /** Shorter than what it should hold. */
  | "truncated"
  /** Not to the Slow Protocols address, or another EtherType. */
  | "not-slow-protocol"
  /** A Slow Protocols frame of a subtype that is not LACP and not Marker (OAM, ESMC, …). */
  | "unknown-subtype"
  /** A TLV's type or length is not what stands there by the standard, or it runs over the frame's end. */
  | "bad-tlv"
  /** Version 0. */
  | "bad-version";

/** A zeroed frame of `pduBytes` bytes behind the Ethernet header, which is filled in, with its subtype. */
export function slowFrame(source: string, subtype: number, pduBytes: number): DataView {
  const view = new DataView(new ArrayBuffer(ETHERNET_BYTES + pduBytes));
  putMac(view, 0, SLOW_PROTOCOLS_ADDRESS);
  putMac(view, 6, source);
  view.setUint16(12, SLOW_PROTOCOLS_ETHERTYPE);
  view.setUint8(ETHERNET_BYTES, subtype);
  return view;
}

/** The subtype of a Slow Protocols frame, or why it is none. */
export function slowSubtype(frame: Uint8Array): number | SlowFrameCause {
  if (frame.length <= ETHERNET_BYTES) return "truncated";
  const view = viewOf(frame);
  const isOurs =
    view.getUint32(0) === 0x0180c200 && view.getUint16(4) === 0x0002 && view.getUint16(12) === SLOW_PROTOCOLS_ETHERTYPE;
  return isOurs ? view.getUint8(ETHERNET_BYTES) : "not-slow-protocol";
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
