/** The decision, rule by rule, with its reason: what the compiled policy says in a few loads, for people who ask why. */
import type { Classes } from "./classes.js";
import { type Action, ANY, isAbout, type Rule } from "./rule.js";

export interface Verdict {
  readonly action: Action;
  /** The waypoint's partition, where action is via. */
  readonly via: string | undefined;
  /** What returns of the flow is allowed with it. */
  readonly stateful: boolean;
  /** The rule that decided; undefined for the network's default. */
  readonly rule: Rule | undefined;
  readonly reason: string;
}

export interface Judged {
  readonly default: "deny" | "allow";
  /** In the order in which they are asked. */
  readonly order: readonly Rule[];
  readonly groups: readonly string[];
  readonly classes: Classes;
}

/** Rules that are about frames between two classes, in the order in which they are asked. */
export function rulesBetween({ order, groups, classes }: Judged, source: number, destination: number): Rule[] {
  const names = (number: number) => [ANY, ...classes.groupsOf(number).map((group) => groups[group])];
  const [from, to] = [names(source), names(destination)];
  return order.filter((rule) => from.includes(rule.from) && to.includes(rule.to));
}

/** By the first of the rules that is about such a frame: protocol undefined is not IP. */
export function decide(network: Judged, rules: readonly Rule[], protocol: number | undefined, port: number): Verdict {
  const rule = rules.find((candidate) => isAbout(candidate, protocol, port));
  if (rule) {
    const { action, via, stateful } = rule;
    return { action, via, stateful, rule, reason: reasonOf(rule) };
  }
  const action = network.default;
  return {
    action,
    via: undefined,
    stateful: false,
    rule,
    reason: `no rule is about it: the network's default is ${action}`,
  };
}

function reasonOf({ index, name, line, from, to, action, via }: Rule): string {
  const which = name === undefined ? `rule ${index}` : `rule ${JSON.stringify(name)}`;
  const place = line === undefined ? "" : ` (line ${line})`;
  return `${which}${place}: from ${from} to ${to}, ${via === undefined ? action : `via ${via}`}`;
}
