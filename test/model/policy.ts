/**
 * A policy's decision, the slow way: every rule is looked at for every frame, groups are asked address by address, prefixes bit by
 * bit. Written from the rules as a policy file says them.
 */
export interface ModelGroup {
  readonly partitions?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly prefixes?: readonly string[];
}

export interface ModelRule {
  readonly from: string;
  readonly to: string;
  readonly action: "allow" | "deny" | "via";
  readonly via?: string;
  readonly protocol?: "any" | "tcp" | "udp" | "icmp" | number;
  readonly ports?: number | string | readonly (number | string)[];
  readonly priority?: number;
  readonly stateful?: boolean;
}

export interface ModelNetwork {
  readonly vni: number;
  readonly default?: "deny" | "allow";
  readonly flood?: boolean;
  readonly groups: Readonly<Record<string, ModelGroup>>;
  readonly rules: readonly ModelRule[];
}

/** One end of a frame: what is known of it. */
export interface End {
  readonly partition?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly ip?: string | undefined;
}

export interface Decision {
  readonly action: "allow" | "deny" | "via";
  readonly via: string | undefined;
  readonly stateful: boolean;
  /** Place among the rules; undefined for the default. */
  readonly rule: number | undefined;
}

/** What happens to a frame of an IP protocol (undefined: not IP) and destination port. */
export function decide(
  network: ModelNetwork,
  source: End,
  destination: End,
  protocol: number | undefined,
  port: number,
): Decision {
  let best: number | undefined;
  for (const [i, rule] of network.rules.entries()) {
    if (!isIn(network, rule.from, source) || !isIn(network, rule.to, destination)) continue;
    if (!isOfProtocol(rule, protocol) || !isToPort(rule, port)) continue;
    const bestPriority = best === undefined ? -Infinity : (network.rules[best]?.priority ?? 0);
    if ((rule.priority ?? 0) > bestPriority) best = i;
  }
  const rule = best === undefined ? undefined : network.rules[best];
  if (!rule) return { action: network.default ?? "deny", via: undefined, stateful: false, rule: undefined };
  const stateful = rule.action !== "deny" && rule.stateful !== false;
  return { action: rule.action, via: rule.via, stateful, rule: best };
}

/** Whether an end is in a group. */
export function isIn(network: ModelNetwork, group: string, end: End): boolean {
  if (group === "any") return true;
  const { partitions, labels, prefixes } = network.groups[group] as ModelGroup;
  if (end.partition !== undefined && partitions?.includes(end.partition)) return true;
  if (labels && Object.keys(labels).every((key) => end.labels?.[key] === labels[key])) return true;
  return end.ip !== undefined && (prefixes ?? []).some((prefix) => hasPrefix(end.ip as string, prefix));
}

function isOfProtocol({ protocol = "any" }: ModelRule, of: number | undefined): boolean {
  if (protocol === "any") return true;
  if (protocol === "icmp") return of === 1 || of === 58;
  return of === (protocol === "tcp" ? 6 : protocol === "udp" ? 17 : protocol);
}

function isToPort({ ports }: ModelRule, port: number): boolean {
  if (ports === undefined) return true;
  const list = typeof ports === "object" ? ports : [ports];
  return list.some((item) => {
    if (typeof item === "number") return item === port;
    const ends = item.split("-");
    return Number(ends[0]) <= port && port <= Number(ends.at(-1));
  });
}

function hasPrefix(ip: string, prefix: string): boolean {
  const [start, length] = prefix.split("/") as [string, string];
  const [a, b] = [bitsOf(ip), bitsOf(start)];
  return a.length === b.length && a.slice(0, Number(length)) === b.slice(0, Number(length));
}

/** An address as 32 or 128 characters 0 and 1 (RFC 4291 section 2.2: groups of four digits, :: stands for zeroes). */
export function bitsOf(ip: string): string {
  if (!ip.includes(":"))
    return ip
      .split(".")
      .map((byte) => binary(Number(byte), 8))
      .join("");
  const [left = "", right] = ip.split("::");
  const groups = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => binary(Number.parseInt(group, 16), 16));
  if (right === undefined) return groups(left).join("");
  const [before, after] = [groups(left).join(""), groups(right).join("")];
  return before + "0".repeat(128 - before.length - after.length) + after;
}

function binary(value: number, digits: number): string {
  return value.toString(2).padStart(digits, "0");
}
