/**
 * What LACP has agreed with the partner, as far as a partition's set goes: which of its ports may carry traffic, whether the partner
 * distributes by conversation, and what it is told of the sets.
 */
import { hasConversation } from "./lacp/conversations.js";
import type { PortSet } from "./options.js";
import type { Partition } from "./partition.js";
import type { SlowProtocols } from "./slow.js";

/** Those ports of the set that distribute; of several aggregators, those of the one with most of the set. */
export function distributingPorts(slow: SlowProtocols, { policy }: PortSet): ReadonlySet<number> {
  const byAggregator = new Map<number, number[]>();
  for (const port of [...policy.primary, ...policy.backup]) {
    const { distributing = false, aggregator = 0 } = slow.report(port) ?? {};
    if (distributing) byAggregator.set(aggregator, [...(byAggregator.get(aggregator) ?? []), port]);
  }
  const primaries = (ports: readonly number[]) => ports.filter((port) => policy.primary.includes(port)).length;
  const [best = []] = [...byAggregator.values()].sort((a, b) => primaries(b) - primaries(a) || b.length - a.length);
  return new Set(best);
}

/** Those of the ports that take the conversation, where the partner distributes by it, too. */
export function conversationPorts(slow: SlowProtocols, conversation: number, ports: readonly number[]): number[] {
  return ports.filter((port) => {
    const part = slow.report(port)?.conversations;
    return part?.agreed && hasConversation(part.mask, conversation);
  });
}

/** True when the partner distributes by conversation on some of the ports. */
export function isAgreed(slow: SlowProtocols, ports: readonly number[]): boolean {
  return ports.some((port) => slow.report(port)?.conversations?.agreed);
}

/** Which ports each conversation may take, by LACP's numbers: its partition's, beginning at another for each. */
export function conversationsOf(partitions: readonly Partition[]): Map<number, readonly number[]> {
  const table = new Map<number, readonly number[]>();
  for (const { conversation, set } of partitions) {
    if (conversation === 0 || set.isStandalone) continue;
    const { primary, backup } = set.policy;
    // By the conversation alone: the partner must come to the same table, and no partition's coming or going may change another's part.
    const first = conversation % primary.length;
    const ports = [...primary.slice(first), ...primary.slice(0, first), ...backup];
    table.set(
      conversation,
      ports.map((port) => port + 1),
    );
  }
  return table;
}
