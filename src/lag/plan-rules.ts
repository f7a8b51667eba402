/**
 * What a plan of link aggregation must obey, whether it comes from a file or from code: bounds, names that stand for ports, and
 * identifiers that no two partitions share.
 */
import { VNI_MAX } from "../directory/records.js";
import { PORTS_MAX, WEIGHT_MAX } from "./buckets.js";
import type { LagPlan, PartitionPlan } from "./plan-schema.js";

/** "buckets": a table that a change moves as little of as it can; "modulo": hash mod live ports, as bonding drivers do; "turn". */
export const SELECTIONS = ["buckets", "modulo", "turn"] as const;
export const HEADERS = ["outer", "inner"] as const;
/** Ports on either side of a set, as AIX EtherChannel has them. */
const SIDE_PORTS_MAX = 8;
const VLAN_MAX = 4094;
const DELAY_MAX_MS = 86_400_000;

/** The plan's selection: bonding drivers' own, unless it says another, or what only buckets have: their number, or weights. */
export function selectionOf({ selection, buckets, partitions }: LagPlan): (typeof SELECTIONS)[number] {
  const hasWeights = Object.values(partitions).some(({ members = [], backup = [] }) =>
    [...members, ...backup].some((member) => weightOf(member) !== 1),
  );
  return selection ?? (buckets !== undefined || hasWeights ? "buckets" : "modulo");
}

function weightOf(member: Member): number {
  return typeof member === "string" ? 1 : (member.weight ?? 1);
}

export interface PlanProblem {
  /** Keys from the plan inwards; items of lists are counted from 0. */
  readonly path: readonly (string | number)[];
  /** What is there; undefined when something is missing. */
  readonly value: unknown;
  /** What must be there, to follow "expected" or "must be". */
  readonly bound: string;
}

type Problems = Generator<PlanProblem, void>;
type Path = PlanProblem["path"];
type Member = string | { readonly port: string; readonly weight?: number | undefined };

/** Every rule that the plan breaks, in the plan's order. */
export function* planProblems(plan: LagPlan): Problems {
  yield* namesOfPorts(plan.ports);
  yield* hashProblems(plan.hash ?? {});
  yield* word(["selection"], plan.selection, SELECTIONS);
  yield* powerOfTwo(["buckets"], plan.buckets, 2, 65536);
  const selection = selectionOf(plan);
  if (plan.buckets !== undefined && selection !== "buckets") {
    yield { path: ["buckets"], value: plan.buckets, bound: `left out where selection is ${selection}` };
  }
  yield* failoverProblems([], plan);
  if (Object.keys(plan.partitions).length === 0)
    yield { path: ["partitions"], value: {}, bound: "1 or more partitions" };
  const owners = new Map<string, string>();
  for (const [name, partition] of Object.entries(plan.partitions)) {
    const path = ["partitions", name];
    yield* identifierProblems(path, name, partition, owners);
    yield* setProblems(path, partition, plan);
    if (selection !== "buckets") yield* weightProblems(path, partition, selection);
  }
}

function* namesOfPorts(ports: readonly string[]): Problems {
  yield* length(["ports"], ports, 1, PORTS_MAX);
  for (const [at, port] of ports.entries()) {
    const bound = port === "" ? "a name" : ports.indexOf(port) < at ? "a name that no other port has" : undefined;
    if (bound !== undefined) yield { path: ["ports", at], value: port, bound };
  }
}

function* hashProblems({ headers, key, basis }: NonNullable<LagPlan["hash"]>): Problems {
  yield* word(["hash", "headers"], headers, HEADERS);
  if (key !== undefined && !/^([0-9a-f]{2})+$/i.test(key)) {
    yield { path: ["hash", "key"], value: key, bound: "hexadecimal bytes" };
  }
  yield* integer(["hash", "basis"], basis, 0, 2 ** 32 - 1);
}

function* failoverProblems(path: Path, { minLinks, preemptionDelayMs }: LagPlan | SetPlan): Problems {
  yield* integer([...path, "minLinks"], minLinks, 1, SIDE_PORTS_MAX);
  yield* integer([...path, "preemptionDelayMs"], preemptionDelayMs, 0, DELAY_MAX_MS);
}

/** A partition's frames are told by MAC address, VLAN and VNI together: the same three in two partitions would be ambiguous. */
function* identifierProblems(
  path: Path,
  name: string,
  { macs, vlan, vni }: PartitionPlan,
  owners: Map<string, string>,
): Problems {
  if (name === "") yield { path, value: name, bound: "a name" };
  yield* integer([...path, "vlan"], vlan, 1, VLAN_MAX);
  yield* integer([...path, "vni"], vni, 0, VNI_MAX);
  if (macs.length === 0) yield { path: [...path, "macs"], value: macs, bound: "1 or more MAC addresses" };
  for (const [at, mac] of macs.entries()) {
    const place = { path: [...path, "macs", at], value: mac };
    if (!/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i.test(mac)) {
      yield { ...place, bound: "a unicast MAC address of six hexadecimal bytes with colons" };
    }
    const identifier = `${mac.toLowerCase()} ${vlan} ${vni}`;
    const owner = owners.get(identifier);
    if (owner === name) yield { ...place, bound: "an address that is not listed before" };
    else if (owner !== undefined)
      yield { ...place, bound: `an address that ${owner} has not with the same VLAN and VNI` };
    owners.set(identifier, name);
  }
}

/** Which ports a partition may use, by name. */
export type SetPlan = Omit<PartitionPlan, "macs" | "vlan" | "vni">;

/** Every rule that a partition's set breaks in a plan of these ports. */
export function* setProblems(path: Path, partition: SetPlan, plan: Pick<LagPlan, "ports" | "minLinks">): Problems {
  const { members, backup = [], standalone } = partition;
  if (standalone !== undefined) {
    for (const key of ["members", "backup", "minLinks", "preemptionDelayMs", "preempt"] as const) {
      const value = partition[key];
      if (value !== undefined) yield { path: [...path, key], value, bound: "left out where standalone is given" };
    }
    yield* knownPort([...path, "standalone"], standalone, plan.ports);
    return;
  }
  if (members === undefined) {
    yield { path: [...path, "members"], value: undefined, bound: `1 to ${SIDE_PORTS_MAX} ports, or standalone` };
    return;
  }
  const used = new Set<string>();
  yield* length([...path, "members"], members, 1, SIDE_PORTS_MAX);
  yield* sideProblems([...path, "members"], members, plan.ports, used);
  yield* length([...path, "backup"], backup, 0, SIDE_PORTS_MAX);
  yield* sideProblems([...path, "backup"], backup, plan.ports, used);
  yield* failoverProblems(path, partition);
  yield* minLinksProblems(path, members.length, backup.length, partition.minLinks, plan.minLinks ?? 1);
}

function* sideProblems(path: Path, side: readonly Member[], ports: readonly string[], used: Set<string>): Problems {
  for (const [at, member] of side.entries()) {
    const [port, place] = typeof member === "string" ? [member, [...path, at]] : [member.port, [...path, at, "port"]];
    yield* knownPort(place, port, ports);
    if (used.has(port)) yield { path: place, value: port, bound: "a port that this partition has not named before" };
    used.add(port);
    if (typeof member !== "string") yield* integer([...path, at, "weight"], member.weight, 1, WEIGHT_MAX);
  }
}

/** Only buckets can be shared out by weight. */
function* weightProblems(path: Path, { members = [], backup = [] }: SetPlan, selection: string): Problems {
  for (const [side, ports] of Object.entries({ members, backup })) {
    for (const [at, member] of ports.entries()) {
      const weight = weightOf(member);
      if (weight === 1) continue;
      yield { path: [...path, side, at, "weight"], value: weight, bound: `1 where selection is ${selection}` };
    }
  }
}

/** A side that cannot reach minLinks would never carry anything. */
function* minLinksProblems(
  path: Path,
  primaries: number,
  backups: number,
  own: number | undefined,
  common: number,
): Problems {
  const minLinks = own ?? common;
  if (primaries > 0 && minLinks > primaries) {
    yield own === undefined
      ? { path: ["minLinks"], value: minLinks, bound: `at most ${primaries}, the members of ${path.join(".")}` }
      : { path: [...path, "minLinks"], value: minLinks, bound: `at most ${primaries}, the number of members` };
  } else if (backups > 0 && minLinks > backups) {
    yield { path: [...path, "backup"], value: backups, bound: `no ports, or at least ${minLinks}, which is minLinks` };
  }
}

function* knownPort(path: Path, port: string, ports: readonly string[]): Problems {
  if (!ports.includes(port)) yield { path, value: port, bound: `one of ${ports.join(", ")}` };
}

function* length(path: Path, list: readonly unknown[], min: number, max: number): Problems {
  if (list.length < min || list.length > max) yield { path, value: list.length, bound: `${min} to ${max} ports` };
}

function* integer(path: Path, value: number | undefined, min: number, max: number): Problems {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  yield { path, value, bound: `a whole number from ${min} to ${max}` };
}

function* powerOfTwo(path: Path, value: number | undefined, min: number, max: number): Problems {
  if (value === undefined || (value >= min && value <= max && Number.isInteger(Math.log2(value)))) return;
  yield { path, value, bound: `a power of two from ${min} to ${max}` };
}

function* word(path: Path, value: string | undefined, words: readonly string[]): Problems {
  if (value !== undefined && !words.includes(value)) yield { path, value, bound: `one of ${words.join(", ")}` };
}
