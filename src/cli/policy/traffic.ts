/** What passes between two ends, kind by kind: all that is treated alike in one line. */

import { decide, type Verdict } from "../../overlay/policy/decide.js";
import type { NetworkPolicy } from "../../overlay/policy/policy.js";
import { type Rule, TCP, UDP } from "../../overlay/policy/rule.js";
import type { Target } from "./target.js";

export interface Traffic {
  /** tcp, udp, icmp, icmpv6, a number, "other IP", "not IP", or "all". */
  readonly protocol: string;
  /** Destination ports such as "443, 8000-8100"; undefined where they do not matter. */
  readonly ports: string | undefined;
  readonly verdict: Verdict;
}

/** Rules about frames between two ends: those of IP by their addresses, others by the endpoints alone. */
export interface RulesBetween {
  readonly ip: readonly Rule[];
  readonly notIp: readonly Rule[];
}

const ICMP = 1;
const ICMPV6 = 58;
const PORTS = 65536;
const NAMES: Readonly<Record<number, string>> = { [TCP]: "tcp", [UDP]: "udp", [ICMP]: "icmp", [ICMPV6]: "icmpv6" };

/** All kinds of traffic, or those of a protocol, or of one port; isIpv6 says which ICMP is meant. */
export function trafficBetween(
  network: NetworkPolicy,
  rules: RulesBetween,
  { protocol, port }: Pick<Target, "protocol" | "port">,
  isIpv6: boolean | undefined,
): Traffic[] {
  const judge = (number: number | undefined, to: number) => decide(network.default, rules.ip, number, to);
  if (protocol !== undefined) {
    const number = numberOf(protocol, isIpv6 ?? false);
    if (port !== undefined) return [{ protocol: `${protocol}`, ports: `${port}`, verdict: judge(number, port) }];
    return ofProtocol(network, rules.ip, number);
  }
  const named = [...new Set(rules.ip.flatMap(({ protocols }) => protocols ?? []))].toSorted((a, b) => a - b);
  // A number that no rule names stands for all of those.
  const other = Array.from({ length: 256 }, (_, i) => i).find((number) => !named.includes(number));
  const kinds: Traffic[] = [
    ...named.flatMap((number) => ofProtocol(network, rules.ip, number)),
    ...(other === undefined ? [] : [{ protocol: "other IP", ports: undefined, verdict: judge(other, 0) }]),
    { protocol: "not IP", ports: undefined, verdict: decide(network.default, rules.notIp, undefined, 0) },
  ];
  const [{ verdict }] = kinds as [Traffic];
  return kinds.every((kind) => isSame(kind.verdict, verdict))
    ? [{ protocol: "all", ports: undefined, verdict }]
    : kinds;
}

/** True when both are by the same rule, or both by the default. */
function isSame(a: Verdict, b: Verdict): boolean {
  return a.rule?.index === b.rule?.index;
}

function ofProtocol(network: NetworkPolicy, rules: readonly Rule[], number: number): Traffic[] {
  const protocol = NAMES[number] ?? `${number}`;
  const about = rules.filter(({ protocols }) => protocols === undefined || protocols.includes(number));
  const edges = new Set([0, PORTS]);
  for (const { first, last } of about.flatMap(({ ports }) => ports ?? [])) edges.add(first).add(last + 1);
  const starts = [...edges].toSorted((a, b) => a - b);
  const found: { verdict: Verdict; ranges: [first: number, last: number][] }[] = [];
  for (const [i, first] of starts.slice(0, -1).entries()) {
    const verdict = decide(network.default, about, number, first);
    const last = (starts[i + 1] as number) - 1;
    const known = found.find((other) => isSame(other.verdict, verdict));
    const before = known?.ranges.at(-1);
    if (before && before[1] === first - 1) before[1] = last;
    else if (known) known.ranges.push([first, last]);
    else found.push({ verdict, ranges: [[first, last]] });
  }
  const [only] = found;
  if (found.length === 1 && only) return [{ protocol, ports: undefined, verdict: only.verdict }];
  return found.map(({ verdict, ranges }) => ({
    protocol,
    ports: ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", "),
    verdict,
  }));
}

function numberOf(protocol: NonNullable<Target["protocol"]>, isIpv6: boolean): number {
  if (typeof protocol === "number") return protocol;
  return { tcp: TCP, udp: UDP, icmp: isIpv6 ? ICMPV6 : ICMP }[protocol];
}

/** A kind of traffic in words. */
export function kindText({ protocol, ports }: Traffic): string {
  return ports === undefined ? protocol : `${protocol} ${ports}`;
}
