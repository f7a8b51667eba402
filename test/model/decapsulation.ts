/**
 * Out of a tunnel: which encapsulation a frame is in, whether its headers can be believed, and the frame inside. Written from RFC 7348
 * sections 4.1 and 5, RFC 8926 sections 3.4 and 3.5, draft-ietf-nvo3-vxlan-gpe-13 section 3, RFC 7637 section 3.2 and RFC 2784
 * section 2.3. What a frame is refused for first is the project's own order: from the outside in, then checksums, then reserved bits.
 */

import * as layout from "../../assembly/layout.js";
import { u16At } from "../helpers/bytes.js";
import { internetChecksum, onesSum, pseudoHeader } from "./checksum.js";
import { leaveTunnel } from "./ecn.js";
import { type Form, isTag, type Outer, tosOf, UDP_PORTS } from "./encapsulation.js";
import { type Parsed, parse } from "./parse.js";

/** How much of a frame there is: on the wire, and in its first buffer. */
export interface Extent {
  readonly wire?: number | undefined;
  readonly here?: number | undefined;
}

export interface Inside {
  readonly form: Form;
  readonly vni: number;
  /** Where the inner frame begins, and where the outer datagram says that it ends. */
  readonly start: number;
  readonly end: number;
  readonly hasReserved: boolean;
}

export interface Decapsulated {
  readonly cause: number;
  readonly vni: number;
  readonly form: Form | undefined;
  readonly bytes: Uint8Array;
  readonly wire: number;
}

/** The inner frame, or a cause. vni undefined takes any network. */
export function decapsulate(
  frame: Uint8Array,
  {
    wire = frame.length,
    here = frame.length,
    udpPort = 4789,
    vni,
    strict = false,
  }: Extent & { udpPort?: number; vni?: number | undefined; strict?: boolean } = {},
): Decapsulated {
  const refused = (cause: number) => ({ cause, vni: 0, form: undefined, bytes: frame, wire });
  const inside = open(frame, { wire, here }, udpPort);
  if (typeof inside === "number") return refused(inside);
  if (strict && inside.hasReserved) return refused(layout.DROP_RESERVED_BITS);
  if (vni !== undefined && inside.vni !== vni) return refused(layout.DROP_UNKNOWN_VNI);
  if (inside.end - inside.start < 14) return refused(layout.DROP_ETHERNET_TRUNCATED);
  return { cause: layout.OK, vni: inside.vni, form: inside.form, ...innerFrame(frame, inside) };
}

/** What a host makes of a frame that has these tunnels: the frame for the guest behind one of them, or a cause. */
export function receive(
  frame: Uint8Array,
  tunnels: readonly Outer[],
  { wire = frame.length, here = frame.length }: Extent = {},
): { cause: number; tunnel?: Outer; bytes: Uint8Array; wire: number } {
  const refused = (cause: number, tunnel?: Outer) => ({ cause, ...(tunnel && { tunnel }), bytes: frame, wire });
  const inside = open(frame, { wire, here }, 4789);
  if (typeof inside === "number") return refused(inside);
  const parsed = parse(frame, wire, here);
  const mine = tunnels.filter(
    ({ vni, encapsulation = "vxlan" }) => vni === inside.vni && encapsulation === inside.form,
  );
  if (mine.length === 0) return refused(layout.DROP_UNKNOWN_VNI);
  const [src, dst] = addresses(frame, parsed);
  const tunnel = mine.find(({ local, remote }) => local.join() === dst.join() && remote.join() === src.join());
  if (!tunnel) return refused(layout.DROP_UNKNOWN_TUNNEL_ADDRESS);
  if (tunnel.strict && inside.hasReserved) return refused(layout.DROP_RESERVED_BITS, tunnel);
  if (inside.end - inside.start < 14) return refused(layout.DROP_ETHERNET_TRUNCATED, tunnel);
  const inner = innerFrame(frame, inside);
  const innerHere = Math.min(here - inside.start, inner.bytes.length);
  if (!tunnel.innerVlan) {
    if (innerHere < 14 && inner.bytes.length >= 14) return refused(layout.DROP_HEADERS_SPLIT, tunnel);
    if (innerHere >= 14 && isTag(inner.bytes)) return refused(layout.DROP_INNER_VLAN, tunnel);
  }
  const tos = tosOf(frame, parsed);
  const uniform = tunnel.dscp === "uniform";
  // Only ECT(1), CE and a DSCP that is handed on need the inner header.
  if (tos % 2 === 0 && !uniform) return { cause: layout.OK, tunnel, ...inner };
  const innerParsed = parse(inner.bytes, inner.wire, innerHere);
  if (innerParsed.cause !== layout.OK) return refused(innerParsed.cause, tunnel);
  const { cause, bytes } = leaveTunnel(inner.bytes, innerParsed, tos, uniform);
  return cause === layout.OK ? { cause, tunnel, bytes, wire: inner.wire } : refused(cause, tunnel);
}

/** What is inside, or why the headers around it cannot be believed. */
function open(frame: Uint8Array, { wire, here }: Extent, udpPort: number): Inside | number {
  const parsed = parse(frame, wire, here);
  if (parsed.cause !== layout.OK) return parsed.cause;
  const inside = findInside(frame, parsed, here, udpPort);
  if (typeof inside === "number") return inside;
  const { flags, l3, l4 } = parsed;
  if (flags & layout.FLAG_IPV4 && internetChecksum(frame.subarray(l3, l4)) !== 0) {
    return layout.DROP_OUTER_IPV4_CHECKSUM;
  }
  const isRouted = (flags & layout.FLAG_ROUTED) !== 0;
  const hasSum = inside.form !== "nvgre" && u16At(frame, l4 + 6) !== 0 && inside.end <= frame.length && !isRouted;
  if (hasSum && !udpSumHolds(frame, parsed, inside.end)) return layout.DROP_OUTER_UDP_CHECKSUM;
  return inside;
}

/** What is inside a parsed frame, whatever its checksums are, or why there is nothing. */
export function findInside(
  frame: Uint8Array,
  parsed: Parsed,
  here = frame.length,
  udpPort: number = UDP_PORTS.vxlan,
): Inside | number {
  const { flags, l4, l4Len, payload } = parsed;
  if (flags & layout.FLAG_UDP) {
    if (payload === 0) return layout.DROP_NOT_ENCAPSULATED;
    const find = { [UDP_PORTS.geneve]: geneve, [UDP_PORTS["vxlan-gpe"]]: gpe, [udpPort]: vxlan }[u16At(frame, l4 + 2)];
    if (!find) return layout.DROP_NOT_ENCAPSULATED;
    if (flags & layout.FLAG_FRAGMENT) return layout.DROP_OUTER_FRAGMENT;
    return find(new Header(frame, here, l4 + 8, l4 + u16At(frame, l4 + 4)));
  }
  if (protocolOf(frame, parsed) !== 47) return layout.DROP_NOT_ENCAPSULATED;
  if (flags & layout.FLAG_FRAGMENT) return layout.DROP_OUTER_FRAGMENT;
  return nvgre(new Header(frame, here, l4, l4 + l4Len));
}

/** A tunnel's header: where it begins, and where the datagram around it ends. */
class Header {
  readonly frame: Uint8Array;
  readonly here: number;
  readonly at: number;
  readonly end: number;

  constructor(frame: Uint8Array, here: number, at: number, end: number) {
    this.frame = frame;
    this.here = here;
    this.at = at;
    this.end = end;
  }

  byte(off: number): number {
    return this.frame[this.at + off] as number;
  }

  vni(): number {
    return (this.byte(4) << 16) | (this.byte(5) << 8) | this.byte(6);
  }

  /** Why the first bytes cannot be read: the datagram or the capture ends before, or they lie in another buffer. */
  missing(bytes: number, cause: number): number | undefined {
    const end = this.at + bytes;
    if (end > this.end || end > this.frame.length) return cause;
    return end > this.here ? layout.DROP_HEADERS_SPLIT : undefined;
  }
}

function vxlan(h: Header): Inside | number {
  const missing = h.missing(8, layout.DROP_VXLAN_TRUNCATED);
  if (missing !== undefined) return missing;
  if ((h.byte(0) & 0b00001000) === 0) return layout.DROP_VXLAN_NO_VNI_FLAG;
  const hasReserved = h.byte(0) !== 0b00001000 || [1, 2, 3, 7].some((off) => h.byte(off) !== 0);
  return { form: "vxlan", vni: h.vni(), start: h.at + 8, end: h.end, hasReserved };
}

function gpe(h: Header): Inside | number {
  const missing = h.missing(8, layout.DROP_VXLAN_TRUNCATED);
  if (missing !== undefined) return missing;
  const bit = (n: number) => ((h.byte(0) >> (7 - n)) & 1) === 1;
  if (bit(2) || bit(3)) return layout.DROP_GPE_VERSION;
  if (!bit(4)) return layout.DROP_VXLAN_NO_VNI_FLAG;
  const isOperations = bit(7);
  const isEthernet = bit(5) ? h.byte(3) === 3 : true;
  if (isOperations || !isEthernet) return layout.DROP_INNER_PROTOCOL;
  const nextUnsaid = !bit(5) && h.byte(3) !== 0;
  const hasReserved = bit(0) || bit(1) || nextUnsaid || [1, 2, 7].some((off) => h.byte(off) !== 0);
  return { form: "vxlan-gpe", vni: h.vni(), start: h.at + 8, end: h.end, hasReserved };
}

function geneve(h: Header): Inside | number {
  const missing = h.missing(8, layout.DROP_GENEVE_TRUNCATED);
  if (missing !== undefined) return missing;
  if (h.byte(0) >> 6 !== 0) return layout.DROP_GENEVE_VERSION;
  const start = 8 + (h.byte(0) % 64) * 4;
  const cut = h.missing(start, layout.DROP_GENEVE_TRUNCATED);
  if (cut !== undefined) return cut;
  if (h.byte(1) & 0b10000000) return layout.DROP_GENEVE_CONTROL;
  if (u16At(h.frame, h.at + 2) !== 0x6558) return layout.DROP_INNER_PROTOCOL;
  let critical = (h.byte(1) & 0b01000000) !== 0;
  let hasReserved = h.byte(1) % 64 !== 0 || h.byte(7) !== 0;
  let off = 8;
  while (off < start) {
    if (h.byte(off + 2) >= 128) critical = true;
    if (h.byte(off + 3) >= 32) hasReserved = true;
    off += 4 + (h.byte(off + 3) % 32) * 4;
  }
  if (off !== start) return layout.DROP_GENEVE_OPTIONS;
  if (critical) return layout.DROP_GENEVE_CRITICAL_OPTION;
  return { form: "geneve", vni: h.vni(), start: h.at + start, end: h.end, hasReserved };
}

function nvgre(h: Header): Inside | number {
  const missing = h.missing(8, layout.DROP_NVGRE_TRUNCATED);
  if (missing !== undefined) return missing;
  const bits = u16At(h.frame, h.at);
  // Bits 0 to 5: checksum, routing, key, sequence, strict route and the first of recursion control; then what is ignored; the version.
  if (bits >> 10 !== 0b001000 || bits % 8 !== 0) return layout.DROP_NVGRE_HEADER;
  if (u16At(h.frame, h.at + 2) !== 0x6558) return layout.DROP_INNER_PROTOCOL;
  return { form: "nvgre", vni: h.vni(), start: h.at + 8, end: h.end, hasReserved: (bits & 0x03f8) !== 0 };
}

/** The protocol behind a parsed frame's IP header and extension headers; none for later fragments, and for what is not IP. */
function protocolOf(frame: Uint8Array, { flags, l3, l4 }: Parsed): number | undefined {
  if (l4 === 0 || flags & layout.FLAG_LATER_FRAGMENT) return undefined;
  if (flags & layout.FLAG_IPV4) return frame[l3 + 9];
  if ((flags & layout.FLAG_IPV6) === 0) return undefined;
  let next = frame[l3 + 6] as number;
  for (let at = l3 + 40; at < l4; ) {
    const units = frame[at + 1] as number;
    const bytes = next === 44 ? 8 : next === 51 ? units * 4 + 8 : units * 8 + 8;
    next = frame[at] as number;
    at += bytes;
  }
  return next;
}

function innerFrame(frame: Uint8Array, { start, end }: Inside): { bytes: Uint8Array; wire: number } {
  return { bytes: frame.subarray(start, Math.min(end, frame.length)), wire: end - start };
}

function udpSumHolds(frame: Uint8Array, parsed: Parsed, end: number): boolean {
  const [src, dst] = addresses(frame, parsed);
  const { l4 } = parsed;
  return onesSum(frame.subarray(l4, end), onesSum(pseudoHeader(src, dst, 17, end - l4))) === 0xffff;
}

function addresses(frame: Uint8Array, { flags, l3 }: Parsed): [src: Uint8Array, dst: Uint8Array] {
  const [at, size] = flags & layout.FLAG_IPV4 ? [l3 + 12, 4] : [l3 + 8, 16];
  return [frame.subarray(at, at + size), frame.subarray(at + size, at + 2 * size)];
}
