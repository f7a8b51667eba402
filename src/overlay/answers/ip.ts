/** IP packets that the overlay itself says: headers with their checksums (RFC 791, RFC 8200), and ICMP's (RFC 792, RFC 4443 2.3). */
import { internetChecksum, onesSum } from "../../checksum.js";
import { viewOf } from "./ethernet.js";

export const IPV4_BYTES = 20;
export const IPV6_BYTES = 40;
export const ICMP_BYTES = 8;
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_ICMPV6 = 58;

const ICMP_CHECKSUM_AT = 2;
/** DSCP CS6, internetwork control: RFC 1812 section 4.3.2.5 asks it of ICMP errors. */
const TOS_CONTROL = 0xc0;
const DF = 0x4000;
const TTL = 64;

/** An ICMP message in IPv4; its checksum is written. DF with identification 0: an atomic datagram (RFC 6864). */
export function icmpPacket(src: Uint8Array, dst: Uint8Array, message: Uint8Array): Uint8Array {
  const packet = new Uint8Array(IPV4_BYTES + message.length);
  const view = viewOf(packet);
  packet.set([0x45, TOS_CONTROL]);
  view.setUint16(2, packet.length);
  view.setUint16(6, DF);
  packet.set([TTL, PROTOCOL_ICMP], 8);
  packet.set(src, 12);
  packet.set(dst, 16);
  view.setUint16(10, internetChecksum(packet.subarray(0, IPV4_BYTES)));
  packet.set(message, IPV4_BYTES);
  view.setUint16(IPV4_BYTES + ICMP_CHECKSUM_AT, internetChecksum(message));
  return packet;
}

/** An ICMPv6 message in IPv6; its checksum is written. */
export function icmpv6Packet(
  src: Uint8Array,
  dst: Uint8Array,
  message: Uint8Array,
  { hopLimit = TTL }: { readonly hopLimit?: number } = {},
): Uint8Array {
  const packet = new Uint8Array(IPV6_BYTES + message.length);
  const view = viewOf(packet);
  packet[0] = 0x60;
  view.setUint16(4, message.length);
  packet.set([PROTOCOL_ICMPV6, hopLimit], 6);
  packet.set(src, 8);
  packet.set(dst, 24);
  packet.set(message, IPV6_BYTES);
  view.setUint16(IPV6_BYTES + ICMP_CHECKSUM_AT, icmpv6Checksum(src, dst, message));
  return packet;
}

/** Checksum over message and pseudo-header (RFC 8200 section 8.1); 0 for a message that carries the right one. */
export function icmpv6Checksum(src: Uint8Array, dst: Uint8Array, message: Uint8Array): number {
  const addresses = onesSum(dst, onesSum(src));
  return internetChecksum(message, addresses + message.length + PROTOCOL_ICMPV6);
}
