/**
 * The outer headers of a tunnel, built once (RFC 7348 section 5, RFC 791, RFC 8200, RFC 768): every fixed byte, and the
 * one's-complement sums of what never changes. The data plane patches lengths, entropy port and checksums.
 */

/** What a template is made of; addresses in network order, 4 bytes each or 16 each. */
export interface OuterHeaders {
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly sourceMac: Uint8Array;
  readonly nextHopMac: Uint8Array;
  /** 802.1Q VLAN id of the underlay, 1-4094; no tag when absent. */
  readonly vlan?: number | undefined;
  /** Time to live or hop limit. */
  readonly ttl: number;
  readonly udpPort: number;
  readonly vni: number;
}

export interface Template {
  /** The headers with lengths, source port and checksums zero. */
  readonly bytes: Uint8Array;
  /** Offset of the IP header. */
  readonly l3: number;
  /** Sums in memory order, not complemented: see assembly/path/tunnel.ts. */
  readonly ipSum: number;
  readonly udpSum: number;
}

const PROTOCOL_UDP = 17;
const UDP_AND_VXLAN_BYTES = 16;

export function buildTemplate(outer: OuterHeaders): Template {
  const ethernet = ethernetHeader(outer);
  const ip = outer.local.length === 4 ? ipv4Header(outer) : ipv6Header(outer);
  const udp = [0, 0, outer.udpPort >> 8, outer.udpPort & 0xff, 0, 0, 0, 0];
  const vxlan = [0x08, 0, 0, 0, outer.vni >> 16, (outer.vni >> 8) & 0xff, outer.vni & 0xff, 0];
  const bytes = Uint8Array.from([...ethernet, ...ip, ...udp, ...vxlan]);
  const pseudo = [...outer.local, ...outer.remote, 0, PROTOCOL_UDP];
  return {
    bytes,
    l3: ethernet.length,
    ipSum: outer.local.length === 4 ? sum(ip) : 0,
    udpSum: sum([...pseudo, ...bytes.subarray(-UDP_AND_VXLAN_BYTES)]),
  };
}

function ethernetHeader({ sourceMac, nextHopMac, vlan, local }: OuterHeaders): number[] {
  const tag = vlan === undefined ? [] : [0x81, 0x00, vlan >> 8, vlan & 0xff];
  return [...nextHopMac, ...sourceMac, ...tag, ...(local.length === 4 ? [0x08, 0x00] : [0x86, 0xdd])];
}

/** DF set and identification 0: an atomic datagram (RFC 6864 section 4), since a VTEP must not fragment. */
function ipv4Header({ local, remote, ttl }: OuterHeaders): number[] {
  return [0x45, 0, 0, 0, 0, 0, 0x40, 0, ttl, PROTOCOL_UDP, 0, 0, ...local, ...remote];
}

function ipv6Header({ local, remote, ttl }: OuterHeaders): number[] {
  return [0x60, 0, 0, 0, 0, 0, PROTOCOL_UDP, ttl, ...local, ...remote];
}

/** Sum of 16-bit words in memory (little-endian) order; at most 80 bytes, so no carry out of 32 bits. */
function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, byte, i) => total + (i % 2 === 0 ? byte : byte << 8), 0);
}
