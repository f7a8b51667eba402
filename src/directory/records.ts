/**
 * The words of the directory: who is where. An endpoint is a VM's interface in a network; its identity is (vni, mac), and the higher
 * generation of an identity is the truth. Where it is, is the name of a host; the host's own record says by which address it is reached.
 * Records are values: nobody changes one that was handed over.
 */

/** Networks have 24 bits (RFC 7348 section 5); InfiniBand's unicast local identifiers go from 1 to this (IBTA volume 1, 4.1.3). */
export const VNI_MAX = 0xffffff;
export const LID_MAX = 0xbfff;

/** How a host takes overlay traffic. */
export type EncapsulationName = "vxlan" | "geneve" | "vxlan-gpe" | "nvgre" | "rocev2" | "infiniband";

export const ENCAPSULATION_NAMES: readonly EncapsulationName[] = [
  "vxlan",
  "geneve",
  "vxlan-gpe",
  "nvgre",
  "rocev2",
  "infiniband",
];

/** An endpoint, and the host that it is on. */
export interface EndpointRecord {
  /** The network, 24 bits. */
  readonly vni: number;
  /** "02:00:00:00:00:01", lower case: with vni the record's identity. */
  readonly mac: string;
  /** Canonical text: "192.0.2.1", RFC 5952 for IPv6. */
  readonly ips: readonly string[];
  /** The VM's name. */
  readonly partition: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The host's name; its HostRecord says its address. */
  readonly host: string;
  /** Global queue-pair number, 24 bits, the VM's own for life. */
  readonly gqpn: number;
  /** Raised by every move; the higher one wins. */
  readonly generation: number;
}

/** A host, and how the underlay reaches it. */
export interface HostRecord {
  readonly name: string;
  /** Underlay IP address, canonical text: the local port id in RoCEv2. */
  readonly address: string;
  /** Local port id in native InfiniBand, 1-0xbfff. */
  readonly lid?: number;
  /** The largest IP packet of the underlay at this host, in bytes. */
  readonly mtuBytes: number;
  /** What it takes, best first. */
  readonly encapsulations: readonly EncapsulationName[];
}

/** A host as the directory knows it. A host that never took a lease counts as alive. */
export interface HostState {
  readonly host: HostRecord;
  readonly alive: boolean;
}

/** Which endpoint is asked for: by identity, address, name or global queue-pair number. */
export type EndpointQuery =
  | { readonly vni: number; readonly mac: string }
  | { readonly vni: number; readonly ip: string }
  | { readonly vni: number; readonly partition: string }
  | { readonly gqpn: number };

/** The answer: the endpoint, its host, and whether that is alive. */
export interface Resolution extends HostState {
  readonly endpoint: EndpointRecord;
  /** The directory's number for the change that wrote the endpoint; later changes have higher ones. */
  readonly sequence: number;
}

/** Which changes a watcher hears: those of one network, or all. */
export type WatchFilter = { readonly vni: number } | "all";

/** What watchers hear. An endpoint comes with its host, if that is known, so that a move needs no question. */
export type DirectoryChange =
  | {
      readonly type: "endpoint";
      readonly sequence: number;
      readonly endpoint: EndpointRecord;
      readonly host: HostRecord | undefined;
      readonly alive: boolean;
    }
  /** Gone; only a higher generation brings it back. */
  | {
      readonly type: "withdrawn";
      readonly sequence: number;
      readonly vni: number;
      readonly mac: string;
      readonly generation: number;
    }
  /** A host's record changed, its lease ended, or it lives again. */
  | { readonly type: "host"; readonly sequence: number; readonly host: HostRecord; readonly alive: boolean };

/** True when both say the same of the same endpoint. */
export function sameEndpoint(a: EndpointRecord, b: EndpointRecord): boolean {
  return (
    a === b ||
    (a.vni === b.vni &&
      a.mac === b.mac &&
      a.partition === b.partition &&
      a.host === b.host &&
      a.gqpn === b.gqpn &&
      a.generation === b.generation &&
      sameList(a.ips, b.ips) &&
      sameLabels(a.labels, b.labels))
  );
}

/** True when both say the same of the same host. */
export function sameHost(a: HostRecord, b: HostRecord): boolean {
  return (
    a === b ||
    (a.name === b.name &&
      a.address === b.address &&
      a.lid === b.lid &&
      a.mtuBytes === b.mtuBytes &&
      sameList(a.encapsulations, b.encapsulations))
  );
}

/** Of several endpoints with one address or name: the highest generation, of equals the lowest MAC address. */
export function outranks(a: EndpointRecord, b: EndpointRecord): boolean {
  if (a.generation !== b.generation) return a.generation > b.generation;
  return a.vni !== b.vni ? a.vni < b.vni : a.mac < b.mac;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function sameLabels(a: EndpointRecord["labels"], b: EndpointRecord["labels"]): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
