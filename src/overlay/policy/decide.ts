/** The decision, rule by rule, with its reason: what the compiled policy says in a few loads, for people who ask why. */
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

/** Rules that are about frames from an address in some groups to one in others; order is that in which they are asked. */
export function rulesAmong(order: readonly Rule[], from: readonly string[], to: readonly string[]): Rule[] {
  const isIn = (groups: readonly string[], group: string) => group === ANY || groups.includes(group);
  return order.filter((rule) => isIn(from, rule.from) && isIn(to, rule.to));
}

/** By the first of the rules that is about such a frame (protocol undefined: not IP), else by the network's default. */
export function decide(
  otherwise: "deny" | "allow",
  rules: readonly Rule[],
  protocol: number | undefined,
  port: number,
): Verdict {
  const rule = rules.find((candidate) => isAbout(candidate, protocol, port));
  if (rule) return { action: rule.action, via: rule.via, stateful: rule.stateful, rule, reason: reasonOf(rule) };
  const reason = `no rule is about it, and the network's default is ${otherwise}`;
  return { action: otherwise, via: undefined, stateful: false, rule, reason };
}

function reasonOf({ index, name, line, from, to, action, via }: Rule): string {
  const which = name === undefined ? `rule ${index}` : `rule ${JSON.stringify(name)}`;
  const place = line === undefined ? "" : ` (line ${line})`;
  return `${which}${place}: from ${from} to ${to}, ${via === undefined ? action : `via ${via}`}`;
}
