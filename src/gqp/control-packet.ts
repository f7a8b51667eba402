/**
 * A whole RoCEv2 packet to a host's control queue pair, in plain TypeScript: control messages are rare and short, and a host's core makes
 * them without an engine at hand. The form is that of frames (assembly/wire/ib.ts) without the overlay header.
 */
import { QKEY_CONTROL, QPN_CONTROL } from "../../assembly/layout.js";
import { checkInteger, checkOneOf } from "../check.js";
import { internetChecksum, onesSum } from "../checksum.js";
import { checkEnds, type EndOptions } from "../overlay/outer.js";
import { encodeMoved, type Moved } from "./moved.js";
import { buildRoceTemplate, OVERLAY_HEADER } from "./template.js";

export interface ControlPacketOptions extends EndOptions {
  /** Type of service or traffic class; 0 by default. */
  readonly tos?: number | undefined;
  /** "zero" (the default) or "full", as in RoceTunnelOptions. */
  readonly udpChecksum?: "zero" | "full" | undefined;
  /** UDP source port; 49152 by default. */
  readonly sourcePort?: number | undefined;
  /** Counts this host's control messages to that one: 24 bits. */
  readonly psn: number;
}

/** Longest payload of a control message: InfiniBand's largest MTU. Its smallest lets 256 through, the path's is the sender's to know. */
const PAYLOAD_BYTES_MAX = 4096;
const PROTOCOL_UDP = 17;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const ICRC_BYTES = 4;
const BTH_FLAGS = 1;
const BTH_DEST_QPN = 4;
const BTH_PSN = 8;
const DETH_SOURCE_QPN = 16;

/** The Ethernet frame that brings a *moved* message to another host. Throws ConfigError. */
export function movedPacket(moved: Moved, options: ControlPacketOptions): Uint8Array {
  return controlPacket(encodeMoved(moved), options);
}

/** The Ethernet frame that brings a control message of 1 to 4096 bytes to another host. Throws ConfigError. */
export function controlPacket(payload: Uint8Array, options: ControlPacketOptions): Uint8Array {
  checkInteger("payload.length", payload.length, 1, PAYLOAD_BYTES_MAX);
  const ends = checkEnds(options);
  const { local, remote } = ends;
  const tos = checkInteger("tos", options.tos ?? 0, 0, 255);
  const template = buildRoceTemplate({ ...ends, tos, qkey: QKEY_CONTROL });
  const headers = template.bytes.subarray(0, template.bytes.length - OVERLAY_HEADER.length);
  const padBytes = -payload.length & 3;
  const frame = new Uint8Array(headers.length + payload.length + padBytes + ICRC_BYTES);
  frame.set(headers);
  frame.set(payload, headers.length);
  const view = new DataView(frame.buffer);
  const { l3, l4 } = template;
  if (local.length === 4) {
    view.setUint16(l3 + 2, frame.length - l3);
    view.setUint16(l3 + 10, internetChecksum(frame.subarray(l3, l4)));
  } else {
    view.setUint16(l3 + 4, frame.length - l4);
  }
  view.setUint16(l4, checkInteger("sourcePort", options.sourcePort ?? 49152, 1, 65535));
  view.setUint16(l4 + 4, frame.length - l4);
  const bth = l4 + UDP_BYTES;
  view.setUint8(bth + BTH_FLAGS, padBytes << 4);
  view.setUint32(bth + BTH_DEST_QPN, QPN_CONTROL);
  view.setUint32(bth + BTH_PSN, checkInteger("psn", options.psn, 0, 0xffffff));
  view.setUint32(bth + DETH_SOURCE_QPN, QPN_CONTROL);
  view.setUint32(frame.length - ICRC_BYTES, icrcOf(frame.subarray(l3, -ICRC_BYTES)), true);
  if (checkOneOf("udpChecksum", options.udpChecksum ?? "zero", ["zero", "full"]) === "full") {
    const udp = frame.subarray(l4);
    const pseudo = onesSum(Uint8Array.of(...local, ...remote, 0, PROTOCOL_UDP, udp.length >> 8, udp.length & 0xff));
    // A computed 0 is sent as 0xffff (RFC 768).
    view.setUint16(l4 + 6, internetChecksum(udp, pseudo) || 0xffff);
  }
  return frame;
}

/** ICRC of an IP packet without its ICRC (annex A17): eight bytes of ones first, and ones for what routers may change. */
function icrcOf(packet: Uint8Array): number {
  const isIpv4 = (packet[0] as number) >> 4 === 4;
  const udp = isIpv4 ? IPV4_BYTES : IPV6_BYTES;
  const masked = packet.slice();
  const ones = [...(isIpv4 ? [1, 8, 10, 11] : [1, 2, 3, 7]), udp + 6, udp + 7, udp + UDP_BYTES + BTH_DEST_QPN];
  for (const at of ones) masked[at] = 0xff;
  if (!isIpv4) masked[0] = (masked[0] as number) | 0x0f;
  return ~crc(masked, crc(new Uint8Array(8).fill(0xff), 0xffffffff)) >>> 0;
}

function crc(bytes: Uint8Array, register: number): number {
  for (const byte of bytes) register = (register >>> 8) ^ (CRC32[(register ^ byte) & 0xff] as number);
  return register;
}

/** CRC-32 of a byte (IEEE 802.3 3.2.9), reflected. */
const CRC32 = Uint32Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? 0xedb88320 : 0);
  return register;
});
