/**
 * Frames between queue pairs, both ways, byte by byte: IBTA volume 1, 7.7, 7.8, 9.2, 9.3 and annex A17; RFC 791, 8200, 768. Each packet
 * is built anew, field by field, and CRCs are long divisions.
 */
import * as layout from "../../assembly/layout.js";
import { concat, u16, u24, u32 } from "../helpers/bytes.js";
import { internetChecksum, onesSum, pseudoHeader } from "./checksum.js";
import { crcOf, icrcOf } from "./crc.js";
import { type Outer, outerEthernet, outerIp, outerTos, sourcePort, tosOf, untagged } from "./encapsulation.js";
import { flowHash } from "./hash.js";
import { parse } from "./parse.js";

export interface RoceOuter extends Omit<Outer, "encapsulation" | "geneveOptions" | "strict"> {
  readonly form: "rocev2";
}

export interface InfinibandOuter {
  readonly form: "infiniband";
  readonly vni: number;
  readonly slid: number;
  readonly dlid: number;
  readonly sl: number;
  readonly vl: number;
  readonly innerVlan?: boolean | undefined;
  readonly mtuBytes?: number | undefined;
}

export type GqpOuter = RoceOuter | InfinibandOuter;

export interface Numbers {
  readonly destQpn: number;
  readonly sourceQpn: number;
  readonly psn: number;
}

/** The overlay header's queue pair of control messages, and its queue key. */
const CONTROL_QPN = 0xfffffe;
const CONTROL_QKEY = 0x80006558;

/** A frame with headers, pad and CRCs around it, or why it cannot have them. What a capture cut has no end. */
export function encapsulate(
  inner: Uint8Array,
  outer: GqpOuter,
  numbers: Numbers,
  wire = inner.length,
  here = inner.length,
): { cause: number; bytes: Uint8Array; wire: number } {
  const parsed = parse(inner, wire, here);
  const refused = (cause: number) => ({ cause, bytes: inner, wire });
  if (parsed.cause !== layout.OK) return refused(parsed.cause);
  const carried = outer.innerVlan ? inner : untagged(inner, here);
  if (!carried) return refused(layout.DROP_INNER_VLAN);
  const carriedWire = wire - (inner.length - carried.length);
  const padBytes = carriedWire % 4 === 0 ? 0 : 4 - (carriedWire % 4);
  const payload = 4 + carriedWire + padBytes;
  if (payload > payloadMax(outer)) return refused(layout.DROP_TOO_BIG);
  const bth = [0x64, padBytes * 16, 0xff, 0xff, 0, ...u24(numbers.destQpn), 0, ...u24(numbers.psn)];
  const deth = [...u32(outer.vni), 0, ...u24(numbers.sourceQpn)];
  const datagram = [...bth, ...deth, 0x65, 0x58, 0, 0];
  const isWhole = wire === inner.length;
  const end = new Uint8Array(isWhole ? padBytes + 4 : 0);

  if (outer.form === "infiniband") {
    const words = (8 + 20 + payload + 4) / 4;
    const lrh = [outer.vl * 16, outer.sl * 16 + 2, ...u16(outer.dlid), ...u16(words), ...u16(outer.slid)];
    const bytes = concat(lrh, datagram, carried, end);
    if (isWhole) bytes.set(le32(icrcOf("local", bytes)), bytes.length - 4);
    const vcrc = crcOf("crc16", bytes);
    return {
      cause: layout.OK,
      bytes: isWhole ? concat(bytes, [vcrc & 0xff, vcrc >> 8]) : bytes,
      wire: words * 4 + 2,
    };
  }

  const isV4 = outer.local.length === 4;
  const udpLength = 8 + 20 + payload + 4;
  const udp = [...u16(sourcePort(outer, flowHash(inner, parsed, here))), ...u16(4791), ...u16(udpLength), 0, 0];
  const ip = outerIp(outer, outerTos(outer, tosOf(inner, parsed)), (isV4 ? 20 : 40) + udpLength);
  const ethernet = outerEthernet(outer);
  const packet = concat(ip, udp, datagram, carried, end);
  if (isWhole) packet.set(le32(icrcOf(isV4 ? "ipv4" : "ipv6", packet)), packet.length - 4);
  if (isWhole && outer.udpChecksum === "full") {
    const sum = onesSum(packet.subarray(ip.length), onesSum(pseudoHeader(outer.local, outer.remote, 17, udpLength)));
    packet.set(u16(sum === 0xffff ? 0xffff : sum ^ 0xffff), ip.length + 6);
  }
  return {
    cause: layout.OK,
    bytes: concat(ethernet, packet),
    wire: ethernet.length + ip.length + udpLength,
  };
}

/** An unreliable datagram is one packet, with InfiniBand's largest MTU as payload at most (IBTA volume 1, 9.8.3 and 7.7.8). */
function payloadMax(outer: GqpOuter): number {
  if (outer.form === "infiniband") return outer.mtuBytes ?? 4096;
  const beside = (outer.local.length === 4 ? 20 : 40) + 8 + 20 + 4;
  return Math.min(4096, (outer.mtuBytes ?? 65535) - beside);
}

/** What an RDMA packet carries. */
export interface Opened extends Numbers {
  readonly qkey: number;
  readonly isControl: boolean;
  /** The inner frame or the control message: as much of it as is here, and its length on the wire. */
  readonly offset: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** Ends the walk. */
class Refusal {
  readonly cause: number;
  constructor(cause: number) {
    this.cause = cause;
  }
}

/** What is in a packet, or the cause for a drop. here: bytes of its first segment. */
export function open(
  packet: Uint8Array,
  form: GqpOuter["form"],
  { wire = packet.length, here = packet.length } = {},
): Opened | { readonly cause: number } {
  try {
    return form === "rocev2" ? openRoce(packet, wire, here) : openInfiniband(packet, wire, here);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return refusal;
  }
}

function require(holds: boolean, cause: number): void {
  if (!holds) throw new Refusal(cause);
}

function openRoce(packet: Uint8Array, wire: number, here: number): Opened {
  const { cause, flags, l3, l4, payload } = parse(packet, wire, here);
  require(cause === layout.OK, cause);
  const view = viewOf(packet);
  const hasUdp = (flags & layout.FLAG_UDP) !== 0 && payload > 0;
  require(hasUdp && view.getUint16(l4 + 2) === 4791, layout.DROP_NOT_IB);
  require((flags & layout.FLAG_FRAGMENT) === 0, layout.DROP_OUTER_FRAGMENT);
  const udpLength = view.getUint16(l4 + 4);
  const end = l4 + udpLength;
  require(udpLength >= 8 + 12 + 4, layout.DROP_IB_TRUNCATED);
  const found = openDatagram(packet, here, l4 + 8, end - 4);
  const isV4 = (flags & layout.FLAG_IPV4) !== 0;
  require(l4 - l3 === (isV4 ? 20 : 40), layout.DROP_IB_HEADER);
  require(!isV4 || internetChecksum(packet.subarray(l3, l4)) === 0, layout.DROP_OUTER_IPV4_CHECKSUM);
  if (end > packet.length) return found;
  if (view.getUint16(l4 + 6) !== 0) {
    const size = isV4 ? 4 : 16;
    const at = isV4 ? l3 + 12 : l3 + 8;
    const [src, dst] = [packet.subarray(at, at + size), packet.subarray(at + size, at + 2 * size)];
    const sum = onesSum(packet.subarray(l4, end), onesSum(pseudoHeader(src, dst, 17, udpLength)));
    require(sum === 0xffff, layout.DROP_OUTER_UDP_CHECKSUM);
  }
  const stored = view.getUint32(end - 4, true);
  require(icrcOf(isV4 ? "ipv4" : "ipv6", packet.slice(l3, end)) === stored, layout.DROP_IB_ICRC);
  return found;
}

function openInfiniband(packet: Uint8Array, wire: number, here: number): Opened {
  require(packet.length >= 8, layout.DROP_IB_TRUNCATED);
  require(here >= 8, layout.DROP_HEADERS_SPLIT);
  const view = viewOf(packet);
  require(view.getUint8(1) % 4 === 2, layout.DROP_NOT_IB);
  require(view.getUint8(0) % 16 === 0, layout.DROP_IB_HEADER);
  const end = (view.getUint16(4) % 2048) * 4;
  require(end >= 8 + 12 + 4 && wire >= end + 2, layout.DROP_IB_TRUNCATED);
  require(wire === end + 2, layout.DROP_IB_HEADER);
  const found = openDatagram(packet, here, 8, end - 4);
  if (packet.length < wire) return found;
  require(crcOf("crc16", packet.subarray(0, end)) === view.getUint16(end, true), layout.DROP_IB_VCRC);
  require(icrcOf("local", packet.slice(0, end)) === view.getUint32(end - 4, true), layout.DROP_IB_ICRC);
  return found;
}

/** From the base transport header at byte bth to the ICRC at byte icrc. */
function openDatagram(packet: Uint8Array, here: number, bth: number, icrc: number): Opened {
  const view = viewOf(packet);
  const need = (end: number) => {
    require(end <= packet.length, layout.DROP_IB_TRUNCATED);
    require(end <= here, layout.DROP_HEADERS_SPLIT);
  };
  need(bth + 12);
  require(view.getUint8(bth) === 0x64, layout.DROP_IB_OPCODE);
  require(view.getUint8(bth + 1) % 16 === 0, layout.DROP_IB_HEADER);
  require(view.getUint16(bth + 2) % 0x8000 === 0x7fff, layout.DROP_IB_HEADER);
  require(icrc >= bth + 20, layout.DROP_IB_TRUNCATED);
  need(bth + 20);
  const padBytes = Math.floor(view.getUint8(bth + 1) / 16) % 4;
  const payload = icrc - (bth + 20);
  require(payload % 4 === 0 && payload >= padBytes, layout.DROP_IB_HEADER);
  const numbers = {
    destQpn: view.getUint32(bth + 4) % 2 ** 24,
    sourceQpn: view.getUint32(bth + 16) % 2 ** 24,
    psn: view.getUint32(bth + 8) % 2 ** 24,
    qkey: view.getUint32(bth + 12),
  };
  const isControl = numbers.destQpn === CONTROL_QPN;
  require(isControl ? numbers.qkey === CONTROL_QKEY : numbers.qkey < 2 ** 24, layout.DROP_IB_QKEY);
  const offset = bth + 20 + (isControl ? 0 : 4);
  const length = icrc - padBytes - offset;
  if (!isControl) {
    require(payload >= 4, layout.DROP_IB_TRUNCATED);
    need(offset);
    require(view.getUint32(bth + 20) === 0x65580000, layout.DROP_IB_HEADER);
    require(length >= 14, layout.DROP_ETHERNET_TRUNCATED);
  }
  return { ...numbers, isControl, offset, length, bytes: packet.subarray(offset, offset + length) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function le32(value: number): number[] {
  return u32(value).reverse();
}
