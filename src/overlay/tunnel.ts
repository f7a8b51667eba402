/** A tunnel of an engine: VXLAN between this host and a remote one, for one network (RFC 7348). */
import {
  MBUF_LEN,
  MBUF_PKT_LEN,
  MBUF_WIRE_LEN,
  TUNNEL_BYTES,
  TUNNEL_F_IPV6,
  TUNNEL_F_PLAIN,
  TUNNEL_F_UDP_CHECKSUM,
  TUNNEL_FLAGS,
  TUNNEL_GROWTH,
  TUNNEL_HEADER_LEN,
  TUNNEL_IP_SUM,
  TUNNEL_L3,
  TUNNEL_LOCAL,
  TUNNEL_PORT_BASE,
  TUNNEL_PORT_COUNT,
  TUNNEL_REMOTE,
  TUNNEL_TEMPLATE,
  TUNNEL_UDP_SUM,
  TUNNEL_UPLINK,
  TUNNEL_VNI,
  TUNNEL_VNIC,
} from "../../assembly/layout.js";
import type { Port } from "../buffer/port.js";
import { checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";
import { macOf, parseIp, parseMac } from "./address.js";
import { buildTemplate } from "./template.js";

/** The VXLAN port that IANA assigned. */
export const VXLAN_UDP_PORT = 4789;
const VNI_MAX = 0xffffff;

export interface TunnelOptions {
  /** VXLAN network identifier, 0 to 16777215. */
  readonly vni: number;
  /** This host's and the remote host's underlay addresses, both IPv4 or both IPv6. */
  readonly local: string;
  readonly remote: string;
  /** The guest's port and the port to the underlay; without them the tunnel serves Burst.encapsulate only. */
  readonly vnic?: Port;
  readonly uplink?: Port;
  /** Outer MAC addresses; by default locally administered ones made of the IP addresses. */
  readonly sourceMac?: string;
  readonly nextHopMac?: string;
  /** Outer 802.1Q VLAN id, 1 to 4094. */
  readonly vlan?: number;
  /** Outer time to live; 64 by default. */
  readonly ttl?: number;
  /** "zero" (absent: the default over IPv4) or "full" (the default over IPv6; zero is allowed by RFC 6935). */
  readonly udpChecksum?: "zero" | "full";
  /** Range of outer source ports, both ends included; 49152-65535 by default. */
  readonly sourcePorts?: readonly [first: number, last: number];
}

export interface Tunnel {
  /** @internal Address of the tunnel's record, and its place among the engine's. */
  readonly ptr: number;
  readonly index: number;
  readonly vni: number;
  readonly local: string;
  readonly remote: string;
  readonly vnic: Port | undefined;
  readonly uplink: Port | undefined;
  /** Bytes in front of each frame: 50 over IPv4, 70 over IPv6, 4 more with a VLAN. */
  readonly headerBytes: number;
}

/** A tunnel's record as bytes for the data plane, and the size of its headers. Throws ConfigError. */
export function encodeTunnel(options: TunnelOptions): { record: Uint8Array; headerBytes: number } {
  const vni = checkInteger("vni", options.vni, 0, VNI_MAX);
  const local = parseIp("local", options.local);
  const remote = parseIp("remote", options.remote);
  if (local.length !== remote.length)
    throw new ConfigError("remote", options.remote, "of the same IP version as local");
  const isIpv6 = local.length === 16;
  const udpChecksum = checkOneOf("udpChecksum", options.udpChecksum ?? (isIpv6 ? "full" : "zero"), ["zero", "full"]);
  const [firstPort, lastPort] = options.sourcePorts ?? [49152, 65535];
  checkInteger("sourcePorts[0]", firstPort, 1, 65535);
  checkInteger("sourcePorts[1]", lastPort, firstPort, 65535);
  const template = buildTemplate({
    local,
    remote,
    sourceMac: options.sourceMac === undefined ? macOf(local) : parseMac("sourceMac", options.sourceMac),
    nextHopMac: options.nextHopMac === undefined ? macOf(remote) : parseMac("nextHopMac", options.nextHopMac),
    vlan: options.vlan === undefined ? undefined : checkInteger("vlan", options.vlan, 1, 4094),
    ttl: checkInteger("ttl", options.ttl ?? 64, 1, 255),
    udpPort: VXLAN_UDP_PORT,
    vni,
  });

  const record = new Uint8Array(TUNNEL_BYTES);
  const view = new DataView(record.buffer);
  const special = (isIpv6 ? TUNNEL_F_IPV6 : 0) | (udpChecksum === "full" ? TUNNEL_F_UDP_CHECKSUM : 0);
  const flags = special === 0 && options.vlan === undefined ? TUNNEL_F_PLAIN : special;
  view.setUint32(TUNNEL_VNI, vni, true);
  view.setUint32(TUNNEL_FLAGS, flags, true);
  view.setUint32(TUNNEL_VNIC, options.vnic?.record.ptr ?? 0, true);
  view.setUint32(TUNNEL_UPLINK, options.uplink?.record.ptr ?? 0, true);
  view.setUint32(TUNNEL_HEADER_LEN, template.bytes.length, true);
  view.setUint32(TUNNEL_L3, template.l3, true);
  view.setUint32(TUNNEL_IP_SUM, template.ipSum, true);
  view.setUint32(TUNNEL_UDP_SUM, template.udpSum, true);
  view.setUint16(TUNNEL_PORT_BASE, firstPort, true);
  view.setUint16(TUNNEL_PORT_COUNT, lastPort - firstPort + 1, true);
  for (const field of [MBUF_LEN, MBUF_PKT_LEN, MBUF_WIRE_LEN]) {
    view.setUint32(TUNNEL_GROWTH + field - MBUF_LEN, template.bytes.length, true);
  }
  record.set(local, TUNNEL_LOCAL);
  record.set(remote, TUNNEL_REMOTE);
  record.set(template.bytes, TUNNEL_TEMPLATE);
  return { record, headerBytes: template.bytes.length };
}
