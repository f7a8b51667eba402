/** Paths whose packets go between queue pairs, as records for the data plane (TUNNEL_ in assembly/layout.ts). */
import { ENCAP_INFINIBAND, ENCAP_ROCEV2 } from "../../assembly/layout.js";
import { checkBoolean, checkInteger, checkOneOf } from "../check.js";
import { LID_MAX, VNI_MAX } from "../directory/records.js";
import { IB_MTU_MAX, IB_MTU_MIN, IP_BYTES_MAX, overlayMtu } from "../overlay/mtu.js";
import { checkEnds, checkSourcePorts, checkTos, type EndOptions, type TosOptions } from "../overlay/outer.js";
import { tunnelRecord } from "../overlay/tunnel-record.js";
import { buildInfinibandTemplate, buildRoceTemplate } from "./template.js";

export interface RoceTunnelOptions extends EndOptions, TosOptions {
  /** Network, 0 to 16777215: the queue key of its packets. */
  readonly vni: number;
  /** "zero" (absent: the default, as annex A17 has it) or "full", for an IPv6 underlay that takes no zero (RFC 6935). */
  readonly udpChecksum?: "zero" | "full" | undefined;
  /** Range of outer source ports, both ends included; 49152-65535 by default. */
  readonly sourcePorts?: readonly [first: number, last: number] | undefined;
  /** VLAN tags of frames are carried; by default they are taken out. */
  readonly innerVlan?: boolean | undefined;
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
  /** VLAN tags of frames are carried; by default they are taken out. */
  readonly innerVlan?: boolean | undefined;
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
  const ends = checkEnds(options);
  const { tos, tosKeep } = checkTos(options);
  const udpChecksum = checkOneOf("udpChecksum", options.udpChecksum ?? "zero", ["zero", "full"]) === "full";
  const sourcePorts = checkSourcePorts(options.sourcePorts);
  const ipVersion = ends.local.length === 4 ? 4 : 6;
  const innerVlan = checkBoolean("innerVlan", options.innerVlan ?? false);
  const carriage = { encapsulation: "rocev2", ipVersion, innerVlan } as const;
  const { frameBytesMax } = overlayMtu(options.mtuBytes ?? IP_BYTES_MAX, carriage);
  const template = buildRoceTemplate({ ...ends, tos, qkey: vni });
  const shape = { ...ends, vni, kind: ENCAP_ROCEV2, tosKeep, udpChecksum, sourcePorts, innerVlan, frameBytesMax };
  return { record: tunnelRecord(template, shape), headerBytes: template.bytes.length };
}

/** Throws ConfigError. */
export function encodeInfinibandTunnel(options: InfinibandTunnelOptions): EncodedTunnel {
  const vni = checkInteger("vni", options.vni, 0, VNI_MAX);
  const mtuBytes = checkInteger("mtuBytes", options.mtuBytes ?? IB_MTU_MAX, IB_MTU_MIN, IB_MTU_MAX);
  const innerVlan = checkBoolean("innerVlan", options.innerVlan ?? false);
  const { frameBytesMax } = overlayMtu(mtuBytes, { encapsulation: "infiniband", ipVersion: 4, innerVlan });
  const template = buildInfinibandTemplate({
    slid: checkInteger("slid", options.slid, 1, LID_MAX),
    dlid: checkInteger("dlid", options.dlid, 1, LID_MAX),
    sl: checkInteger("sl", options.sl ?? 0, 0, 15),
    vl: checkInteger("vl", options.vl ?? 0, 0, 14),
    qkey: vni,
  });
  const record = tunnelRecord(template, { vni, kind: ENCAP_INFINIBAND, innerVlan, frameBytesMax });
  return { record, headerBytes: template.bytes.length };
}
