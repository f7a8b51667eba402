/** Paths whose packets go between queue pairs, as records for the data plane (TUNNEL_ in assembly/layout.ts). */
import {
  ENCAP_INFINIBAND,
  ENCAP_ROCEV2,
  MBUF_LEN,
  MBUF_PKT_LEN,
  MBUF_WIRE_LEN,
  TUNNEL_BYTES,
  TUNNEL_F_IPV6,
  TUNNEL_F_UDP_CHECKSUM,
  TUNNEL_FLAGS,
  TUNNEL_FRAME_BYTES_MAX,
  TUNNEL_GROWTH,
  TUNNEL_HEADER_LEN,
  TUNNEL_IP_SUM,
  TUNNEL_KIND,
  TUNNEL_L3,
  TUNNEL_L4,
  TUNNEL_LOCAL,
  TUNNEL_PORT_BASE,
  TUNNEL_PORT_COUNT,
  TUNNEL_REMOTE,
  TUNNEL_TEMPLATE,
  TUNNEL_TOS_KEEP,
  TUNNEL_VNI,
} from "../../assembly/layout.js";
import { checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";
import { macOf, parseIp, parseMac } from "../overlay/address.js";
import { IB_MTU_MAX, IB_MTU_MIN, IP_BYTES_MAX, overlayMtu } from "../overlay/mtu.js";
import { buildInfinibandTemplate, buildRoceTemplate, type GqpTemplate } from "./template.js";

const VNI_MAX = 0xffffff;
/** Unicast local identifiers (IBTA volume 1, 4.1.3). */
export const LID_MAX = 0xbfff;

export interface RoceTunnelOptions {
  /** Network, 0 to 16777215: the queue key of its packets. */
  readonly vni: number;
  /** This host's and the remote host's underlay addresses, both IPv4 or both IPv6. */
  readonly local: string;
  readonly remote: string;
  /** Outer MAC addresses; by default locally administered ones made of the IP addresses. */
  readonly sourceMac?: string | undefined;
  readonly nextHopMac?: string | undefined;
  /** Outer 802.1Q VLAN id, 1 to 4094. */
  readonly vlan?: number | undefined;
  /** Outer time to live; 64 by default. */
  readonly ttl?: number | undefined;
  /** Outer type of service or traffic class; 0 by default. */
  readonly tos?: number | undefined;
  /** Bits of the inner type of service that the outer one takes over in place of tos's; 0 by default, 3 is ECN (RFC 6040). */
  readonly tosKeep?: number | undefined;
  /** "zero" (absent: the default, as annex A17 has it) or "full", for an IPv6 underlay that takes no zero (RFC 6935). */
  readonly udpChecksum?: "zero" | "full" | undefined;
  /** Range of outer source ports, both ends included; 49152-65535 by default. */
  readonly sourcePorts?: readonly [first: number, last: number] | undefined;
  /** MTU of the underlay's IP packets; 65535 by default. A frame has 4092 bytes at most, whatever it is (overlay/mtu.ts). */
  readonly mtuBytes?: number | undefined;
}

export interface InfinibandTunnelOptions {
  readonly vni: number;
  /** Local identifiers of this host's port and of the remote host's, 1 to 0xbfff. */
  readonly slid: number;
  readonly dlid: number;
  /** Service level, 0 to 15, and virtual lane, 0 to 14; both 0 by default. */
  readonly sl?: number | undefined;
  readonly vl?: number | undefined;
  /** InfiniBand's MTU: 256 to 4096, the default. */
  readonly mtuBytes?: number | undefined;
}

/** A tunnel's record, without ports, and the size of its headers. */
export interface EncodedTunnel {
  readonly record: Uint8Array;
  readonly headerBytes: number;
}

/** Throws ConfigError. */
export function encodeRoceTunnel(options: RoceTunnelOptions): EncodedTunnel {
  const vni = checkInteger("vni", options.vni, 0, VNI_MAX);
  const local = parseIp("local", options.local);
  const remote = parseIp("remote", options.remote);
  if (local.length !== remote.length)
    throw new ConfigError("remote", options.remote, "of the same IP version as local");
  const isIpv6 = local.length === 16;
  const [firstPort, lastPort] = options.sourcePorts ?? [49152, 65535];
  checkInteger("sourcePorts[0]", firstPort, 1, 65535);
  checkInteger("sourcePorts[1]", lastPort, firstPort, 65535);
  const udpChecksum = checkOneOf("udpChecksum", options.udpChecksum ?? "zero", ["zero", "full"]);
  const tosKeep = checkInteger("tosKeep", options.tosKeep ?? 0, 0, 255);
  const template = buildRoceTemplate({
    local,
    remote,
    sourceMac: options.sourceMac === undefined ? macOf(local) : parseMac("sourceMac", options.sourceMac),
    nextHopMac: options.nextHopMac === undefined ? macOf(remote) : parseMac("nextHopMac", options.nextHopMac),
    vlan: options.vlan === undefined ? undefined : checkInteger("vlan", options.vlan, 1, 4094),
    ttl: checkInteger("ttl", options.ttl ?? 64, 1, 255),
    tos: checkInteger("tos", options.tos ?? 0, 0, 255) & ~tosKeep,
    qkey: vni,
  });
  const { record, view } = recordOf(ENCAP_ROCEV2, vni, template);
  const flags = (isIpv6 ? TUNNEL_F_IPV6 : 0) | (udpChecksum === "full" ? TUNNEL_F_UDP_CHECKSUM : 0);
  view.setUint32(TUNNEL_FLAGS, flags, true);
  view.setUint16(TUNNEL_PORT_BASE, firstPort, true);
  view.setUint16(TUNNEL_PORT_COUNT, lastPort - firstPort + 1, true);
  view.setUint8(TUNNEL_TOS_KEEP, tosKeep);
  const { frameBytesMax } = overlayMtu(options.mtuBytes ?? IP_BYTES_MAX, {
    encapsulation: "rocev2",
    ipVersion: isIpv6 ? 6 : 4,
  });
  view.setUint32(TUNNEL_FRAME_BYTES_MAX, frameBytesMax, true);
  record.set(local, TUNNEL_LOCAL);
  record.set(remote, TUNNEL_REMOTE);
  return { record, headerBytes: template.bytes.length };
}

/** Throws ConfigError. */
export function encodeInfinibandTunnel(options: InfinibandTunnelOptions): EncodedTunnel {
  const vni = checkInteger("vni", options.vni, 0, VNI_MAX);
  const template = buildInfinibandTemplate({
    slid: checkInteger("slid", options.slid, 1, LID_MAX),
    dlid: checkInteger("dlid", options.dlid, 1, LID_MAX),
    sl: checkInteger("sl", options.sl ?? 0, 0, 15),
    vl: checkInteger("vl", options.vl ?? 0, 0, 14),
    qkey: vni,
  });
  const { record, view } = recordOf(ENCAP_INFINIBAND, vni, template);
  const mtuBytes = checkInteger("mtuBytes", options.mtuBytes ?? IB_MTU_MAX, IB_MTU_MIN, IB_MTU_MAX);
  const { frameBytesMax } = overlayMtu(mtuBytes, { encapsulation: "infiniband", ipVersion: 4 });
  view.setUint32(TUNNEL_FRAME_BYTES_MAX, frameBytesMax, true);
  return { record, headerBytes: template.bytes.length };
}

/** What both forms have. */
function recordOf(kind: number, vni: number, { bytes, l3, l4, ipSum }: GqpTemplate) {
  const record = new Uint8Array(TUNNEL_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(TUNNEL_VNI, vni, true);
  view.setUint8(TUNNEL_KIND, kind);
  view.setUint32(TUNNEL_HEADER_LEN, bytes.length, true);
  view.setUint32(TUNNEL_L3, l3, true);
  view.setUint16(TUNNEL_L4, l4, true);
  view.setUint32(TUNNEL_IP_SUM, ipSum, true);
  for (const field of [MBUF_LEN, MBUF_PKT_LEN, MBUF_WIRE_LEN]) {
    view.setUint32(TUNNEL_GROWTH + field - MBUF_LEN, bytes.length, true);
  }
  record.set(bytes, TUNNEL_TEMPLATE);
  return { record, view };
}
