/** What a policy must obey that its schema cannot say: names that stand for something said elsewhere, numbers that nobody shares. */
import { ENCAPSULATIONS } from "../encapsulations.js";
import { parsePrefix } from "./prefix.js";
import { ANY, protocolsOf, rangesOf, TCP, UDP } from "./rule.js";
import type { GroupDefinition, NetworkDefinition, PolicyDefinition, RuleDefinition } from "./schema.js";

export interface PolicyProblem {
  /** Keys from the policy inwards; items of lists are counted from 0. */
  readonly path: readonly (string | number)[];
  /** What is there; undefined when something is missing. */
  readonly value: unknown;
  /** What must be there, to follow "expected" or "must be". */
  readonly bound: string;
}

type Problems = Generator<PolicyProblem, void>;
type Path = PolicyProblem["path"];

const PORT_MAX = 65535;
const NVGRE = ENCAPSULATIONS.nvgre;

/** Everything that is wrong, in the policy's order. */
export function* policyProblems({ networks }: PolicyDefinition): Problems {
  const owners = new Map<number, string>();
  for (const [name, network] of Object.entries(networks)) {
    const path = ["networks", name];
    const owner = owners.get(network.vni);
    if (owner !== undefined) {
      yield { path: [...path, "vni"], value: network.vni, bound: `another VNI than that of ${owner}` };
    }
    owners.set(network.vni, name);
    yield* nvgreProblems(path, network);
    for (const [group, definition] of Object.entries(network.groups ?? {})) {
      yield* groupProblems([...path, "groups", group], group, definition);
    }
    for (const [i, rule] of (network.rules ?? []).entries()) {
      yield* ruleProblems([...path, "rules", i], rule, network, networks);
    }
  }
}

/** RFC 7637 sections 3.2 and 3.3: some numbers are reserved, and a tag inside is forbidden. */
function* nvgreProblems(path: Path, { encapsulation, vni, innerVlan }: NetworkDefinition): Problems {
  if (encapsulation !== "nvgre") return;
  if (vni < NVGRE.vniMin || vni > NVGRE.vniMax) {
    const bound = `${NVGRE.vniMin} to ${NVGRE.vniMax} where encapsulation is nvgre`;
    yield { path: [...path, "vni"], value: vni, bound };
  }
  if (innerVlan) yield { path: [...path, "innerVlan"], value: true, bound: "false where encapsulation is nvgre" };
}

function* groupProblems(path: Path, name: string, group: GroupDefinition): Problems {
  const { partitions, labels, prefixes } = group;
  if (name === ANY) yield { path, value: name, bound: "another name: any is the group that everybody is in" };
  if (!partitions && !labels && !prefixes) {
    yield { path, value: group, bound: "at least one of partitions, labels, prefixes" };
  }
  if (labels && Object.keys(labels).length === 0) {
    yield { path: [...path, "labels"], value: labels, bound: "one label or more: none would be everybody's" };
  }
  for (const [i, prefix] of (prefixes ?? []).entries()) {
    if (parsePrefix(prefix)) continue;
    const bound = "an IP prefix such as 10.0.0.0/8, with no bits set behind it";
    yield { path: [...path, "prefixes", i], value: prefix, bound };
  }
}

function* ruleProblems(
  path: Path,
  rule: RuleDefinition,
  network: NetworkDefinition,
  networks: PolicyDefinition["networks"],
): Problems {
  const groups = [ANY, ...Object.keys(network.groups ?? {})];
  for (const side of ["from", "to"] as const) {
    const group = rule[side];
    if (groups.includes(group)) continue;
    const [elsewhere] = Object.entries(networks).find(([, other]) => Object.hasOwn(other.groups ?? {}, group)) ?? [];
    const hint = elsewhere === undefined ? "" : ` (${group} is a group of ${elsewhere}: nothing crosses networks)`;
    yield { path: [...path, side], value: group, bound: `one of ${groups.join(", ")}${hint}` };
  }
  if (rule.action === "via" && rule.via === undefined) {
    yield { path: [...path, "via"], value: undefined, bound: "a partition where action is via" };
  }
  if (rule.action !== "via" && rule.via !== undefined) {
    yield { path: [...path, "via"], value: rule.via, bound: `left out where action is ${rule.action}` };
  }
  if (rule.action === "deny" && rule.stateful !== undefined) {
    yield { path: [...path, "stateful"], value: rule.stateful, bound: "left out where action is deny" };
  }
  yield* portsProblems([...path, "ports"], rule);
}

function* portsProblems(path: Path, { protocol, ports }: RuleDefinition): Problems {
  if (ports === undefined) return;
  const [number, ...others] = protocolsOf(protocol) ?? [];
  const hasPorts = others.length === 0 && (number === TCP || number === UDP);
  if (!hasPorts) yield { path, value: ports, bound: "left out unless protocol is tcp or udp" };
  for (const [i, { first, last }] of (rangesOf(ports) ?? []).entries()) {
    const [place, value] = typeof ports === "object" ? [[...path, i], ports[i]] : [path, ports];
    if (last > PORT_MAX || first > PORT_MAX) yield { path: place, value, bound: `ports of at most ${PORT_MAX}` };
    else if (last < first) yield { path: place, value, bound: "a range whose first port is not above its last" };
  }
}
