/** Frames that scenarios make up: UDP (RFC 768), TCP's first segments (RFC 9293), pings (RFC 792, RFC 4443) and their answers. */
import { internetChecksum, onesSum } from "../../checksum.js";
import {
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernetFrame,
  NO_TAGS,
  readEthernet,
  viewOf,
} from "../../overlay/answers/ethernet.js";
import { IPV4_BYTES, IPV6_BYTES, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../../overlay/answers/ip.js";

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const UDP_BYTES = 8;
const TCP_BYTES = 20;
const ECHO_BYTES = 8;
const TTL = 64;
const DF = 0x4000;
const TCP_SYN = 0x5002;
const TCP_WINDOW = 64240;
/** Where the checksum stands in each. */
const CHECKSUM_AT = { [PROTOCOL_TCP]: 16, [PROTOCOL_UDP]: 6, [PROTOCOL_ICMP]: 2, [PROTOCOL_ICMPV6]: 2 } as const;
type Protocol = keyof typeof CHECKSUM_AT;

const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;
const EPHEMERAL_FIRST = 49152;
const EPHEMERAL_COUNT = 16384;

export interface Ends {
  readonly srcMac: Uint8Array;
  readonly dstMac: Uint8Array;
  /** 4 or 16 bytes, both. */
  readonly srcIp: Uint8Array;
  readonly dstIp: Uint8Array;
}

export interface FlowShape {
  readonly protocol: "udp" | "tcp" | "icmp";
  /** Destination port of UDP and TCP. */
  readonly port: number;
  /** Payload of UDP and pings; its first four are the frame's number. */
  readonly bytes: number;
  /** Tells flows of the same ends apart: source port of UDP, identifier of pings. */
  readonly number: number;
}

/** The ith frame of a flow. Each of TCP's is another connection's. */
export function flowFrame(ends: Ends, { protocol, port, bytes, number }: FlowShape, i: number): Uint8Array {
  const version = ends.srcIp.length === 4 ? 4 : 6;
  if (protocol === "tcp") return ipFrame(ends, PROTOCOL_TCP, syn(EPHEMERAL_FIRST + (i % EPHEMERAL_COUNT), port, i));
  const payload = Uint8Array.from({ length: bytes }, (_, at) => at & 0xff);
  viewOf(payload).setUint32(0, i);
  if (protocol === "udp")
    return ipFrame(ends, PROTOCOL_UDP, datagram(EPHEMERAL_FIRST + (number % EPHEMERAL_COUNT), port, payload));
  const echo = new Uint8Array(ECHO_BYTES + bytes);
  echo[0] = ECHO[version].request;
  viewOf(echo).setUint16(4, number);
  viewOf(echo).setUint16(6, i);
  echo.set(payload, ECHO_BYTES);
  return ipFrame(ends, version === 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6, echo);
}

/** The answer to a ping; undefined for any other frame. */
export function echoReply(frame: Uint8Array): Uint8Array | undefined {
  const { type, src, dst, body = new Uint8Array(0) } = readEthernet(frame) ?? {};
  const version = type === ETHERTYPE_IPV4 ? 4 : type === ETHERTYPE_IPV6 ? 6 : undefined;
  if (!version || !src || !dst) return undefined;
  const [l4, protocol, ips] =
    version === 4 ? [IPV4_BYTES, body[9], body.subarray(12, 20)] : [IPV6_BYTES, body[6], body.subarray(8, 40)];
  if (protocol !== (version === 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6) || body[l4] !== ECHO[version].request)
    return undefined;
  const message = body.slice(l4);
  message.set([ECHO[version].reply, 0, 0, 0]);
  const half = ips.length / 2;
  return ipFrame(
    { srcMac: dst, dstMac: src, srcIp: ips.subarray(half), dstIp: ips.subarray(0, half) },
    protocol,
    message,
  );
}

function datagram(source: number, destination: number, payload: Uint8Array): Uint8Array {
  const udp = new Uint8Array(UDP_BYTES + payload.length);
  const view = viewOf(udp);
  view.setUint16(0, source);
  view.setUint16(2, destination);
  view.setUint16(4, udp.length);
  udp.set(payload, UDP_BYTES);
  return udp;
}

function syn(source: number, destination: number, sequence: number): Uint8Array {
  const tcp = new Uint8Array(TCP_BYTES);
  const view = viewOf(tcp);
  view.setUint16(0, source);
  view.setUint16(2, destination);
  view.setUint32(4, sequence);
  view.setUint16(12, TCP_SYN);
  view.setUint16(14, TCP_WINDOW);
  return tcp;
}

/** A frame around a segment, whose checksum field is 0 and gets written. */
function ipFrame({ srcMac, dstMac, srcIp, dstIp }: Ends, protocol: Protocol, segment: Uint8Array): Uint8Array {
  const isIpv4 = srcIp.length === 4;
  viewOf(segment).setUint16(CHECKSUM_AT[protocol], checksumOf(srcIp, dstIp, protocol, segment));
  const packet = new Uint8Array((isIpv4 ? IPV4_BYTES : IPV6_BYTES) + segment.length);
  const view = viewOf(packet);
  packet.set(segment, packet.length - segment.length);
  if (isIpv4) {
    packet[0] = 0x45;
    view.setUint16(2, packet.length);
    view.setUint16(6, DF);
    packet.set([TTL, protocol], 8);
    packet.set(srcIp, 12);
    packet.set(dstIp, 16);
    view.setUint16(10, internetChecksum(packet.subarray(0, IPV4_BYTES)));
  } else {
    packet[0] = 0x60;
    view.setUint16(4, segment.length);
    packet.set([protocol, TTL], 6);
    packet.set(srcIp, 8);
    packet.set(dstIp, 24);
  }
  const type = isIpv4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
  return ethernetFrame({ dst: dstMac, src: srcMac, tags: NO_TAGS, type }, packet);
}

/** Over the pseudo-header too, but for ICMP in IPv4; 0 is sent as 0xffff by UDP. */
function checksumOf(srcIp: Uint8Array, dstIp: Uint8Array, protocol: Protocol, segment: Uint8Array): number {
  if (protocol === PROTOCOL_ICMP) return internetChecksum(segment);
  const pseudo = Uint8Array.of(...srcIp, ...dstIp, 0, protocol, segment.length >> 8, segment.length & 0xff);
  const sum = internetChecksum(segment, onesSum(pseudo));
  return sum === 0 && protocol === PROTOCOL_UDP ? 0xffff : sum;
}
