/** A tunnel of an engine: this host's way to a remote one, for one network, in one of the encapsulations (encapsulations.ts). */
import type { Port } from "../buffer/port.js";
import { checkBoolean, checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";
import { macOf, parseIp, parseMac } from "./address.js";
import { ENCAPSULATION_NAMES, ENCAPSULATIONS, type Encapsulation, type TunnelEncapsulation } from "./encapsulations.js";
import type { GeneveOption } from "./geneve-options.js";
import { IP_BYTES_MAX, overlayMtu } from "./mtu.js";
import { buildTemplate } from "./template.js";
import { tunnelRecord } from "./tunnel-record.js";

export interface TunnelOptions {
  /** Network identifier, 0 to 16777215; NVGRE has 4096 to 16777214. */
  readonly vni: number;
  /** "vxlan" (RFC 7348) by default; "geneve" (RFC 8926), "vxlan-gpe" (draft-ietf-nvo3-vxlan-gpe-13), "nvgre" (RFC 7637). */
  readonly encapsulation?: TunnelEncapsulation;
  /** Options that every frame carries, 124 bytes of them at most; Geneve only. */
  readonly geneveOptions?: readonly GeneveOption[];
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
  /**
   * Outer DSCP (RFC 2983): a number, 0 to 63, which ends with the tunnel (pipe model; 0 by default), or "uniform": that of the frame
   * inside, to which the underlay's is handed back.
   */
  readonly dscp?: "uniform" | number;
  /** The inner ECN field is copied to the outer one (RFC 6040 section 4.1): true by default. Marks that arrive are always handed on. */
  readonly ecn?: boolean;
  /** "zero" (absent: the default over IPv4) or "full" (the default over IPv6; zero is allowed by RFC 6935). NVGRE has none. */
  readonly udpChecksum?: "zero" | "full";
  /** Range of outer source ports, both ends included; 49152-65535 by default. NVGRE has none: its FlowID tells flows apart. */
  readonly sourcePorts?: readonly [first: number, last: number];
  /** VLAN tags inside are carried; by default they are taken out on the way in and refused on the way out. Never with NVGRE. */
  readonly innerVlan?: boolean;
  /** Frames that arrive with reserved bits set in the tunnel's header are dropped; false by default, as the RFCs ask. */
  readonly strict?: boolean;
  /** The underlay's MTU, in bytes of IP packets: longer ones are not sent. By default whatever IP can say: 65535. */
  readonly mtuBytes?: number;
}

export interface Tunnel {
  /** @internal Address of the tunnel's record, and its place among the engine's. */
  readonly ptr: number;
  readonly index: number;
  readonly vni: number;
  readonly encapsulation: TunnelEncapsulation;
  readonly local: string;
  readonly remote: string;
  readonly vnic: Port | undefined;
  readonly uplink: Port | undefined;
  /**
   * Bytes in front of each frame: with VXLAN, VXLAN-GPE and Geneve 50 over IPv4 and 70 over IPv6, with NVGRE 8 less; 4 more with a
   * VLAN, and Geneve's options.
   */
  readonly headerBytes: number;
  /** The longest frame that goes through, in bytes from its Ethernet header on, without a VLAN tag. */
  readonly frameBytesMax: number;
}

/** What encodeTunnel gives: a record for the data plane, and what a user is told of it. */
export interface EncodedTunnel {
  readonly record: Uint8Array;
  readonly encapsulation: TunnelEncapsulation;
  readonly headerBytes: number;
  readonly frameBytesMax: number;
}

/** UDP's header and Geneve's, without options. */
const GENEVE_BYTES = 8 + 8;

/** A tunnel's record as bytes for the data plane, and the size of its headers. Throws ConfigError. */
export function encodeTunnel(options: TunnelOptions): EncodedTunnel {
  const encapsulation = checkOneOf("encapsulation", options.encapsulation ?? "vxlan", ENCAPSULATION_NAMES);
  const form = ENCAPSULATIONS[encapsulation];
  const vni = checkInteger("vni", options.vni, form.vniMin, form.vniMax);
  const { local, remote } = parseEnds(options);
  const udp = checkUdp(options, form, local.length === 16);
  const { tos, tosKeep, uniform } = checkTos(options);
  if (options.geneveOptions && encapsulation !== "geneve")
    throw new ConfigError("geneveOptions", options.geneveOptions, "left out but with Geneve");
  const template = buildTemplate({
    ...{ local, remote, tos, udpPort: form.udpPort },
    sourceMac: options.sourceMac === undefined ? macOf(local) : parseMac("sourceMac", options.sourceMac),
    nextHopMac: options.nextHopMac === undefined ? macOf(remote) : parseMac("nextHopMac", options.nextHopMac),
    vlan: options.vlan === undefined ? undefined : checkInteger("vlan", options.vlan, 1, 4094),
    ttl: checkInteger("ttl", options.ttl ?? 64, 1, 255),
    header: form.header(vni, options.geneveOptions ?? []),
  });
  const innerVlan = checkInnerVlan(options, form);
  const ipVersion = local.length === 4 ? 4 : 6;
  const optionBytes = encapsulation === "geneve" ? template.bytes.length - template.l4 - GENEVE_BYTES : 0;
  const carriage = { encapsulation, ipVersion, optionBytes, innerVlan } as const;
  const { frameBytesMax } = overlayMtu(options.mtuBytes ?? IP_BYTES_MAX, carriage);
  const isPlain =
    encapsulation === "vxlan" && local.length === 4 && options.vlan === undefined && udp.checksum === "zero";
  const shape = {
    ...{ vni, kind: form.kind, local, remote, tosKeep, uniform, innerVlan, frameBytesMax, isPlain },
    vnic: options.vnic?.record.ptr ?? 0,
    uplink: options.uplink?.record.ptr ?? 0,
    sourcePorts: udp.sourcePorts,
    udpChecksum: udp.checksum === "full",
    strict: checkBoolean("strict", options.strict ?? false),
  };
  return {
    ...{ encapsulation, frameBytesMax },
    record: tunnelRecord(shape, template),
    headerBytes: template.bytes.length,
  };
}

function parseEnds(options: TunnelOptions): { local: Uint8Array; remote: Uint8Array } {
  const local = parseIp("local", options.local);
  const remote = parseIp("remote", options.remote);
  if (local.length !== remote.length)
    throw new ConfigError("remote", options.remote, "of the same IP version as local");
  return { local, remote };
}

/** Checksum and source ports; refused where there is no UDP header. */
function checkUdp(options: TunnelOptions, form: Encapsulation, isIpv6: boolean) {
  for (const argument of ["udpChecksum", "sourcePorts"] as const) {
    if (form.udpPort === undefined && options[argument] !== undefined)
      throw new ConfigError(argument, options[argument], "left out of an encapsulation without UDP");
  }
  const usual = isIpv6 && form.udpPort !== undefined ? "full" : "zero";
  const [first, last] = options.sourcePorts ?? [49152, 65535];
  checkInteger("sourcePorts[0]", first, 1, 65535);
  checkInteger("sourcePorts[1]", last, first, 65535);
  return {
    checksum: checkOneOf("udpChecksum", options.udpChecksum ?? usual, ["zero", "full"]),
    sourcePorts: [first, last] as const,
  };
}

/** The template's bits of the type of service, and those that are copied from the frame inside. */
function checkTos(options: TunnelOptions): { tos: number; tosKeep: number; uniform: boolean } {
  const ecn = checkBoolean("ecn", options.ecn ?? true) ? 0x03 : 0;
  if (options.dscp === "uniform") return { tos: 0, tosKeep: 0xfc | ecn, uniform: true };
  const dscp = options.dscp ?? 0;
  if (!Number.isInteger(dscp) || dscp < 0 || dscp > 63)
    throw new ConfigError("dscp", dscp, '"uniform" or a whole number from 0 to 63');
  return { tos: dscp << 2, tosKeep: ecn, uniform: false };
}

function checkInnerVlan({ innerVlan = false }: TunnelOptions, form: Encapsulation): boolean {
  if (checkBoolean("innerVlan", innerVlan) && !form.takesInnerVlan)
    throw new ConfigError("innerVlan", innerVlan, "left out of NVGRE, whose inner frames have no tag (RFC 7637)");
  return innerVlan;
}
