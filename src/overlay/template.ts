/**
 * The outer headers of a tunnel, built once (RFC 791, RFC 8200, RFC 768, and encapsulations.ts for what follows): every fixed byte, and
 * the one's-complement sums of what never changes. The data plane patches lengths, type of service, entropy and checksums.
 */

import type { Ends } from "./outer.js";

/** What a template is made of. */
export interface OuterHeaders extends Ends {
  /** Bits of the type of service, or traffic class, that every frame has. */
  readonly tos: number;
  /** UDP's destination port; without one the tunnel's header follows IP directly, as GRE. */
  readonly udpPort: number | undefined;
  /** The tunnel's header, in front of the inner frame. */
  readonly header: readonly number[];
}

export interface Template {
  /** The headers with lengths, source port and checksums zero. */
  readonly bytes: Uint8Array;
  /** Offset of the IP header, and of what follows it. */
  readonly l3: number;
  readonly l4: number;
  /** Sums in memory order, not complemented: see assembly/path/tunnel.ts. udpSum is 0 without UDP. */
  readonly ipSum: number;
  readonly udpSum: number;
}

const PROTOCOL_UDP = 17;
const PROTOCOL_GRE = 47;
const TOS_AT = 1;

export function buildTemplate(outer: OuterHeaders): Template {
  const { local, remote, udpPort, header } = outer;
  const isIpv4 = local.length === 4;
  const ethernet = ethernetHeader(outer);
  const ip = isIpv4 ? ipv4Header(outer) : ipv6Header(outer);
  const udp = udpPort === undefined ? [] : [0, 0, udpPort >> 8, udpPort & 0xff, 0, 0, 0, 0];
  const l4 = ethernet.length + ip.length;
  const pseudo = [...local, ...remote, 0, PROTOCOL_UDP];
  return {
    bytes: Uint8Array.from([...ethernet, ...ip, ...udp, ...header]),
    l3: ethernet.length,
    l4,
    ipSum: isIpv4 ? sum(ip.with(TOS_AT, 0)) : 0,
    udpSum: udpPort === undefined ? 0 : sum([...pseudo, ...udp, ...header]),
  };
}

function ethernetHeader({ sourceMac, nextHopMac, vlan, local }: OuterHeaders): number[] {
  const tag = vlan === undefined ? [] : [0x81, 0x00, vlan >> 8, vlan & 0xff];
  return [...nextHopMac, ...sourceMac, ...tag, ...(local.length === 4 ? [0x08, 0x00] : [0x86, 0xdd])];
}

function protocolOf({ udpPort }: OuterHeaders): number {
  return udpPort === undefined ? PROTOCOL_GRE : PROTOCOL_UDP;
}

/** DF set and identification 0: an atomic datagram (RFC 6864 section 4), since a tunnel's end must not fragment. */
function ipv4Header(outer: OuterHeaders): number[] {
  return [0x45, outer.tos, 0, 0, 0, 0, 0x40, 0, outer.ttl, protocolOf(outer), 0, 0, ...outer.local, ...outer.remote];
}

function ipv6Header(outer: OuterHeaders): number[] {
  const { tos, ttl, local, remote } = outer;
  return [0x60 | (tos >> 4), (tos & 0xf) << 4, 0, 0, 0, 0, protocolOf(outer), ttl, ...local, ...remote];
}

/** Sum of 16-bit words in memory (little-endian) order; a few hundred bytes at most, so no carry out of 32 bits. */
function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, byte, i) => total + (i % 2 === 0 ? byte : byte << 8), 0);
}
