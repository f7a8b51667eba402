/**
 * What a frame says to a UDP socket: destination and payload. Its headers stay behind, and the other end makes them again (template.ts), so
 * only what can be made again may leave: IPv4 without options or IPv6, from this end's address and port.
 */
import { ipText } from "../../overlay/address.js";

export interface Datagram {
  readonly address: string;
  readonly payload: Uint8Array;
}

const ETHERNET_BYTES = 14;
const UDP_BYTES = 8;
const PROTOCOL_UDP = 17;
/** Where headers have what is needed, from the IP header on. */
const IPV4 = { etherType: 0x0800, firstByte: 0x45, protocol: 9, source: 12, addressBytes: 4, bytes: 20 } as const;
const IPV6 = { etherType: 0x86dd, firstByte: 0x60, protocol: 6, source: 8, addressBytes: 16, bytes: 40 } as const;

/** Undefined for a frame that is no such packet from there. local has 4 or 16 bytes. */
export function datagramOf(frame: Uint8Array, local: Uint8Array, udpPort: number): Datagram | undefined {
  const ip = local.length === 4 ? IPV4 : IPV6;
  const l4 = ETHERNET_BYTES + ip.bytes;
  if (frame.length < l4 + UDP_BYTES || u16(frame, 12) !== ip.etherType) return undefined;
  const version = frame[ETHERNET_BYTES] as number;
  // IPv6: the lower half begins the traffic class.
  if ((ip === IPV6 ? version & 0xf0 : version) !== ip.firstByte) return undefined;
  if (frame[ETHERNET_BYTES + ip.protocol] !== PROTOCOL_UDP) return undefined;
  const source = ETHERNET_BYTES + ip.source;
  if (!local.every((byte, i) => frame[source + i] === byte)) return undefined;
  const length = u16(frame, l4 + 4);
  if (u16(frame, l4) !== udpPort || u16(frame, l4 + 2) !== udpPort) return undefined;
  if (length < UDP_BYTES || l4 + length > frame.length) return undefined;
  const destination = source + ip.addressBytes;
  return {
    address: ipText(frame.subarray(destination, destination + ip.addressBytes)),
    payload: frame.subarray(l4 + UDP_BYTES, l4 + length),
  };
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
