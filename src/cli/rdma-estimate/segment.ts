/**
 * What a frame says of a socket: whose it is, and how much it carries. By the innermost headers, since the sockets of applications are
 * inside tunnels. Lengths are those of the IP header, so that neither Ethernet's padding nor a cut frame changes them.
 */
import { latin1 } from "../lag/flow-key.js";
import {
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  type Headers,
  IPV4_BYTES,
  IPV6_BYTES,
  innermost,
  PROTOCOL_UDP,
  transportOf,
  u16,
} from "../lag/headers.js";
import type { TimedFrame } from "../timed-frames.js";

export interface Segment {
  readonly ipVersion: 4 | 6;
  /** Source and destination address, a character a byte. */
  readonly addresses: string;
  /** With protocol and ports. */
  readonly socket: string;
  readonly payloadBytes: number;
  /** Of TCP. */
  readonly tcp: { readonly sequence: number; readonly isFirst: boolean; readonly isLast: boolean } | undefined;
}

/** Why a frame says nothing of a socket. */
export type NoSegment = "notTcpOrUdp" | "fragment" | "unreadable" | "rocev2";

interface IpPacket {
  readonly ipVersion: 4 | 6;
  readonly addresses: string;
  /** Where it ends, in bytes of the frame on the wire. */
  readonly end: number;
}

const PROTOCOL_TCP = 6;
const UDP_BYTES = 8;
const TCP_BYTES = 20;
/** What is read of it: to the flags. */
const TCP_READ_BYTES = 14;
const TCP_FIN = 0x01;
const TCP_SYN = 0x02;
const TCP_RST = 0x04;
/** RDMA already. */
const ROCEV2_PORT = 4791;

export function segmentOf(frame: TimedFrame): Segment | NoSegment {
  const { data } = frame;
  const headers = innermost(data);
  if (!headers) return "unreadable";
  if (headers.type !== ETHERTYPE_IPV4 && headers.type !== ETHERTYPE_IPV6) return "notTcpOrUdp";
  const ip = ipPacketOf(frame, headers);
  const transport = transportOf(data, headers);
  if (!ip || !transport) return "unreadable";
  if (transport.protocol !== PROTOCOL_TCP && transport.protocol !== PROTOCOL_UDP) return "notTcpOrUdp";
  if (transport.isFragment) return "fragment";
  return transport.protocol === PROTOCOL_TCP ? tcpSegment(data, transport.at, ip) : udpSegment(data, transport.at, ip);
}

function ipPacketOf({ data, lengthBytes }: TimedFrame, { type, network }: Headers): IpPacket | undefined {
  const [ipVersion, headerBytes] = type === ETHERTYPE_IPV4 ? ([4, IPV4_BYTES] as const) : ([6, IPV6_BYTES] as const);
  if (network + headerBytes > data.length || (data[network] as number) >> 4 !== ipVersion) return undefined;
  const said = ipVersion === 4 ? u16(data, network + 2) : u16(data, network + 4);
  // A host that leaves segmentation to its card may write 0 for what is longer than the field can say.
  const end = said === 0 ? lengthBytes : network + said + (ipVersion === 4 ? 0 : IPV6_BYTES);
  if (end > lengthBytes) return undefined;
  const addresses = ipVersion === 4 ? latin1(data, network + 12, 8) : latin1(data, network + 8, 32);
  return { ipVersion, addresses, end };
}

function tcpSegment(data: Uint8Array, at: number, { ipVersion, addresses, end }: IpPacket): Segment | NoSegment {
  if (at + TCP_READ_BYTES > data.length) return "unreadable";
  const headerBytes = ((data[at + 12] as number) >> 4) * 4;
  const payloadBytes = end - at - headerBytes;
  if (headerBytes < TCP_BYTES || payloadBytes < 0) return "unreadable";
  const flags = data[at + 13] as number;
  const sequence = ((u16(data, at + 4) << 16) | u16(data, at + 6)) >>> 0;
  const tcp = { sequence, isFirst: (flags & TCP_SYN) !== 0, isLast: (flags & (TCP_FIN | TCP_RST)) !== 0 };
  return { ipVersion, addresses, socket: `t${addresses}${latin1(data, at, 4)}`, payloadBytes, tcp };
}

function udpSegment(data: Uint8Array, at: number, { ipVersion, addresses, end }: IpPacket): Segment | NoSegment {
  if (at + UDP_BYTES > data.length) return "unreadable";
  if (u16(data, at + 2) === ROCEV2_PORT) return "rocev2";
  const said = u16(data, at + 4);
  const payloadBytes = (said === 0 ? end - at : said) - UDP_BYTES;
  if (payloadBytes < 0 || at + UDP_BYTES + payloadBytes > end) return "unreadable";
  return { ipVersion, addresses, socket: `u${addresses}${latin1(data, at, 4)}`, payloadBytes, tcp: undefined };
}
