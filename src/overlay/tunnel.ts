/** A tunnel of an engine: this host's way to a remote one, for one network, in one of the encapsulations (encapsulations.ts). */
import type { Port } from "../buffer/port.js";
import { checkBoolean, checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";
import { ENCAPSULATION_NAMES, ENCAPSULATIONS, type Encapsulation, type TunnelEncapsulation } from "./encapsulations.js";
import type { GeneveOption } from "./geneve-options.js";
import { IP_BYTES_MAX, overlayMtu } from "./mtu.js";
import { checkEnds, checkSourcePorts, checkTos, type EndOptions, type TosOptions } from "./outer.js";
import { buildTemplate } from "./template.js";
import { tunnelRecord } from "./tunnel-record.js";

export interface TunnelOptions extends EndOptions, TosOptions {
  /** Network identifier, 0 to 16777215; NVGRE has 4096 to 16777214. */
  readonly vni: number;
  /** "vxlan" (RFC 7348) by default; "geneve" (RFC 8926), "vxlan-gpe" (draft-ietf-nvo3-vxlan-gpe-13), "nvgre" (RFC 7637). */
  readonly encapsulation?: TunnelEncapsulation | undefined;
  /** Options that every frame carries, 124 bytes of them at most; Geneve only. */
  readonly geneveOptions?: readonly GeneveOption[] | undefined;
  /** The guest's port and the port to the underlay; without them the tunnel serves Burst.encapsulate only. */
  readonly vnic?: Port | undefined;
  readonly uplink?: Port | undefined;
  /** "zero" (absent: the default over IPv4) or "full" (the default over IPv6; zero is allowed by RFC 6935). NVGRE has none. */
  readonly udpChecksum?: "zero" | "full" | undefined;
  /** Range of outer source ports, both ends included; 49152-65535 by default. NVGRE has none: its FlowID tells flows apart. */
  readonly sourcePorts?: readonly [first: number, last: number] | undefined;
  /** VLAN tags inside are carried; by default they are taken out on the way in and refused on the way out. Never with NVGRE. */
  readonly innerVlan?: boolean | undefined;
  /** Frames that arrive with reserved bits set in the tunnel's header are dropped; false by default, as the RFCs ask. */
  readonly strict?: boolean | undefined;
  /** The underlay's MTU, in bytes of IP packets: longer ones are not sent. By default whatever IP can say: 65535. */
  readonly mtuBytes?: number | undefined;
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

/** Geneve's header, without options. */
const GENEVE_BYTES = 8;

/** A tunnel's record as bytes for the data plane, and the size of its headers. Throws ConfigError. */
export function encodeTunnel(options: TunnelOptions): EncodedTunnel {
  const encapsulation = checkOneOf("encapsulation", options.encapsulation ?? "vxlan", ENCAPSULATION_NAMES);
  const form = ENCAPSULATIONS[encapsulation];
  const vni = checkInteger("vni", options.vni, form.vniMin, form.vniMax);
  const ends = checkEnds(options);
  const ipVersion = ends.local.length === 4 ? 4 : 6;
  const udp = checkUdp(options, form, ipVersion);
  const { tos, tosKeep, uniform } = checkTos(options);
  if (options.geneveOptions && encapsulation !== "geneve")
    throw new ConfigError("geneveOptions", options.geneveOptions, "left out but with Geneve");
  const header = form.header(vni, options.geneveOptions ?? []);
  const template = buildTemplate({ ...ends, tos, udpPort: form.udpPort, header });
  const innerVlan = checkInnerVlan(options, form);
  const optionBytes = encapsulation === "geneve" ? header.length - GENEVE_BYTES : 0;
  const carriage = { encapsulation, ipVersion, optionBytes, innerVlan } as const;
  const { frameBytesMax } = overlayMtu(options.mtuBytes ?? IP_BYTES_MAX, carriage);
  const record = tunnelRecord(template, {
    ...{ ...ends, ...udp, vni, kind: form.kind, tosKeep, uniform, innerVlan, frameBytesMax },
    isPlain: encapsulation === "vxlan" && ipVersion === 4 && ends.vlan === undefined && !udp.udpChecksum,
    vnic: options.vnic?.record.ptr ?? 0,
    uplink: options.uplink?.record.ptr ?? 0,
    strict: checkBoolean("strict", options.strict ?? false),
  });
  return { record, encapsulation, headerBytes: template.bytes.length, frameBytesMax };
}

/** Checksum and source ports; refused where there is no UDP header. */
function checkUdp(options: TunnelOptions, form: Encapsulation, ipVersion: 4 | 6) {
  for (const argument of ["udpChecksum", "sourcePorts"] as const) {
    if (form.udpPort === undefined && options[argument] !== undefined)
      throw new ConfigError(argument, options[argument], "left out of an encapsulation without UDP");
  }
  const usual = ipVersion === 6 && form.udpPort !== undefined ? "full" : "zero";
  return {
    udpChecksum: checkOneOf("udpChecksum", options.udpChecksum ?? usual, ["zero", "full"]) === "full",
    sourcePorts: checkSourcePorts(options.sourcePorts),
  };
}

function checkInnerVlan({ innerVlan = false }: TunnelOptions, form: Encapsulation): boolean {
  if (checkBoolean("innerVlan", innerVlan) && !form.takesInnerVlan)
    throw new ConfigError("innerVlan", innerVlan, "left out of NVGRE, whose inner frames have no tag (RFC 7637)");
  return innerVlan;
}
