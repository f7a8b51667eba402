/** What a host is made of, and what its partitions are; the defaults, and the checks. */

import { GROUP_PORTS_MAX, ROUTE_BUCKETS_MAX } from "../../assembly/layout.js";
import type { Port } from "../buffer/port.js";
import { checkBoolean, checkInteger, checkOneOf } from "../check.js";
import { ENCAPSULATION_NAMES, type EncapsulationName, type HostRecord } from "../directory/records.js";
import type { Engine } from "../engine.js";
import { ConfigError } from "../errors.js";
import type { LagGroup } from "../lag/group.js";
import type { PortSetOptions } from "../lag/options.js";
import type { Limits } from "../limit/limits.js";
import type { LimitPolicy } from "../limit/policy.js";
import { ipText, parseIp, parseMac } from "../overlay/address.js";
import type { Policy } from "../overlay/policy/policy.js";
import { encodeTunnel, type TunnelOptions } from "../overlay/tunnel.js";
import type { HostMoveOptions } from "./moves/options.js";
import type { HostEngine } from "./plane.js";

/** How the outer headers of all paths are made; what a path itself says is left out. */
export type PathOptions = Pick<
  TunnelOptions,
  "vlan" | "ttl" | "dscp" | "ecn" | "udpChecksum" | "sourcePorts" | "geneveOptions"
>;

/** A way to a host that is not the one by its own address: over another uplink, to another of its addresses, with less weight. */
export interface PathHint {
  /** By default the host's own address. */
  readonly remote?: string;
  /** The next router's MAC address; by default a locally administered one made of the remote address. */
  readonly nextHopMac?: string;
  /** Its place among the host's uplinks, from 0; no matter where a LAG group chooses. */
  readonly uplink?: number;
  /** Share of the flows, 1 to 16; 1 by default. */
  readonly weight?: number;
  /** Paths of the lowest order that is usable are used: 0 by default. */
  readonly order?: number;
  readonly mtuBytes?: number;
  readonly encapsulation?: EncapsulationName;
}

export interface HostOptions<E extends HostEngine = Engine> {
  /** No other host of the directory has it. */
  readonly name: string;
  /** An engine that was made with overlay sizes. */
  readonly engine: E;
  /** This host's underlay address. */
  readonly address: string;
  /** Ports to the underlay, or a LAG group of them, in which each partition has its own set. */
  readonly uplinks: readonly Port[] | LagGroup;
  readonly policy: Policy;
  /** What partitions may hold of the engine's mbufs (Engine.addLimits); the host ticks it. */
  readonly limits?: Limits;
  /** Largest IP packet of the underlay, 576 to 65535 bytes; 1500 by default. */
  readonly mtuBytes?: number;
  /** What this host takes, best first; ["vxlan"] by default. A path uses the sender's first that the other takes too. */
  readonly encapsulations?: readonly EncapsulationName[];
  /** The outer headers of its paths. */
  readonly paths?: PathOptions;
  /** Ways to other hosts, by their names, beside or instead of the one by their own address. */
  readonly pathsTo?: Readonly<Record<string, readonly PathHint[]>>;
  /** Reserved bits in tunnels' headers are a fault; false by default. */
  readonly strict?: boolean;
  /** TCP's MSS is lowered to what a path takes; false by default. */
  readonly clampMss?: boolean;
  /** Tunnels that may be inside what a guest sends, 0 to 8; 1 by default. */
  readonly nestedMax?: number;
  readonly times?: Partial<HostTimes>;
  /** VMs that come to this host and leave it with their adapters' state. */
  readonly moves?: HostMoveOptions;
  /** Frames that still come for a partition that has gone and are sent on to where it is, at most; 256 by default. */
  readonly sendOnMax?: number;
  /** Global queue-pair numbers that are asked of the directory at a time; 64 by default. */
  readonly blockSize?: number;
}

/** Times in ms. */
export interface HostTimes {
  /** What the others' clocks count in, 1 to 1000; 10 by default. */
  readonly tickMs: number;
  /** A frame waits so long for an answer of the directory; 1000 by default. */
  readonly missMs: number;
  /** Between two questions about one endpoint; 100 by default. */
  readonly refreshMs: number;
  /** Somebody whom the directory does not know is not asked about again; 1000 by default. */
  readonly absentMs: number;
  /** A flow of a stateful rule without frames; 120000 by default, 5 minutes at most with ticks of 10 ms. */
  readonly flowMs: number;
  /** Later fragments after the last one; 2000 by default. */
  readonly fragmentMs: number;
  /** An endpoint that nobody talks to is forgotten; 60000 by default. */
  readonly idleMs: number;
  /** What is known of other hosts holds so long without a word of the directory; 60000 by default. */
  readonly leaseMs: number;
  /** The host where a partition was before may send on what still comes for it, so long after it has come; 5000 by default. */
  readonly sendOnMs: number;
  /** The host counts as dead for others so long after its last word; 10000 by default. */
  readonly hostLeaseMs: number;
}

const DEFAULT_TIMES: HostTimes = {
  tickMs: 10,
  missMs: 1000,
  refreshMs: 100,
  absentMs: 1000,
  flowMs: 120_000,
  fragmentMs: 2000,
  idleMs: 60_000,
  leaseMs: 60_000,
  sendOnMs: 5000,
  hostLeaseMs: 10_000,
};

/** Native InfiniBand is for captures. */
const ENCAPSULATIONS_OVER_IP = ENCAPSULATION_NAMES.filter((name) => name !== "infiniband");

/** Ticks of flows count to 2^15 and wrap. */
const FLOW_TICKS_MAX = 2 ** 15 - 1;

export interface AttachOptions extends PortSetOptions {
  /** The VM's name. */
  readonly partition: string;
  /** The network's name or VNI in the policy. */
  readonly network: string | number;
  /** The VM's port: what it sends arrives there. */
  readonly vnic: Port;
  readonly mac: string;
  /** Its own addresses; its link-local IPv6 address of the MAC address need not be said. */
  readonly ips: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** A waypoint: it sends on what others have sent; false by default. */
  readonly forwards?: boolean;
  /** What it may hold of the host's mbufs, and each of its peers of them: without limit by default. */
  readonly mbufs?: { readonly policy?: LimitPolicy; readonly peers?: LimitPolicy };
}

export interface HostSettings {
  readonly record: HostRecord;
  readonly local: Uint8Array;
  readonly times: HostTimes;
  readonly sendOnMax: number;
  readonly blockSize: number;
}

/** Throws ConfigError. */
export function checkHostOptions(options: HostOptions<HostEngine>): HostSettings {
  if (typeof options.name !== "string" || options.name === "") throw new ConfigError("name", options.name, "a name");
  const local = parseIp("address", options.address);
  const encapsulations = options.encapsulations ?? ["vxlan"];
  if (encapsulations.length === 0) throw new ConfigError("encapsulations", "none", "one at least");
  for (const [i, name] of encapsulations.entries()) {
    checkOneOf(`encapsulations[${i}]`, name, ENCAPSULATIONS_OVER_IP);
  }
  checkPaths(options, local);
  if (options.strict !== undefined) checkBoolean("strict", options.strict);
  if (options.clampMss !== undefined) checkBoolean("clampMss", options.clampMss);
  if (options.nestedMax !== undefined) checkInteger("nestedMax", options.nestedMax, 0, 8);
  return {
    record: {
      name: options.name,
      address: ipText(local),
      mtuBytes: checkInteger("mtuBytes", options.mtuBytes ?? 1500, 576, 65_535),
      encapsulations: [...encapsulations],
    },
    local,
    times: checkTimes(options.times ?? {}),
    sendOnMax: checkInteger("sendOnMax", options.sendOnMax ?? 256, 0, 2 ** 20),
    blockSize: checkInteger("blockSize", options.blockSize ?? 64, 1, 2 ** 16),
  };
}

/** Throws ConfigError. What the policy has to say is checked there. */
export function checkAttachOptions(options: AttachOptions, { ports }: HostEngine, uplinks: readonly Port[]): void {
  const { partition, vnic, ips } = options;
  if (typeof partition !== "string" || partition === "") throw new ConfigError("partition", partition, "a name");
  if (!Array.isArray(ips)) throw new ConfigError("ips", ips, "a list of addresses");
  if ((ports && !ports.includes(vnic)) || uplinks.includes(vnic)) {
    throw new ConfigError("vnic", vnic?.name, "a port of this host's engine, and no uplink");
  }
}

/** Outer headers and ways to other hosts: what a path will be made of, before there is one. */
function checkPaths(
  { paths, pathsTo, uplinks }: Pick<HostOptions, "paths" | "pathsTo" | "uplinks">,
  local: Uint8Array,
): void {
  const { vlan, ttl, dscp, ecn, udpChecksum, sourcePorts, geneveOptions } = paths ?? {};
  const given = Object.entries({ vlan, ttl, dscp, ecn, udpChecksum, sourcePorts }).filter(
    ([, value]) => value !== undefined,
  );
  const ends = { vni: 1, local: ipText(local), remote: ipText(local) };
  within("paths", () => {
    encodeTunnel({ ...ends, ...Object.fromEntries(given) });
    if (geneveOptions) encodeTunnel({ ...ends, encapsulation: "geneve", geneveOptions });
  });
  const uplinkCount = Array.isArray(uplinks) ? uplinks.length : GROUP_PORTS_MAX;
  for (const [host, hints] of Object.entries(pathsTo ?? {})) {
    checkInteger(`pathsTo.${host}.length`, hints.length, 1, ROUTE_BUCKETS_MAX);
    for (const [i, hint] of hints.entries()) within(`pathsTo.${host}[${i}]`, () => checkHint(hint, uplinkCount));
  }
}

function checkHint(hint: PathHint, uplinkCount: number): void {
  if (hint.remote !== undefined) parseIp("remote", hint.remote);
  if (hint.nextHopMac !== undefined) parseMac("nextHopMac", hint.nextHopMac);
  checkInteger("uplink", hint.uplink ?? 0, 0, uplinkCount - 1);
  checkInteger("weight", hint.weight ?? 1, 1, ROUTE_BUCKETS_MAX);
  checkInteger("order", hint.order ?? 0, 0, 255);
  if (hint.mtuBytes !== undefined) checkInteger("mtuBytes", hint.mtuBytes, 576, 65_535);
  if (hint.encapsulation !== undefined) checkOneOf("encapsulation", hint.encapsulation, ENCAPSULATIONS_OVER_IP);
}

/** What a check inside says of an argument is said of it where it stands. */
function within(where: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${where}.${error.argument}`, error.value, error.bound);
    throw error;
  }
}

function checkTimes(times: Partial<HostTimes>): HostTimes {
  const all = { ...DEFAULT_TIMES, ...times };
  checkInteger("times.tickMs", all.tickMs, 1, 1000);
  for (const key of Object.keys(DEFAULT_TIMES) as (keyof HostTimes)[]) {
    const most = key === "flowMs" || key === "fragmentMs" ? FLOW_TICKS_MAX * all.tickMs : 86_400_000;
    checkInteger(`times.${key}`, all[key], 1, most);
  }
  return all;
}
