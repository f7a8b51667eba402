/** What each member's failure would do to the flows of a capture. */
import { type Failure, failures } from "../../index.js";
import type { FlowList } from "./flow-list.js";
import type { PlanWays } from "./plan-ways.js";

export const RESILIENT_BUCKETS = 256;

/** By a plan, whose sets say who takes over: backups, or the members that are left. */
export async function plannedFailures(flows: FlowList, asked: number, ways: PlanWays): Promise<readonly Failure[]> {
  const hashes = flows.hashesBy(asked);
  const found: Failure[] = [];
  for (const member of ways.names.keys()) {
    const owners = await ways.ownersWithout(member);
    let [carried, moved, needlesslyMoved] = [0, 0, 0];
    for (const [flow, hash] of hashes.entries()) {
      const way = flows.wayOf(flow);
      const after = owners[way.index] as Uint8Array;
      const before = way.memberOf(hash);
      const isMoved = after[hash % after.length] !== before;
      if (before === member) carried++;
      else if (isMoved) needlesslyMoved++;
      if (isMoved) moved++;
    }
    found.push({ member, flows: carried, moved, needlesslyMoved });
  }
  return found;
}

/** Without a plan, by modulo and by resilient buckets. */
export function evenFailures(flows: FlowList, asked: number, members: number, buckets: number) {
  const hashes = flows.hashesBy(asked);
  return {
    byModulo: failures(hashes, members, { kind: "modulo" }),
    byBuckets: failures(hashes, members, { kind: "buckets", buckets }),
  };
}
