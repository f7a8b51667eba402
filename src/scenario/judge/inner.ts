/**
 * What a guest's own frame says (IEEE 802.3, 802.1Q; RFC 826, 791, 8200, 4861): whom it is from and for, and whether it is talk about
 * addresses, which hosts answer themselves.
 */
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_RARP,
  isSame,
  readEthernet,
  viewOf,
} from "../../overlay/answers/ethernet.js";
import { IPV4_BYTES, IPV6_BYTES, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../../overlay/answers/ip.js";
import { fingerprint } from "./fingerprint.js";

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const ETHERNET_ADDRESSES_BYTES = 12;
const ARP_BYTES = 28;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** An advertisement with one option: type 2, the target's MAC address (RFC 4861 section 4.6.1). */
const ADVERTISEMENT_BYTES = 32;

export interface IpEnds {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
}

/** The addresses of the frame's IP header; undefined for a frame that is not IP, or that ends before. */
export function ipEnds(frame: Uint8Array): IpEnds | undefined {
  const { type, body = new Uint8Array(0) } = readEthernet(frame) ?? {};
  if (type === ETHERTYPE_IPV4 && body.length >= IPV4_BYTES)
    return { src: body.subarray(12, 16), dst: body.subarray(16, 20) };
  if (type === ETHERTYPE_IPV6 && body.length >= IPV6_BYTES)
    return { src: body.subarray(8, 24), dst: body.subarray(24, 40) };
  return undefined;
}

/** The UDP port that a frame goes to; undefined for a frame that is no UDP, that ends before, or that begins with other headers. */
export function udpPort(frame: Uint8Array): number | undefined {
  const { type, body = new Uint8Array(0) } = readEthernet(frame) ?? {};
  const isIpv4 = type === ETHERTYPE_IPV4;
  if (!isIpv4 && type !== ETHERTYPE_IPV6) return undefined;
  const at = isIpv4 ? IPV4_BYTES : IPV6_BYTES;
  if (body[isIpv4 ? 9 : 6] !== PROTOCOL_UDP || body.length < at + 4) return undefined;
  return viewOf(body).getUint16(at + 2);
}

/**
 * A number that frames of one flow have in common: of a datagram's addresses, protocol, and ports where it has some, else of its Ethernet
 * addresses.
 */
export function flowKey(frame: Uint8Array): number {
  const { type, body = new Uint8Array(0) } = readEthernet(frame) ?? {};
  const isIpv4 = type === ETHERTYPE_IPV4;
  if (!isIpv4 && type !== ETHERTYPE_IPV6) return fingerprint(frame.subarray(0, ETHERNET_ADDRESSES_BYTES), 0);
  const headerBytes = isIpv4 ? ((body[0] ?? 0) & 0xf) * 4 : IPV6_BYTES;
  const protocol = body[isIpv4 ? 9 : 6] ?? 0;
  const hasPorts = protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP;
  const [from, to] = isIpv4 ? [12, 20] : [8, 40];
  const ports = hasPorts ? body.subarray(headerBytes, headerBytes + 4) : new Uint8Array(0);
  return fingerprint(Uint8Array.of(protocol, ...body.subarray(from, to), ...ports), 0);
}

/** ARP, or a neighbour solicitation or advertisement. */
export function isNeighbourTalk(frame: Uint8Array): boolean {
  const ethernet = readEthernet(frame);
  if (ethernet?.type === ETHERTYPE_ARP) return true;
  if (ethernet?.type !== ETHERTYPE_IPV6 || ethernet.body[6] !== PROTOCOL_ICMPV6) return false;
  const kind = ethernet.body[IPV6_BYTES];
  return kind === NEIGHBOUR_SOLICITATION || kind === NEIGHBOUR_ADVERTISEMENT;
}

/** Reverse ARP, by which a host says on a network that floods which VM has come to it (overlay/answers/announce.ts). */
export function isArrivalTalk(frame: Uint8Array): boolean {
  return readEthernet(frame)?.type === ETHERTYPE_RARP;
}

/** Whose MAC address an ARP reply or an advertisement tells, and what it is; undefined for other frames. */
export function neighbourAnswer(frame: Uint8Array): { readonly ip: Uint8Array; readonly mac: Uint8Array } | undefined {
  const { type, body = new Uint8Array(0) } = readEthernet(frame) ?? {};
  if (type === ETHERTYPE_ARP && body.length >= ARP_BYTES && viewOf(body).getUint16(6) === 2) {
    return { mac: body.subarray(8, 14), ip: body.subarray(14, 18) };
  }
  const message = body.subarray(IPV6_BYTES);
  if (!isNeighbourTalk(frame) || message[0] !== NEIGHBOUR_ADVERTISEMENT || message.length < ADVERTISEMENT_BYTES) {
    return undefined;
  }
  return { ip: message.subarray(8, 24), mac: message.subarray(26, 32) };
}

/** That a packet was too big (RFC 1191, RFC 4443 section 3.2), which a host says in its destination's name. */
export function isTooBigAnswer(frame: Uint8Array): boolean {
  const { type, body = new Uint8Array(0) } = readEthernet(frame) ?? {};
  const [kind, code] = body.subarray(type === ETHERTYPE_IPV6 ? IPV6_BYTES : IPV4_BYTES);
  if (type === ETHERTYPE_IPV4) return body[9] === PROTOCOL_ICMP && kind === 3 && code === 4;
  return type === ETHERTYPE_IPV6 && body[6] === PROTOCOL_ICMPV6 && kind === 2;
}

export function isToMany(frame: Uint8Array): boolean {
  return ((frame[0] ?? 0) & 1) === 1;
}

export function isFrom(frame: Uint8Array, mac: Uint8Array): boolean {
  return isSame(frame.subarray(6, 12), mac);
}

/** The frame with another Ethernet source or destination address, or both. */
export function withMacs(frame: Uint8Array, { dst, src }: { dst?: Uint8Array; src?: Uint8Array }): Uint8Array {
  const copy = frame.slice();
  if (dst) copy.set(dst);
  if (src) copy.set(src, 6);
  return copy;
}
