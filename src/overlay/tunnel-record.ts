/** A tunnel's record (assembly/path/tunnel.ts) as bytes for the data plane. */
import {
  TUNNEL_BYTES,
  TUNNEL_F_INNER_VLAN,
  TUNNEL_F_IPV6,
  TUNNEL_F_PLAIN,
  TUNNEL_F_STRICT,
  TUNNEL_F_UDP_CHECKSUM,
  TUNNEL_F_UNIFORM,
  TUNNEL_FLAGS,
  TUNNEL_FRAME_BYTES_MAX,
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
  TUNNEL_UDP_SUM,
  TUNNEL_UPLINK,
  TUNNEL_VNI,
  TUNNEL_VNIC,
} from "../../assembly/layout.js";
import type { Template } from "./template.js";

/** What the record says, checked. */
export interface TunnelShape {
  readonly vni: number;
  /** One of ENCAP_. */
  readonly kind: number;
  readonly frameBytesMax: number;
  /** Of a tunnel over IP: 4 bytes each or 16 each. */
  readonly local?: Uint8Array;
  readonly remote?: Uint8Array;
  readonly sourcePorts?: readonly [first: number, last: number];
  /** Addresses of the ports' records; 0 when absent, as flags are false. */
  readonly vnic?: number;
  readonly uplink?: number;
  readonly tosKeep?: number;
  readonly isPlain?: boolean;
  readonly udpChecksum?: boolean;
  readonly strict?: boolean;
  readonly innerVlan?: boolean;
  readonly uniform?: boolean;
}

const NOWHERE = new Uint8Array();

export function tunnelRecord(template: Template, shape: TunnelShape): Uint8Array {
  const record = new Uint8Array(TUNNEL_BYTES);
  const view = new DataView(record.buffer);
  const { local = NOWHERE, remote = NOWHERE, sourcePorts: [firstPort, lastPort] = [0, 0] } = shape;
  view.setUint32(TUNNEL_VNI, shape.vni, true);
  view.setUint32(TUNNEL_FLAGS, flagsOf(shape), true);
  view.setUint32(TUNNEL_VNIC, shape.vnic ?? 0, true);
  view.setUint32(TUNNEL_UPLINK, shape.uplink ?? 0, true);
  view.setUint32(TUNNEL_HEADER_LEN, template.bytes.length, true);
  view.setUint32(TUNNEL_L3, template.l3, true);
  view.setUint32(TUNNEL_IP_SUM, template.ipSum, true);
  view.setUint32(TUNNEL_UDP_SUM, template.udpSum, true);
  view.setUint16(TUNNEL_PORT_BASE, firstPort, true);
  view.setUint16(TUNNEL_PORT_COUNT, lastPort - firstPort + 1, true);
  view.setUint8(TUNNEL_TOS_KEEP, shape.tosKeep ?? 0);
  view.setUint8(TUNNEL_KIND, shape.kind);
  view.setUint16(TUNNEL_L4, template.l4, true);
  view.setUint32(TUNNEL_FRAME_BYTES_MAX, shape.frameBytesMax, true);
  record.set(local, TUNNEL_LOCAL);
  record.set(remote, TUNNEL_REMOTE);
  record.set(template.bytes, TUNNEL_TEMPLATE);
  return record;
}

function flagsOf(shape: TunnelShape): number {
  const flags: readonly [isSet: boolean | undefined, flag: number][] = [
    [shape.local?.length === 16, TUNNEL_F_IPV6],
    [shape.udpChecksum, TUNNEL_F_UDP_CHECKSUM],
    [shape.isPlain, TUNNEL_F_PLAIN],
    [shape.strict, TUNNEL_F_STRICT],
    [shape.innerVlan, TUNNEL_F_INNER_VLAN],
    [shape.uniform, TUNNEL_F_UNIFORM],
  ];
  return flags.reduce((set, [isSet, flag]) => (isSet ? set | flag : set), 0);
}
