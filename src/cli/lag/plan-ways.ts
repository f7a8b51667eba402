/** The ways of a plan's partitions, as a group of links chooses them: with all links up, and with one down. */
import { type LagPlan, NO_PORT, type Partition } from "../../index.js";
import { Identity } from "./identity.js";
import { groupOf, type PlannedGroup } from "./plan.js";
import { Way, type Ways } from "./way.js";

/** What each port of the plan is to each partition, in the plan's order. */
export type Roles = readonly Partition["roles"][];

export interface PlanWays extends Ways {
  readonly roles: Roles;
  /** The owners of each way's buckets when a member has failed. */
  ownersWithout(member: number): Promise<readonly Uint8Array[]>;
}

/** Throws ConfigError for a plan that no group takes. */
export async function planWays(plan: LagPlan): Promise<PlanWays> {
  const planned = await groupOf(plan);
  const { partitions, ports } = planned;
  const roles = partitions.map((partition) => partition.roles);
  const all = partitions.map((partition, i) => {
    const active = partition.activePorts.map((port) => ports.indexOf(port));
    return new Way(i, partition.name, active, ownersOf(planned, partition));
  });
  planned.engine.close();
  const identity = new Identity(plan, all);
  return {
    names: plan.ports,
    all,
    roles,
    looksInside: identity.looksInside,
    wayOf: (frame, inside) => identity.wayOf(frame, inside),
    ownersWithout: (member) => ownersWithout(plan, member),
  };
}

/** A group of its own for each failure: what comes back after another one may not lie where it lay before. */
async function ownersWithout(plan: LagPlan, member: number): Promise<Uint8Array[]> {
  const planned = await groupOf(plan);
  planned.group.link(planned.ports[member] as (typeof planned.ports)[number], false, 0);
  const owners = planned.partitions.map((partition) => ownersOf(planned, partition));
  planned.engine.close();
  return owners;
}

function ownersOf({ ports }: PlannedGroup, { owners }: Partition): Uint8Array {
  return Uint8Array.from(owners, (port) => (port ? ports.indexOf(port) : NO_PORT));
}
