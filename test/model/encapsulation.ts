/**
 * Into a tunnel, byte by byte: RFC 7348 section 5 (VXLAN), RFC 8926 section 3 (Geneve), draft-ietf-nvo3-vxlan-gpe-13 section 3, RFC 7637
 * section 3 (NVGRE); RFC 791 and 8200 for IP, RFC 768 and 6935 for UDP, RFC 6040 section 4.1 and RFC 2983 for the type of service. The
 * whole outer frame is built anew; nothing is prepared, nothing is updated in place.
 */
import * as layout from "../../assembly/layout.js";
import { u16 } from "../helpers/bytes.js";
import { internetChecksum, onesSum, pseudoHeader } from "./checksum.js";
import { flowHash } from "./hash.js";
import { type Parsed, parse } from "./parse.js";

export type Form = "vxlan" | "geneve" | "vxlan-gpe" | "nvgre";
export const UDP_PORTS = { vxlan: 4789, geneve: 6081, "vxlan-gpe": 4790 } as const;

export interface Option {
  readonly class: number;
  readonly type: number;
  readonly critical?: boolean;
  readonly data: Uint8Array;
}

export interface Outer {
  readonly vni: number;
  /** VXLAN when absent. */
  readonly encapsulation?: Form | undefined;
  readonly geneveOptions?: readonly Option[] | undefined;
  /** 4 or 16 bytes each, in network order. */
  readonly local: readonly number[];
  readonly remote: readonly number[];
  readonly sourceMac: readonly number[];
  readonly nextHopMac: readonly number[];
  readonly vlan?: number | undefined;
  readonly ttl: number;
  /** Absent in NVGRE, as are source ports. */
  readonly udpChecksum?: "zero" | "full" | undefined;
  readonly sourcePorts?: readonly [number, number] | undefined;
  /** 0 and true when absent. */
  readonly dscp?: "uniform" | number | undefined;
  readonly ecn?: boolean | undefined;
  readonly innerVlan?: boolean | undefined;
  readonly strict?: boolean | undefined;
  readonly mtuBytes?: number | undefined;
}

/** A frame with its outer headers in front, or why it cannot have them. */
export function encapsulate(
  inner: Uint8Array,
  outer: Outer,
  wire = inner.length,
  here = inner.length,
  hash?: number,
): { cause: number; bytes: Uint8Array; wire: number } {
  const parsed = parse(inner, wire, here);
  const refused = (cause: number) => ({ cause, bytes: inner, wire });
  if (parsed.cause !== layout.OK) return refused(parsed.cause);
  const carried = outer.innerVlan ? inner : untagged(inner, here);
  if (!carried) return refused(layout.DROP_INNER_VLAN);
  const carriedWire = wire - (inner.length - carried.length);

  const entropy = hash ?? flowHash(inner, parsed, here);
  const behindIp = transportOf(outer, carried, carriedWire, entropy);
  const isV4 = outer.local.length === 4;
  const ipBytes = (isV4 ? 20 : 40) + behindIp.length + carriedWire;
  if (ipBytes > 65535) return refused(layout.DROP_TOO_LONG);
  if (ipBytes > (outer.mtuBytes ?? 65535)) return refused(layout.DROP_TOO_BIG);

  const tos = outerTos(outer, tosOf(inner, parsed));
  const ip = outerIp(outer, tos, ipBytes);
  const headers = [...outerEthernet(outer), ...ip, ...behindIp];
  const bytes = new Uint8Array(headers.length + carried.length);
  bytes.set(headers);
  bytes.set(carried, headers.length);
  return { cause: layout.OK, bytes, wire: headers.length + carriedWire };
}

/** RFC 7348 section 6.1: without its tag, and without a second one. Undefined when a tag is left that way, or cut off. */
export function untagged(frame: Uint8Array, here = frame.length): Uint8Array | undefined {
  let left = frame;
  for (let tags = 0; here - 4 * tags >= 14 && isTag(left); tags++) {
    if (tags === 2 || here - 4 * tags < 18) return undefined;
    left = Uint8Array.from([...left.subarray(0, 12), ...left.subarray(16)]);
  }
  return left;
}

/** True when the type field of an Ethernet header says that a VLAN tag follows. */
export function isTag(frame: Uint8Array): boolean {
  return [0x8100, 0x88a8, 0x9100].includes(((frame[12] as number) << 8) | (frame[13] as number));
}

/** The type of service or traffic class; 0 for what is not IP, or not whole here. */
export function tosOf(frame: Uint8Array, { flags, l3, l4 }: Parsed): number {
  if (l4 === 0) return 0;
  if (flags & layout.FLAG_IPV4) return frame[l3 + 1] as number;
  if (flags & layout.FLAG_IPV6) return (((frame[l3] as number) % 16) << 4) | ((frame[l3 + 1] as number) >> 4);
  return 0;
}

export function outerTos({ dscp = 0, ecn = true }: Outer, inner: number): number {
  return (dscp === "uniform" ? inner - (inner % 4) : dscp * 4) + (ecn ? inner % 4 : 0);
}

/** What stands between IP and the frame. */
function transportOf(outer: Outer, frame: Uint8Array, wire: number, hash: number): number[] {
  const { encapsulation: form = "vxlan" } = outer;
  const header = tunnelHeader(outer, hash);
  if (form === "nvgre") return header;
  const length = 8 + header.length + wire;
  const udp = [...u16(sourcePort(outer, hash)), ...u16(UDP_PORTS[form]), ...u16(length % 65536), 0, 0];
  // The sum of a datagram of which a capture kept a part is not known.
  if (outer.udpChecksum === "full" && wire === frame.length) {
    const pseudo = pseudoHeader(outer.local, outer.remote, 17, length);
    const sum = onesSum(frame, onesSum([...pseudo, ...udp, ...header]));
    udp.splice(6, 2, ...u16(sum === 0xffff ? 0xffff : sum ^ 0xffff));
  }
  return [...udp, ...header];
}

function tunnelHeader({ encapsulation = "vxlan", vni, geneveOptions = [] }: Outer, hash: number): number[] {
  const network = [vni >> 16, (vni >> 8) & 0xff, vni & 0xff];
  switch (encapsulation) {
    case "vxlan":
      return [0b00001000, 0, 0, 0, ...network, 0];
    case "vxlan-gpe":
      return [0b00001100, 0, 0, 3, ...network, 0];
    case "nvgre":
      return [0b00100000, 0, 0x65, 0x58, ...network, hash >>> 24];
    case "geneve": {
      const options = geneveOptions.flatMap((option) => [
        ...u16(option.class),
        option.type + (option.critical ? 128 : 0),
        option.data.length / 4,
        ...option.data,
      ]);
      const critical = geneveOptions.some((option) => option.critical) ? 0b01000000 : 0;
      return [options.length / 4, critical, 0x65, 0x58, ...network, 0, ...options];
    }
  }
}

/** RFC 7348 section 4.1: from the hash, in the configured range. */
export function sourcePort({ sourcePorts: [first, last] = [49152, 65535] }: Outer, hash: number): number {
  return first + Math.floor((hash / 2 ** 32) * (last - first + 1));
}

export function outerEthernet({ nextHopMac, sourceMac, vlan, local }: Outer): number[] {
  const tag = vlan === undefined ? [] : [0x81, 0x00, ...u16(vlan)];
  return [...nextHopMac, ...sourceMac, ...tag, ...(local.length === 4 ? [0x08, 0x00] : [0x86, 0xdd])];
}

/** The IP header of a packet of so many bytes. Over IPv4 an atomic datagram (RFC 6864): DF, identification 0. */
export function outerIp({ encapsulation, local, remote, ttl }: Outer, tos: number, bytes: number): number[] {
  const protocol = encapsulation === "nvgre" ? 47 : 17;
  const addresses = [...local, ...remote];
  if (local.length === 16) {
    return [0x60 | (tos >> 4), (tos % 16) << 4, 0, 0, ...u16(bytes - 40), protocol, ttl, ...addresses];
  }
  const header = [0x45, tos, ...u16(bytes), 0, 0, 0x40, 0, ttl, protocol, 0, 0, ...addresses];
  header.splice(10, 2, ...u16(internetChecksum(header)));
  return header;
}
