/**
 * VXLAN both ways, byte by byte: RFC 7348 section 5 for the header, RFC 791 and 8200 for IP, RFC 768 and 6935 for UDP. The
 * whole outer frame is built anew; nothing is prepared, nothing is updated in place.
 */
import * as layout from "../../assembly/layout.js";
import { internetChecksum, onesSum, pseudoHeader } from "./checksum.js";
import { flowHash } from "./hash.js";
import { type Parsed, parse } from "./parse.js";

export interface Outer {
  readonly vni: number;
  /** 4 or 16 bytes each, in network order. */
  readonly local: readonly number[];
  readonly remote: readonly number[];
  readonly sourceMac: readonly number[];
  readonly nextHopMac: readonly number[];
  readonly vlan?: number | undefined;
  readonly ttl: number;
  readonly udpChecksum: "zero" | "full";
  readonly sourcePorts: readonly [number, number];
}

/** A frame with its outer headers in front, or why it cannot have them. */
export function encapsulate(
  inner: Uint8Array,
  outer: Outer,
  wire = inner.length,
  here = inner.length,
): { cause: number; bytes: Uint8Array; wire: number } {
  const parsed = parse(inner, wire, here);
  const refused = (cause: number) => ({ cause, bytes: inner, wire });
  if (parsed.cause !== layout.OK) return refused(parsed.cause);
  const udpLength = 8 + 8 + wire;
  const isV4 = outer.local.length === 4;
  if ((isV4 ? 20 : 40) + udpLength > 65535) return refused(layout.DROP_TOO_LONG);

  const port = sourcePort(outer, flowHash(inner, parsed, here));
  const vxlan = [0x08, 0, 0, 0, (outer.vni >> 16) & 0xff, (outer.vni >> 8) & 0xff, outer.vni & 0xff, 0];
  const udp = [...be16(port), ...be16(4789), ...be16(udpLength), 0, 0];
  // The sum of a datagram of which a capture kept a part is not known.
  if (outer.udpChecksum === "full" && wire === inner.length) {
    const pseudo = pseudoHeader(outer.local, outer.remote, 17, udpLength);
    const sum = onesSum(inner, onesSum([...pseudo, ...udp, ...vxlan]));
    udp.splice(6, 2, ...be16(sum === 0xffff ? 0xffff : sum ^ 0xffff));
  }
  const ip = isV4 ? ipv4(outer, 20 + udpLength) : ipv6(outer, udpLength);
  const tag = outer.vlan === undefined ? [] : [0x81, 0x00, ...be16(outer.vlan)];
  const type = isV4 ? [0x08, 0x00] : [0x86, 0xdd];
  const headers = [...outer.nextHopMac, ...outer.sourceMac, ...tag, ...type, ...ip, ...udp, ...vxlan];
  const bytes = new Uint8Array(headers.length + inner.length);
  bytes.set(headers);
  bytes.set(inner, headers.length);
  return { cause: layout.OK, bytes, wire: headers.length + wire };
}

/** RFC 7348 section 4.1: from the hash, in the configured range. */
export function sourcePort(outer: Outer, hash: number): number {
  const [first, last] = outer.sourcePorts;
  return first + Math.floor((hash / 2 ** 32) * (last - first + 1));
}

/** What a VXLAN end makes of a frame: the inner frame, or a cause. `vni` undefined takes any network. */
export function decapsulate(
  frame: Uint8Array,
  { wire = frame.length, here = frame.length, udpPort = 4789, vni = undefined as number | undefined } = {},
): { cause: number; vni: number; bytes: Uint8Array; wire: number; parsed: Parsed } {
  const parsed = parse(frame, wire, here);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const { flags, l3, l4 } = parsed;
  const refused = (cause: number) => ({ cause, vni: 0, bytes: frame, wire, parsed });
  if (parsed.cause !== layout.OK) return refused(parsed.cause);
  const hasUdp = (flags & layout.FLAG_UDP) !== 0 && parsed.payload > 0;
  if (!hasUdp || view.getUint16(l4 + 2) !== udpPort) return refused(layout.DROP_NOT_VXLAN);
  if (flags & layout.FLAG_FRAGMENT) return refused(layout.DROP_OUTER_FRAGMENT);
  const udpLength = view.getUint16(l4 + 4);
  if (udpLength < 16 || frame.length < l4 + 16) return refused(layout.DROP_VXLAN_TRUNCATED);
  if (here < l4 + 16) return refused(layout.DROP_HEADERS_SPLIT);
  if ((view.getUint8(l4 + 8) & 0x08) === 0) return refused(layout.DROP_VXLAN_NO_VNI_FLAG);
  const found = view.getUint32(l4 + 12) >>> 8;
  const isV4 = (flags & layout.FLAG_IPV4) !== 0;
  if (isV4 && internetChecksum(frame.subarray(l3, l4)) !== 0) return refused(layout.DROP_OUTER_IPV4_CHECKSUM);
  const end = l4 + udpLength;
  if (view.getUint16(l4 + 6) !== 0 && end <= frame.length && !udpSumHolds(frame, l3, l4, end, isV4)) {
    return refused(layout.DROP_OUTER_UDP_CHECKSUM);
  }
  if (vni !== undefined && found !== vni) return refused(layout.DROP_UNKNOWN_VNI);
  const start = l4 + 16;
  if (end - start < 14) return refused(layout.DROP_ETHERNET_TRUNCATED);
  return {
    cause: layout.OK,
    vni: found,
    bytes: frame.subarray(start, Math.min(end, frame.length)),
    wire: end - start,
    parsed,
  };
}

function udpSumHolds(frame: Uint8Array, l3: number, l4: number, end: number, isV4: boolean): boolean {
  const at = isV4 ? l3 + 12 : l3 + 8;
  const size = isV4 ? 4 : 16;
  const src = frame.subarray(at, at + size);
  const dst = frame.subarray(at + size, at + 2 * size);
  return onesSum(frame.subarray(l4, end), onesSum(pseudoHeader(src, dst, 17, end - l4))) === 0xffff;
}

/** An atomic datagram (RFC 6864): DF, identification 0. */
function ipv4(outer: Outer, totalLength: number): number[] {
  const lengths = [0x45, 0, ...be16(totalLength), 0, 0, 0x40, 0];
  const header = [...lengths, outer.ttl, 17, 0, 0, ...outer.local, ...outer.remote];
  header.splice(10, 2, ...be16(internetChecksum(header)));
  return header;
}

function ipv6(outer: Outer, payloadLength: number): number[] {
  return [0x60, 0, 0, 0, ...be16(payloadLength), 17, outer.ttl, ...outer.local, ...outer.remote];
}

function be16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}
