/** What each member's failure would do to the flows of a capture. */
import { type Failure, failures, NO_PORT } from "../../index.js";
import type { FlowList } from "./flow-list.js";
import type { PlanWays } from "./plan-ways.js";

export const RESILIENT_BUCKETS = 256;

export interface PlannedFailure extends Failure {
  /** Flows of the member that no port of their set is left for. */
  readonly unserved: number;
}

/** By a plan, whose sets say who takes over: backups, or the members that are left. */
export async function plannedFailures(
  flows: FlowList,
  asked: number,
  ways: PlanWays,
): Promise<readonly PlannedFailure[]> {
  const hashes = flows.hashesBy(asked);
  const found: PlannedFailure[] = [];
  for (const member of ways.names.keys()) {
    const owners = await ways.ownersWithout(member);
    let [carried, moved, needlesslyMoved, unserved] = [0, 0, 0, 0];
    for (const [flow, hash] of hashes.entries()) {
      const way = flows.wayOf(flow);
      const after = owners[way.index] as Uint8Array;
      const [before, next] = [way.memberOf(hash), after[hash % after.length]];
      const isMoved = next !== before;
      if (before === member) carried++;
      else if (isMoved) needlesslyMoved++;
      if (isMoved) moved++;
      if (next === NO_PORT) unserved++;
    }
    found.push({ member, flows: carried, moved, needlesslyMoved, unserved });
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
