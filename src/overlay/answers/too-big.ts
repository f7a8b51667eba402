/**
 * The answer to a packet that its path does not hold: ICMP "fragmentation needed" with the MTU (RFC 792, RFC 1191 section 4) or ICMPv6
 * "packet too big" (RFC 4443 section 3.2). There is no router between two endpoints of a network, so it comes from the packet's own
 * destination, IP and MAC: then it takes the way back whatever filters there are. It quotes as much of the packet as fits in 576
 * bytes (RFC 1812 section 4.3.2.3), or in 1280.
 *
 *   │ 3 │ 4 │ checksum │ 0         │ MTU  │ IP header and what fits of its payload │     ICMP
 *   │ 2 │ 0 │ checksum │ MTU              │ IPv6 packet as far as it fits          │     ICMPv6
 *
 * Errors about errors, or from or to many, would make storms: about those there is none (RFC 1122 section 3.2.2, RFC 4443 section
 * 2.4(e)).
 */
import { internetChecksum } from "../../checksum.js";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ethernetFrame, isGroupMac, readEthernet, viewOf } from "./ethernet.js";
import { ICMP_BYTES, IPV4_BYTES, IPV6_BYTES, icmpPacket, icmpv6Packet, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "./ip.js";

/** What is offered to hosts must be able to carry something: RFC 791's 68 bytes and RFC 8200's 1280. Less, receivers discard. */
const IPV4_MTU_MIN = 68;
const IPV6_MTU_MIN = 1280;
/** Bytes of an answer's IP packet. */
const IPV4_ANSWER_BYTES_MAX = 576;
const IPV6_ANSWER_BYTES_MAX = 1280;

const LENGTH_FIELD_MAX = 0xffff;
const DF = 0x4000;
const OFFSET_MASK = 0x1fff;
/** ICMP's queries and their replies, and router discovery (IANA's registry): all other types are errors, or not known. */
const ICMP_INFORMATION = [0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 42, 43];
const ICMPV6_ERRORS_BELOW = 128;
const ICMPV6_REDIRECT = 137;
const LOOPBACK6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
/** Most extension headers that are walked, as the data plane does. */
const EXTENSIONS_MAX = 8;
const EXTENSIONS = [0, 43, 44, 51, 60, 135, 139, 140];
const EXTENSION_FRAGMENT = 44;
const EXTENSION_AUTHENTICATION = 51;

/** Why a packet gets no answer. */
export type TooBigRefusal =
  /** Neither IPv4 nor IPv6. */
  | "not-ip"
  /** Headers that end too early or contradict themselves, an IPv4 header whose checksum is wrong. */
  | "malformed"
  /** Not larger than the MTU. */
  | "fits"
  /** IPv4 without DF: to be fragmented, not answered. */
  | "fragmentable"
  /** An MTU that receivers would not believe: below 68, or 1280 for IPv6. */
  | "mtu-below-minimum"
  /** A fragment other than the first: the first is answered. */
  | "later-fragment"
  /** An ICMP error, a redirect, or an ICMP message of a type that may be one. */
  | "icmp-error"
  /** To a multicast or broadcast address, or one of class E. */
  | "group-destination"
  /** From one. */
  | "group-source"
  /** From no address at all (0.0.0.0/8, ::), or from a loopback address. */
  | "no-source"
  /** To one. */
  | "no-destination";

/**
 * The frame to the sender of an Ethernet frame, whole from its first byte on, that says which MTU (bytes of IP) its path has; or why
 * there is none. VLAN tags come back as they came.
 */
export function tooBig(frame: Uint8Array, mtuBytes: number): Uint8Array | TooBigRefusal {
  const ethernet = readEthernet(frame);
  if (!ethernet) return "malformed";
  const { dst, src, tags, type, body } = ethernet;
  if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) return "not-ip";
  if (isGroupMac(dst)) return "group-destination";
  if (isGroupMac(src)) return "group-source";
  const answer = type === ETHERTYPE_IPV4 ? tooBig4(body, mtuBytes) : tooBig6(body, mtuBytes);
  if (typeof answer === "string") return answer;
  return ethernetFrame({ dst: src, src: dst, tags, type }, answer);
}

function tooBig4(body: Uint8Array, mtuBytes: number): Uint8Array | TooBigRefusal {
  if (body.length < IPV4_BYTES) return "malformed";
  const view = viewOf(body);
  const headerBytes = (view.getUint8(0) & 0xf) * 4;
  const totalLength = lengthOf(view.getUint16(2), body.length);
  if (view.getUint8(0) >> 4 !== 4 || headerBytes < IPV4_BYTES) return "malformed";
  if (totalLength < headerBytes || totalLength > body.length) return "malformed";
  if (internetChecksum(body.subarray(0, headerBytes)) !== 0) return "malformed";
  const field = view.getUint16(6);
  if (totalLength <= mtuBytes) return "fits";
  if ((field & DF) === 0) return "fragmentable";
  if (mtuBytes < IPV4_MTU_MIN) return "mtu-below-minimum";
  if ((field & OFFSET_MASK) !== 0) return "later-fragment";
  const [src, dst] = [body.subarray(12, 16), body.subarray(16, 20)];
  if (isGroup4(dst)) return "group-destination";
  if (isGroup4(src)) return "group-source";
  if (isNobody4(src)) return "no-source";
  if (isNobody4(dst)) return "no-destination";
  if (body[9] === PROTOCOL_ICMP) {
    if (totalLength === headerBytes) return "malformed";
    if (!ICMP_INFORMATION.includes(body[headerBytes] as number)) return "icmp-error";
  }
  const quoted = Math.min(totalLength, IPV4_ANSWER_BYTES_MAX - IPV4_BYTES - ICMP_BYTES);
  const message = new Uint8Array(ICMP_BYTES + quoted);
  message.set([3, 4]);
  viewOf(message).setUint16(6, Math.min(mtuBytes, LENGTH_FIELD_MAX));
  message.set(body.subarray(0, quoted), ICMP_BYTES);
  return icmpPacket(dst, src, message);
}

function tooBig6(body: Uint8Array, mtuBytes: number): Uint8Array | TooBigRefusal {
  if (body.length < IPV6_BYTES) return "malformed";
  const view = viewOf(body);
  const length = IPV6_BYTES + lengthOf(view.getUint16(4), body.length - IPV6_BYTES);
  if (view.getUint8(0) >> 4 !== 6 || length > body.length) return "malformed";
  if (length <= mtuBytes) return "fits";
  if (mtuBytes < IPV6_MTU_MIN) return "mtu-below-minimum";
  const [src, dst] = [body.subarray(8, 24), body.subarray(24, 40)];
  if (dst[0] === 0xff) return "group-destination";
  if (src[0] === 0xff) return "group-source";
  if (isNobody6(src)) return "no-source";
  if (isNobody6(dst)) return "no-destination";
  const refusal = checkPayload6(body.subarray(0, length));
  if (refusal) return refusal;
  const quoted = Math.min(length, IPV6_ANSWER_BYTES_MAX - IPV6_BYTES - ICMP_BYTES);
  const message = new Uint8Array(ICMP_BYTES + quoted);
  message[0] = 2;
  viewOf(message).setUint32(4, mtuBytes);
  message.set(body.subarray(0, quoted), ICMP_BYTES);
  return icmpv6Packet(dst, src, message);
}

/** Walks the extension headers (RFC 8200 section 4) to what they carry. */
function checkPayload6(packet: Uint8Array): TooBigRefusal | undefined {
  let next = packet[6] as number;
  let at = IPV6_BYTES;
  for (let walked = 0; EXTENSIONS.includes(next); walked++) {
    if (walked === EXTENSIONS_MAX || at + 8 > packet.length) return "malformed";
    if (next === EXTENSION_FRAGMENT && (viewOf(packet).getUint16(at + 2) & 0xfff8) !== 0) return "later-fragment";
    const units = packet[at + 1] as number;
    const bytes = next === EXTENSION_FRAGMENT ? 8 : next === EXTENSION_AUTHENTICATION ? units * 4 + 8 : units * 8 + 8;
    next = packet[at] as number;
    at += bytes;
  }
  if (at > packet.length) return "malformed";
  if (next !== PROTOCOL_ICMPV6) return undefined;
  const type = packet[at];
  if (type === undefined) return "malformed";
  return type < ICMPV6_ERRORS_BELOW || type === ICMPV6_REDIRECT ? "icmp-error" : undefined;
}

/** 0 is what a GSO frame longer than the field can say carries. */
function lengthOf(field: number, here: number): number {
  return field === 0 && here > LENGTH_FIELD_MAX ? here : field;
}

/** Multicast, class E and broadcast: 224.0.0.0 and up. A network's own broadcast address is not known here. */
function isGroup4(ip: Uint8Array): boolean {
  return (ip[0] as number) >= 224;
}

function isNobody4(ip: Uint8Array): boolean {
  return ip[0] === 0 || ip[0] === 127;
}

function isNobody6(ip: Uint8Array): boolean {
  return ip.every((byte, i) => byte === LOOPBACK6[i] || byte === 0);
}
