/** Who may send what to whom in a network, by the groups that an address is in. */
import type { Fabric } from "../../document/fabric.js";
import type { NetworkPolicy } from "../../overlay/policy/policy.js";
import { kindText, type Traffic, trafficBetween } from "./traffic.js";

export interface Cell {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly traffic: readonly Traffic[];
}

/**
 * Between all sets of groups that addresses are in: those of the file's endpoints and prefixes, and each group alone that none of these
 * is in. The empty set, first, is that of no group.
 */
export function matrixOf({ endpoints }: Fabric, network: NetworkPolicy): Cell[][] {
  for (const { network: name, partition, labels, ips } of endpoints.values()) {
    if (name !== network.name) continue;
    for (const ip of [undefined, ...ips]) network.classOf({ partition, labels, ip });
  }
  const sets: string[][] = Array.from({ length: network.classCount }, (_, number) => network.groupsOf(number));
  const seen = new Set(sets.flat());
  sets.push(...network.groups.filter((group) => !seen.has(group)).map((group) => [group]));
  return sets.map((from) =>
    sets.map((to) => {
      const rules = network.rulesAmong(from, to);
      const all = { protocol: undefined, port: undefined };
      return { from, to, traffic: trafficBetween(network, { ip: rules, notIp: rules }, all, undefined) };
    }),
  );
}

/** What passes, in few words. */
export function cellText({ traffic }: Cell): string {
  const passing = traffic.filter(({ verdict }) => verdict.action !== "deny");
  const texts = passing.map((kind) => {
    const { via } = kind.verdict;
    return via === undefined ? kindText(kind) : `${kindText(kind)} via ${via}`;
  });
  return texts.join("; ") || "-";
}

export function setText(groups: readonly string[]): string {
  return groups.join(" + ") || "(no group)";
}
