/**
 * Where a frame's headers are: the outer ones, or the innermost behind tags, VXLAN (RFC 7348), Geneve (RFC 8926) and GRE (RFC 2784), at
 * most four tunnels deep. What is found names flows; the engine finds for itself what it hashes.
 */

/** An Ethernet header and what it carries. */
export interface Headers {
  readonly ethernet: number;
  /** Of the first tag; 0 for none. */
  readonly vlan: number;
  /** EtherType behind the tags. */
  readonly type: number;
  /** Where that begins. */
  readonly network: number;
}

/** What an IP header carries. */
export interface Transport {
  readonly protocol: number;
  /** Where it begins. */
  readonly at: number;
  readonly isFragment: boolean;
}

export const ETHERNET_BYTES = 14;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
export const IPV4_BYTES = 20;
export const IPV6_BYTES = 40;
export const PROTOCOL_UDP = 17;

const TAG_TYPES = [0x8100, 0x88a8, 0x9100];
const TAGS_MAX = 4;
const TAG_BYTES = 4;
const VLAN_MASK = 0xfff;

const PROTOCOL_GRE = 47;
const ETHERTYPE_TEB = 0x6558;
const TUNNELS_MAX = 4;
const UDP_BYTES = 8;
const TUNNEL_BYTES = 8;
const VXLAN_PORT = 4789;
const VXLAN_HAS_VNI = 0x08;
const GENEVE_PORT = 6081;
const GENEVE_VERSION = 0xc0;
const GENEVE_OPTION_WORDS = 0x3f;
const GRE_BYTES = 4;
const GRE_ROUTING_OR_VERSION = 0x4007;
/** Checksum, key and sequence number: four bytes each. */
const GRE_FIELDS = [0x8000, 0x2000, 0x1000];

const EXTENSIONS_MAX = 8;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;
const EXTENSIONS = [HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION];

/** The Ethernet header at an offset; undefined when it is not all there. */
export function headersAt(data: Uint8Array, ethernet: number): Headers | undefined {
  let network = ethernet + ETHERNET_BYTES;
  if (network > data.length) return undefined;
  let type = u16(data, network - 2);
  let vlan: number | undefined;
  for (let tags = 0; tags < TAGS_MAX && TAG_TYPES.includes(type) && network + TAG_BYTES <= data.length; tags++) {
    vlan ??= u16(data, network) & VLAN_MASK;
    type = u16(data, network + 2);
    network += TAG_BYTES;
  }
  return { ethernet, vlan: vlan ?? 0, type, network };
}

/** The innermost headers; the outer ones where there is no tunnel. */
export function innermost(data: Uint8Array): Headers | undefined {
  let found = headersAt(data, 0);
  for (let tunnels = 0; found && tunnels < TUNNELS_MAX; tunnels++) {
    const inside = inTunnel(data, found);
    if (!inside) return found;
    found = inside;
  }
  return found;
}

/** What the IP header carries; undefined for no IP, and for a header that is not sound or not here. */
export function transportOf(data: Uint8Array, { type, network }: Headers): Transport | undefined {
  if (type === ETHERTYPE_IPV6) return ipv6Transport(data, network);
  const headerBytes = ((data[network] ?? 0) & 0xf) * 4;
  if (type !== ETHERTYPE_IPV4 || network + IPV4_BYTES > data.length || headerBytes < IPV4_BYTES) return undefined;
  const isFragment = (u16(data, network + 6) & 0x3fff) !== 0;
  return { protocol: data[network + 9] as number, at: network + headerBytes, isFragment };
}

/** An atomic fragment (RFC 6946) is whole. */
function ipv6Transport(data: Uint8Array, network: number): Transport | undefined {
  let at = network + IPV6_BYTES;
  if (at > data.length) return undefined;
  let protocol = data[network + 6] as number;
  for (let walked = 0; walked < EXTENSIONS_MAX && EXTENSIONS.includes(protocol) && at + 8 <= data.length; walked++) {
    const isFragment = protocol === FRAGMENT && (u16(data, at + 2) & 0xfff9) !== 0;
    const words = data[at + 1] as number;
    const bytes = protocol === FRAGMENT ? 8 : protocol === AUTHENTICATION ? (words + 2) * 4 : (words + 1) * 8;
    protocol = data[at] as number;
    at += bytes;
    if (isFragment) return { protocol, at, isFragment };
  }
  return { protocol, at, isFragment: false };
}

function inTunnel(data: Uint8Array, outer: Headers): Headers | undefined {
  const transport = transportOf(data, outer);
  if (!transport || transport.isFragment) return undefined;
  const { protocol, at } = transport;
  if (protocol === PROTOCOL_GRE && at + GRE_BYTES <= data.length) {
    const flags = u16(data, at);
    const fields = GRE_FIELDS.filter((bit) => flags & bit).length;
    if (flags & GRE_ROUTING_OR_VERSION) return undefined;
    return carried(data, outer, u16(data, at + 2), at + GRE_BYTES + fields * 4);
  }
  const tunnel = at + UDP_BYTES;
  if (protocol !== PROTOCOL_UDP || tunnel + TUNNEL_BYTES > data.length) return undefined;
  const [port, first] = [u16(data, at + 2), data[tunnel] as number];
  if (port === VXLAN_PORT && first & VXLAN_HAS_VNI) return headersAt(data, tunnel + TUNNEL_BYTES);
  if (port !== GENEVE_PORT || first & GENEVE_VERSION) return undefined;
  return carried(data, outer, u16(data, tunnel + 2), tunnel + TUNNEL_BYTES + (first & GENEVE_OPTION_WORDS) * 4);
}

/** Bare IP in a tunnel keeps the Ethernet header around it. */
function carried(data: Uint8Array, outer: Headers, type: number, at: number): Headers | undefined {
  if (type === ETHERTYPE_TEB) return headersAt(data, at);
  if ((type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) || at >= data.length) return undefined;
  return { ...outer, type, network: at };
}

/** Big-endian; the caller has checked the length. */
export function u16(data: Uint8Array, at: number): number {
  return ((data[at] as number) << 8) | (data[at + 1] as number);
}
