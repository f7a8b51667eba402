/**
 * The outer headers of a frame between queue pairs, built once (IBTA volume 1, 7.7, 9.2 and 9.3, and annex A17; RFC 791, 8200, 768):
 * every byte that is the same for all of a path's packets. The data plane patches lengths, entropy port, pad count, queue pairs and
 * PSN, and appends pad and CRCs. assembly/wire/ib.ts draws both forms.
 */

/** Addresses in network order, 4 bytes each or 16 each. */
export interface RoceHeaders {
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly sourceMac: Uint8Array;
  readonly nextHopMac: Uint8Array;
  /** 802.1Q VLAN id of the underlay, 1-4094; no tag when absent. */
  readonly vlan?: number | undefined;
  /** Time to live or hop limit. */
  readonly ttl: number;
  /** Type of service or traffic class. */
  readonly tos: number;
  /** Queue key, 32 bits: a network's VNI, or that of control messages. */
  readonly qkey: number;
}

export interface InfinibandHeaders {
  /** Local identifiers of this port and of the remote one, 1-0xbfff. */
  readonly slid: number;
  readonly dlid: number;
  /** Service level, 0-15, and virtual lane, 0-14. */
  readonly sl: number;
  readonly vl: number;
  readonly qkey: number;
}

export interface GqpTemplate {
  /** The headers, the overlay header among them; what is patched is zero. */
  readonly bytes: Uint8Array;
  /** Offset of the IP header, or of the local route header. */
  readonly l3: number;
  /** Offset of what follows it: UDP, or the base transport header. */
  readonly l4: number;
  /** Sum of an IPv4 header, see assembly/path/tunnel.ts; else 0. */
  readonly ipSum: number;
}

/** UDP port of RoCEv2 (IANA). */
export const ROCEV2_UDP_PORT = 4791;
const PROTOCOL_UDP = 17;
const OPCODE_UD_SEND_ONLY = 0x64;
/** The EtherType of a whole frame, and 16 zero bits. */
export const OVERLAY_HEADER: readonly number[] = [0x65, 0x58, 0, 0];

export function buildRoceTemplate(outer: RoceHeaders): GqpTemplate {
  const ethernet = ethernetHeader(outer);
  const isIpv4 = outer.local.length === 4;
  const ip = isIpv4 ? ipv4Header(outer) : ipv6Header(outer);
  const udp = [0, 0, ...be16(ROCEV2_UDP_PORT), 0, 0, 0, 0];
  const l3 = ethernet.length;
  return {
    bytes: Uint8Array.from([...ethernet, ...ip, ...udp, ...datagramHeaders(outer.qkey), ...OVERLAY_HEADER]),
    l3,
    l4: l3 + ip.length,
    ipSum: isIpv4 ? sum(ip) : 0,
  };
}

/** Link version 0; next header 2: a base transport header follows at once. */
export function buildInfinibandTemplate({ slid, dlid, sl, vl, qkey }: InfinibandHeaders): GqpTemplate {
  const lrh = [vl << 4, (sl << 4) | 2, ...be16(dlid), 0, 0, ...be16(slid)];
  const bytes = Uint8Array.from([...lrh, ...datagramHeaders(qkey), ...OVERLAY_HEADER]);
  return { bytes, l3: 0, l4: lrh.length, ipSum: 0 };
}

/** BTH of a UD SEND in the default partition, of which the sender is a full member, and DETH; queue pairs and PSN zero. */
export function datagramHeaders(qkey: number): number[] {
  const bth = [OPCODE_UD_SEND_ONLY, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
  return [...bth, ...be16(qkey >>> 16), ...be16(qkey & 0xffff), 0, 0, 0, 0];
}

function ethernetHeader({ sourceMac, nextHopMac, vlan, local }: RoceHeaders): number[] {
  const tag = vlan === undefined ? [] : [0x81, 0x00, ...be16(vlan)];
  return [...nextHopMac, ...sourceMac, ...tag, ...(local.length === 4 ? [0x08, 0x00] : [0x86, 0xdd])];
}

/** DF set and identification 0: an atomic datagram (RFC 6864 section 4). */
function ipv4Header({ local, remote, ttl, tos }: RoceHeaders): number[] {
  return [0x45, tos, 0, 0, 0, 0, 0x40, 0, ttl, PROTOCOL_UDP, 0, 0, ...local, ...remote];
}

function ipv6Header({ local, remote, ttl, tos }: RoceHeaders): number[] {
  return [0x60 | (tos >> 4), (tos & 0xf) << 4, 0, 0, 0, 0, PROTOCOL_UDP, ttl, ...local, ...remote];
}

/** Sum of 16-bit words in memory (little-endian) order. */
function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, byte, i) => total + (i % 2 === 0 ? byte : byte << 8), 0);
}

function be16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}
