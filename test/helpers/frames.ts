/**
 * Frames layer by layer, inside out: ethernet(ipv4(udp(payload, …), …)). Each builder writes true lengths and checksums
 * unless it is told a lie, so that a test states only what is special about its frame.
 */
import { internetChecksum, onesSum, pseudoHeader } from "../model/checksum.js";
import { concat, u16, u32 } from "./bytes.js";

/** What an Ethernet or VLAN header carries. */
export interface Layer3 {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A transport segment, whose checksum needs the addresses of the layer around it. */
export interface Layer4 {
  readonly protocol: number;
  build(src: Uint8Array, dst: Uint8Array): Uint8Array;
}

type Bytes = ArrayLike<number>;

export interface EthernetOptions {
  readonly dst?: Bytes;
  readonly src?: Bytes;
  /** Tags, outermost first. */
  readonly tags?: readonly { readonly tpid?: number; readonly tci: number }[];
}

export function ethernet(inside: Layer3, options: EthernetOptions = {}): Uint8Array {
  const { dst = [0x02, 0, 0, 0, 0x0b, 0x02], src = [0x02, 0, 0, 0, 0x0a, 0x01], tags = [] } = options;
  const tagBytes = tags.flatMap(({ tpid = 0x8100, tci }) => [...u16(tpid), ...u16(tci)]);
  return concat(dst, src, tagBytes, u16(inside.type), inside.bytes);
}

/** Bytes of any EtherType. */
export function layer3(type: number, bytes: Uint8Array): Layer3 {
  return { type, bytes };
}

export function arp(): Layer3 {
  const sender = [0x02, 0, 0, 0, 0x0a, 0x01, 10, 0, 0, 1];
  return layer3(0x0806, concat(u16(1), u16(0x0800), [6, 4], u16(1), sender, [0, 0, 0, 0, 0, 0, 10, 0, 0, 2]));
}

export interface Ipv4Options {
  readonly src?: Bytes;
  readonly dst?: Bytes;
  readonly tos?: number;
  readonly ttl?: number;
  readonly identification?: number;
  /** Flags and offset, 16 bits: 0x4000 is DF, 0x2000 MF. */
  readonly fragment?: number;
  /** A multiple of 4 bytes. */
  readonly options?: Bytes;
  readonly version?: number;
  /** Header length in 32-bit words. */
  readonly ihl?: number;
  readonly totalLength?: number;
  readonly checksum?: number;
}

export function ipv4(inside: Layer4, o: Ipv4Options = {}): Layer3 {
  const src = Uint8Array.from(o.src ?? [10, 0, 0, 1]);
  const dst = Uint8Array.from(o.dst ?? [10, 0, 0, 2]);
  const options = o.options ?? [];
  const body = inside.build(src, dst);
  const ihl = o.ihl ?? 5 + options.length / 4;
  const header = concat(
    [((o.version ?? 4) << 4) | ihl, o.tos ?? 0],
    u16(o.totalLength ?? 20 + options.length + body.length),
    u16(o.identification ?? 0x1234),
    u16(o.fragment ?? 0x4000),
    [o.ttl ?? 64, inside.protocol, 0, 0],
    src,
    dst,
    options,
  );
  header.set(u16(o.checksum ?? internetChecksum(header)), 10);
  return layer3(0x0800, concat(header, body));
}

export interface Ipv6Options {
  readonly src?: Bytes;
  readonly dst?: Bytes;
  readonly trafficClass?: number;
  readonly hopLimit?: number;
  readonly flowLabel?: number;
  readonly version?: number;
  readonly payloadLength?: number;
}

export const IPV6_A = [0xfd, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0x01];
export const IPV6_B = [0xfd, 0, 0, 0, 0, 0, 0, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0x02];

export function ipv6(inside: Layer4, o: Ipv6Options = {}): Layer3 {
  const src = Uint8Array.from(o.src ?? IPV6_A);
  const dst = Uint8Array.from(o.dst ?? IPV6_B);
  const body = inside.build(src, dst);
  const first = u32((((o.version ?? 6) << 28) | ((o.trafficClass ?? 0) << 20) | (o.flowLabel ?? 0x12345)) >>> 0);
  const lengths = [...u16(o.payloadLength ?? body.length), inside.protocol, o.hopLimit ?? 64];
  return layer3(0x86dd, concat(first, lengths, src, dst, body));
}

/** An IPv6 extension header around a transport segment: its two first bytes are written here, the rest is body. */
export function extension(kind: number, body: Bytes, inside: Layer4): Layer4 {
  const isFixed = kind === 44;
  const units = kind === 51 ? (body.length + 2) / 4 - 2 : (body.length + 2) / 8 - 1;
  const lengthByte = isFixed ? 0 : units;
  return { protocol: kind, build: (src, dst) => concat([inside.protocol, lengthByte], body, inside.build(src, dst)) };
}

/** A Fragment header (RFC 8200 section 4.5); offset in units of 8 bytes. */
export function fragment6(offset: number, more: boolean, inside: Layer4, identification = 0xfeedbeef): Layer4 {
  return extension(44, [...u16((offset << 3) | (more ? 1 : 0)), ...u32(identification)], inside);
}

/** Bytes of any protocol. */
export function raw(protocol: number, bytes: Uint8Array): Layer4 {
  return { protocol, build: () => bytes };
}

/** A part of what the inner segment would be in the whole datagram: one IP fragment. */
export function slice(inside: Layer4, from: number, to?: number): Layer4 {
  return { protocol: inside.protocol, build: (src, dst) => inside.build(src, dst).slice(from, to) };
}

export interface UdpOptions {
  readonly sport?: number;
  readonly dport?: number;
  readonly length?: number;
  /** A number to write, or "zero" for an absent checksum. */
  readonly checksum?: number | "zero";
}

export function udp(payload: Bytes, o: UdpOptions = {}): Layer4 {
  const length = o.length ?? 8 + payload.length;
  return segment(17, (checksum) =>
    concat(u16(o.sport ?? 40000), u16(o.dport ?? 5353), u16(length), u16(checksum), payload),
  )(o.checksum === "zero" ? 0 : o.checksum, (computed) => computed || 0xffff);
}

export interface TcpOptions {
  readonly sport?: number;
  readonly dport?: number;
  /** A multiple of 4 bytes. */
  readonly options?: Bytes;
  /** Data offset in 32-bit words. */
  readonly dataOffset?: number;
  readonly checksum?: number;
}

export function tcp(payload: Bytes, o: TcpOptions = {}): Layer4 {
  const options = o.options ?? [];
  const words = o.dataOffset ?? 5 + options.length / 4;
  const numbers = [...u32(0x01020304), ...u32(0x0a0b0c0d)];
  return segment(6, (checksum) =>
    concat(
      u16(o.sport ?? 50000),
      u16(o.dport ?? 443),
      numbers,
      [words << 4, 0x18],
      u16(0x7fff),
      u16(checksum),
      [0, 0],
      options,
      payload,
    ),
  )(o.checksum);
}

export function icmp(payload: Bytes, checksum?: number): Layer4 {
  const at = (sum: number) => concat([8, 0], u16(sum), u16(77), u16(1), payload);
  return { protocol: 1, build: () => at(checksum ?? internetChecksum(at(0))) };
}

export function icmpv6(payload: Bytes, checksum?: number): Layer4 {
  return segment(58, (sum) => concat([128, 0], u16(sum), u16(77), u16(1), payload))(checksum);
}

/** Bytes of a transport segment, with the true checksum at an offset in place of what stands there. */
export function checksummed(protocol: number, bytes: Uint8Array, at: number): Layer4 {
  const withSum = (checksum: number) => {
    const copy = bytes.slice();
    copy.set(u16(checksum), at);
    return copy;
  };
  return segment(protocol, withSum)(undefined);
}

/** An ICMP message of IPv4, whose checksum knows no pseudo-header. */
export function checksummed4(bytes: Uint8Array, at: number): Layer4 {
  const copy = bytes.slice();
  copy.set(u16(0), at);
  copy.set(u16(internetChecksum(copy)), at);
  return { protocol: 1, build: () => copy };
}

/** A VXLAN datagram's UDP segment: RFC 7348 section 5. */
export function vxlan(vni: number, inner: Bytes, o: UdpOptions & { readonly flags?: number } = {}): Layer4 {
  const header = [o.flags ?? 0x08, 0, 0, 0, vni >>> 16, (vni >>> 8) & 0xff, vni & 0xff, 0];
  return udp(concat(header, inner), { sport: 51234, dport: 4789, ...o });
}

/** A Geneve datagram's UDP segment: RFC 8926 section 3.4. Options are whole words; flags are O, C and the reserved bits. */
export function geneve(
  vni: number,
  inner: Bytes,
  o: UdpOptions & {
    readonly version?: number;
    readonly flags?: number;
    readonly type?: number;
    readonly last?: number;
    readonly options?: Bytes;
    readonly words?: number;
  } = {},
): Layer4 {
  const options = o.options ?? [];
  const first = ((o.version ?? 0) << 6) | (o.words ?? options.length / 4);
  const header = concat([first, o.flags ?? 0], u16(o.type ?? 0x6558), u32((vni << 8) >>> 0), options);
  header[7] = o.last ?? 0;
  return udp(concat(header, inner), { sport: 51234, dport: 6081, ...o });
}

/** A Geneve option: RFC 8926 section 3.5. */
export function geneveOption(
  space: number,
  type: number,
  data: Bytes,
  o: { readonly length?: number } = {},
): Uint8Array {
  return concat(u16(space), [type, o.length ?? data.length / 4], data);
}

/** A VXLAN-GPE datagram's UDP segment: draft-ietf-nvo3-vxlan-gpe-13 section 3. */
export function gpe(
  vni: number,
  inner: Bytes,
  o: UdpOptions & { readonly first?: Bytes; readonly last?: number } = {},
): Layer4 {
  const header = concat(o.first ?? [0x0c, 0, 0, 3], [vni >>> 16, (vni >>> 8) & 0xff, vni & 0xff, o.last ?? 0]);
  return udp(concat(header, inner), { sport: 51234, dport: 4790, ...o });
}

/** NVGRE behind an IP header: RFC 7637 section 3.2. */
export function nvgre(
  vsid: number,
  inner: Bytes,
  o: { readonly first?: Bytes; readonly type?: number; readonly flow?: number } = {},
): Layer4 {
  const key = [vsid >>> 16, (vsid >>> 8) & 0xff, vsid & 0xff, o.flow ?? 0x5a];
  return raw(47, concat(o.first ?? [0x20, 0], u16(o.type ?? 0x6558), key, inner));
}

/** A segment with a checksum over the pseudo-header: the given one, or the true one. */
function segment(protocol: number, at: (checksum: number) => Uint8Array) {
  return (given: number | undefined, wire = (computed: number) => computed): Layer4 => ({
    protocol,
    build: (src, dst) => {
      if (given !== undefined) return at(given);
      const zero = at(0);
      return at(wire(onesSum(zero, onesSum(pseudoHeader(src, dst, protocol, zero.length))) ^ 0xffff));
    },
  });
}
