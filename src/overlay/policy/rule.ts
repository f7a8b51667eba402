/** A rule with its defaults filled in, its protocol as numbers, its ports as ranges. */
import type { RuleDefinition } from "./schema.js";

export type Action = "allow" | "deny" | "via";

export interface PortRange {
  /** Both ends belong to it. */
  readonly first: number;
  readonly last: number;
}

export interface Rule {
  /** Its place among the network's rules, from 0. */
  readonly index: number;
  /** Its line in the file that it is from. */
  readonly line: number | undefined;
  readonly name: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly action: Action;
  /** The waypoint's partition, where action is via. */
  readonly via: string | undefined;
  /** IP protocols; undefined for every frame, also one that is not IP. */
  readonly protocols: readonly number[] | undefined;
  /** Destination ports; undefined for all. */
  readonly ports: readonly PortRange[] | undefined;
  readonly priority: number;
  readonly stateful: boolean;
}

/** The group that every address is in. */
export const ANY = "any";
/** Protocol numbers as IANA assigned them. */
export const TCP = 6;
export const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const NAMED: Readonly<Record<string, readonly number[]>> = { tcp: [TCP], udp: [UDP], icmp: [ICMP, ICMPV6] };

export function ruleOf(index: number, definition: RuleDefinition, line: number | undefined): Rule {
  const { name, from, to, action, via, protocol, ports, priority = 0 } = definition;
  const { stateful = action !== "deny" } = definition;
  const protocols = protocolsOf(protocol);
  return { index, line, name, from, to, action, via, protocols, ports: rangesOf(ports), priority, stateful };
}

/** The rules in the order in which they are asked: the first that is about a frame decides. */
export function inOrder(rules: readonly Rule[]): Rule[] {
  return rules.toSorted((a, b) => b.priority - a.priority || a.index - b.index);
}

/** Whether a frame of that protocol (undefined: not IP) to that destination port is one that the rule is about. */
export function isAbout({ protocols, ports }: Rule, protocol: number | undefined, port: number): boolean {
  if (protocols === undefined) return true;
  if (protocol === undefined || !protocols.includes(protocol)) return false;
  return ports === undefined || ports.some(({ first, last }) => first <= port && port <= last);
}

export function protocolsOf(protocol: RuleDefinition["protocol"]): readonly number[] | undefined {
  return typeof protocol === "number" ? [protocol] : NAMED[protocol ?? ANY];
}

export function rangesOf(ports: RuleDefinition["ports"]): readonly PortRange[] | undefined {
  if (ports === undefined) return undefined;
  return (typeof ports === "object" ? ports : [ports]).map((item) => {
    const [first, last = first] = String(item).split("-").map(Number) as [number, number?];
    return { first, last };
  });
}
