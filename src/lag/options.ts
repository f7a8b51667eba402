/** What a group and its partitions are made of, and the checks: each names the key, the value and the bound. */
import type { Port } from "../buffer/port.js";
import { checkBoolean, checkInteger, checkOneOf, checkPowerOfTwo } from "../check.js";
import { ConfigError } from "../errors.js";
import type { HashOptions } from "../hash/options.js";
import type { Tunnel } from "../overlay/tunnel.js";
import type { SetPolicy } from "./active.js";
import { PORTS_MAX, type WeightedPort } from "./buckets.js";
import type { Order } from "./moves.js";
import { SELECTIONS, setProblems } from "./plan-rules.js";
import { OVS_THRESHOLDS, type RebalanceOptions } from "./rebalance.js";
import type { GroupLacpOptions } from "./slow.js";

export type Selection = (typeof SELECTIONS)[number];

export interface LagGroupOptions {
  /** The ports that the partitions share, 1 to 32, in the order of their numbers. */
  readonly ports: readonly Port[];
  /** How frames are hashed; layer3+4 of Linux bonding by default. */
  readonly hash?: HashOptions;
  /** How a hash, or its turn, gives a frame its port; "buckets" by default. */
  readonly selection?: Selection;
  /** Buckets of each partition, a power of two, from 1 to what the engine has for one (lag.buckets); 256 by default, or that many. */
  readonly buckets?: number;
  /** What moving a bucket waits for; "drain" by default. */
  readonly order?: Order;
  /** How long a move may take before it is forced, in ms, 1 to 60000; 1000 by default. */
  readonly moveTimeoutMs?: number;
  /**
   * "host": each partition sends from its vnic, and what arrives on the ports is for partitions. "switch": what arrives on network
   * is for partitions, and what partitions send arrives on the ports. "host" by default.
   */
  readonly role?: "host" | "switch";
  /** A switch's port to the rest of the network. */
  readonly network?: Port;
  /**
   * Which copy of a broadcast a partition takes: "selected", the one on the port that its live ports and the frame's hash choose (the
   * peer floods its links, or chooses alike); "any", whichever comes (the peer sends one for the whole aggregate). By default "selected",
   * and "any" while LACP has a partner that does not distribute by conversation.
   */
  readonly floods?: "selected" | "any";
  /** Speaks LACP on all ports. */
  readonly lacp?: GroupLacpOptions;
  /** Moves buckets by measured bytes; Open vSwitch's thresholds where none are given. Off by default. */
  readonly rebalance?: Partial<RebalanceOptions>;
  /** How long a learned address lives unseen, in s, 1 to 86400; 300 by default. */
  readonly learnedSeconds?: number;
}

/** A port of the group, with a weight from 1 (the default) to 1000 that its share of the flows follows. */
export type Member = Port | { readonly port: Port; readonly weight?: number };

/** The ports that a partition may use: members of its aggregate, or one link of its own. */
export interface PortSetOptions {
  /** 1 to 8. */
  readonly members?: readonly Member[];
  /** Up to 8 that carry traffic while too few members can. */
  readonly backup?: readonly Member[];
  /** The one port that the partition uses as a link of its own, without failover and without LACP. */
  readonly standalone?: Port;
  /** Members that must be usable, 1 to as many as there are; 1 by default. Of backups as many must be. */
  readonly minLinks?: number;
  /** How long members must be ready before traffic comes back from the backups, in ms, 0 to 86400000; 0 by default. */
  readonly preemptionDelayMs?: number;
  /** Whether it comes back by itself; true by default. */
  readonly preempt?: boolean;
}

export interface PartitionOptions extends PortSetOptions {
  /** No other partition of the group has it. */
  readonly name: string;
  /** The partition's own port; a host's partitions must have one, a switch's have none. */
  readonly vnic?: Port;
  /** MAC addresses of the partition, each one station's, which no other partition of its network has. */
  readonly macs?: readonly string[];
  /** 802.1Q VLAN that its addresses are in, 1 to 4094. */
  readonly vlan?: number;
  /** A tunnel without ports of the same engine: the partition's frames go through it, and its addresses are in its network. */
  readonly tunnel?: Tunnel;
  /** What LACP tells its frames by with conversations: "partition", 1 to 4095; its VLAN by default. */
  readonly conversation?: number;
  /** Addresses that may be learned from what it sends, 0 to 65535; 0 by default. */
  readonly learn?: number;
  /**
   * What becomes of its frames that arrive on a port outside its set; by default "drop", and "accept" (counted) while LACP has a
   * partner that does not distribute by conversation.
   */
  readonly outside?: "drop" | "accept";
}

/** Ports by their numbers in the group, and the policy for them. */
export interface PortSet {
  readonly policy: SetPolicy;
  readonly weights: ReadonlyMap<number, number>;
  readonly isStandalone: boolean;
  /** The whole set as bits. */
  readonly bits: number;
}

export type GroupSettings = ReturnType<typeof checkGroup>;

/** The options with their defaults. Throws ConfigError for the first that is out of its bounds. */
export function checkGroup(options: LagGroupOptions, bucketsMax: number) {
  checkInteger("ports.length", options.ports.length, 1, PORTS_MAX);
  const names = options.ports.map(({ name }) => name);
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) !== i) throw new ConfigError(`ports[${i}]`, name, "a port that is named once");
  }
  const role = checkOneOf("role", options.role ?? "host", ["host", "switch"]);
  if (role === "host" && options.network)
    throw new ConfigError("network", options.network.name, "left out of a host's group");
  if (options.network && options.ports.includes(options.network)) {
    throw new ConfigError("network", options.network.name, "a port outside the group");
  }
  const buckets = checkPowerOfTwo("buckets", options.buckets ?? Math.min(256, bucketsMax), 1, bucketsMax);
  const selection = checkOneOf("selection", options.selection ?? "buckets", SELECTIONS);
  if (options.rebalance) checkRebalance(options.rebalance, selection);
  if (options.buckets !== undefined && selection !== "buckets") {
    throw new ConfigError("buckets", options.buckets, `left out where selection is ${selection}`);
  }
  return {
    role,
    buckets,
    selection,
    order: checkOneOf("order", options.order ?? "drain", ["drain", "marker", "none"]),
    moveTimeoutMs: checkInteger("moveTimeoutMs", options.moveTimeoutMs ?? 1000, 1, 60_000),
    learnedSeconds: checkInteger("learnedSeconds", options.learnedSeconds ?? 300, 1, 86_400),
    floods: options.floods && checkOneOf("floods", options.floods, ["selected", "any"]),
  };
}

function checkRebalance(options: Partial<RebalanceOptions>, selection: Selection): void {
  if (selection !== "buckets") throw new ConfigError("rebalance", options, `left out where selection is ${selection}`);
  const { intervalMs, minImprovement, minLeadBitsPerSecond, minLeadPart } = { ...OVS_THRESHOLDS, ...options };
  checkInteger("rebalance.intervalMs", intervalMs, 1, 86_400_000);
  const isPart = (value: number, max: number) => value >= 0 && value <= max;
  if (!isPart(minImprovement, 0.5)) throw new ConfigError("rebalance.minImprovement", minImprovement, "from 0 to 0.5");
  if (!isPart(minLeadPart, 1)) throw new ConfigError("rebalance.minLeadPart", minLeadPart, "from 0 to 1");
  if (!isPart(minLeadBitsPerSecond, Number.MAX_VALUE)) {
    throw new ConfigError("rebalance.minLeadBitsPerSecond", minLeadBitsPerSecond, "a finite number from 0");
  }
}

/** The set that the options describe, in a group of these ports. Throws ConfigError for the first rule of plans that it breaks. */
export function portSet(options: PortSetOptions, ports: readonly Port[], selection: Selection): PortSet {
  const { members, backup, standalone, minLinks = 1, preemptionDelayMs = 0, preempt = true } = options;
  checkMembers("members", members);
  checkMembers("backup", backup);
  if (standalone !== undefined) checkMember("standalone", standalone);
  checkBoolean("preempt", preempt);
  const foreign = [...(members ?? []), ...(backup ?? []), ...(standalone ? [standalone] : [])].find(
    (member) => !ports.includes(portOf(member)),
  );
  if (foreign)
    throw new ConfigError("port", portOf(foreign)?.name, `one of ${ports.map(({ name }) => name).join(", ")}`);
  const plan = {
    ...options,
    members: members?.map(named),
    backup: backup?.map(named),
    standalone: standalone?.name,
  };
  for (const { path, value, bound } of setProblems([], plan, { ports: ports.map(({ name }) => name) })) {
    throw new ConfigError(path.join("."), value, bound);
  }
  const number = (member: Member) => ports.indexOf(portOf(member));
  const primary = standalone ? [standalone] : (members ?? []);
  const all = [...primary, ...(backup ?? [])];
  const uneven = selection === "buckets" ? undefined : all.find((member) => weightOf(member) !== 1);
  if (uneven) throw new ConfigError("weight", weightOf(uneven), `1 where selection is ${selection}`);
  const policy = {
    primary: primary.map(number),
    backup: (backup ?? []).map(number),
    minLinks,
    preemptionDelayMs,
    preempt,
  };
  const weights = new Map(all.map((member) => [number(member), weightOf(member)]));
  const bits = [...weights.keys()].reduce((sum, port) => sum | (1 << port), 0) >>> 0;
  return { policy, weights, isStandalone: standalone !== undefined, bits };
}

function checkMembers(argument: string, members: readonly unknown[] | undefined): void {
  if (members === undefined) return;
  if (!Array.isArray(members)) throw new ConfigError(argument, members, "a list of ports");
  for (const [i, member] of members.entries()) checkMember(`${argument}[${i}]`, member);
}

function checkMember(argument: string, member: unknown): void {
  if (typeof member !== "object" || member === null)
    throw new ConfigError(argument, member, "a port, or { port, weight }");
}

function portOf(member: Member): Port {
  return "port" in member ? member.port : member;
}

function weightOf(member: Member): number {
  return "port" in member ? (member.weight ?? 1) : 1;
}

function named(member: Member): { port: string; weight: number } {
  return { port: portOf(member).name, weight: weightOf(member) };
}

/** Those of the ports with their weights. */
export function weighted({ weights }: PortSet, ports: readonly number[]): WeightedPort[] {
  return ports.map((port) => ({ port, weight: weights.get(port) as number }));
}
