/** A sender's frames for the VM: UDP in IPv4 in Ethernet, whose payload begins with the sender's number and the frame's. */
import { internetChecksum } from "../../checksum.js";
import { parseIp, parseMac } from "../../overlay/address.js";
import { ETHERTYPE_IPV4, ethernetFrame, NO_TAGS, viewOf } from "../../overlay/answers/ethernet.js";

export interface StreamEnd {
  readonly mac: string;
  readonly ip: string;
}

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const UDP_BYTES = 8;
/** Where the payload begins: sender and number, 4 bytes each in network order. */
export const PAYLOAD_AT = ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES;
const PROTOCOL_UDP = 17;
const TTL = 64;
/** RFC 863: whatever comes is thrown away. */
const PORT_DISCARD = 9;

/** Without FCS, 60 bytes at least. Its UDP checksum is 0, for none (RFC 768). */
export function streamFrame(from: StreamEnd, to: StreamEnd, frameBytes: number): Uint8Array {
  const packet = new Uint8Array(frameBytes - ETHERNET_BYTES);
  const view = viewOf(packet);
  packet[0] = 0x45;
  view.setUint16(2, packet.length);
  packet[8] = TTL;
  packet[9] = PROTOCOL_UDP;
  packet.set(parseIp("ip", from.ip), 12);
  packet.set(parseIp("ip", to.ip), 16);
  view.setUint16(10, internetChecksum(packet.subarray(0, IPV4_BYTES)));
  view.setUint16(IPV4_BYTES, PORT_DISCARD);
  view.setUint16(IPV4_BYTES + 2, PORT_DISCARD);
  view.setUint16(IPV4_BYTES + 4, packet.length - IPV4_BYTES);
  const header = { dst: parseMac("mac", to.mac), src: parseMac("mac", from.mac), tags: NO_TAGS, type: ETHERTYPE_IPV4 };
  return ethernetFrame(header, packet);
}

/** Numbers a frame, which is written to. */
export function numberFrame(frame: Uint8Array, sender: number, number: number): Uint8Array {
  viewOf(frame).setUint32(PAYLOAD_AT, sender);
  viewOf(frame).setUint32(PAYLOAD_AT + 4, number);
  return frame;
}

/** The numbers in a frame whose first byte is at an offset. */
export function numbersOf(bytes: Uint8Array, at = 0): { readonly sender: number; readonly number: number } {
  const view = viewOf(bytes);
  return { sender: view.getUint32(at + PAYLOAD_AT), number: view.getUint32(at + PAYLOAD_AT + 4) };
}
