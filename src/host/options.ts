/** What a host is made of, and what its partitions are; the defaults, and the checks. */
import type { Port } from "../buffer/port.js";
import { checkBoolean, checkInteger } from "../check.js";
import { ENCAPSULATION_NAMES, type EncapsulationName, type HostRecord } from "../directory/records.js";
import type { Engine } from "../engine.js";
import { ConfigError } from "../errors.js";
import type { LagGroup } from "../lag/group.js";
import type { PortSetOptions } from "../lag/options.js";
import { ipText, parseIp } from "../overlay/address.js";
import type { Policy } from "../overlay/policy/policy.js";
import type { TunnelOptions } from "../overlay/tunnel.js";
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
    if (!ENCAPSULATION_NAMES.includes(name) || name === "infiniband") {
      const known = ENCAPSULATION_NAMES.filter((other) => other !== "infiniband");
      throw new ConfigError(`encapsulations[${i}]`, name, `one of ${known.join(", ")}`);
    }
  }
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

function checkTimes(times: Partial<HostTimes>): HostTimes {
  const all = { ...DEFAULT_TIMES, ...times };
  checkInteger("times.tickMs", all.tickMs, 1, 1000);
  for (const key of Object.keys(DEFAULT_TIMES) as (keyof HostTimes)[]) {
    const most = key === "flowMs" || key === "fragmentMs" ? FLOW_TICKS_MAX * all.tickMs : 86_400_000;
    checkInteger(`times.${key}`, all[key], 1, most);
  }
  return all;
}
