/** The plan that --plan names, and a group of links as it says. */
import { readFileSync } from "node:fs";
import {
  ConfigError,
  createEngine,
  type Engine,
  type LagGroup,
  type LagPlan,
  type Partition,
  type PartitionPlan,
  type Port,
} from "../../index.js";
import { selectionOf } from "../../lag/plan-rules.js";
import { parsePlan } from "../../lag/plan-schema.js";
import { planHash } from "./options.js";

/** Reads a plan. Throws DocumentError, with the place in the file, for the first thing that is wrong with it. */
export async function readPlan(file: string): Promise<LagPlan> {
  const engine = await createEngine({ mbufs: 2, ports: 0, tunnels: 0, bursts: 0, hashers: 1 });
  try {
    return parsePlan(file, readFileSync(file, "utf8"), (plan, refuse) => {
      try {
        engine.hasher(planHash(plan));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        // An argument such as key.length belongs to the key before the dot.
        const [key] = error.argument.split(".") as [string];
        refuse(["hash", key], `${error.bound}, received ${JSON.stringify(error.value)}`);
      }
    });
  } finally {
    engine.close();
  }
}

/** A plan at work. */
export interface PlannedGroup {
  readonly engine: Engine;
  readonly ports: readonly Port[];
  readonly group: LagGroup;
  /** In the plan's order. */
  readonly partitions: readonly Partition[];
}

/** A group of a switch's ports as the plan says, all links up. */
export async function groupOf(plan: LagPlan): Promise<PlannedGroup> {
  const partitions = Object.entries(plan.partitions);
  const { buckets = 256 } = plan;
  const selection = selectionOf(plan);
  const engine = await createEngine({
    mbufs: 512,
    payloadBytes: 64,
    queueSize: 2,
    ports: plan.ports.length,
    tunnels: 0,
    bursts: 0,
    hashers: 0,
    lag: {
      partitions: partitions.length,
      buckets: Math.max(32, buckets),
      addresses: partitions.reduce((sum, [, { macs }]) => sum + macs.length, 0),
    },
  });
  const ports = plan.ports.map((name) => engine.addPort(name));
  const hash = planHash(plan);
  const group = engine.addLagGroup({
    role: "switch",
    ports,
    hash,
    selection,
    ...(selection === "buckets" && { buckets }),
  });
  const add = ([name, partition]: [string, PartitionPlan]) =>
    group.addPartition({ name, ...identityOf(partition), ...setOf(partition, plan, ports) });
  return { engine, ports, group, partitions: partitions.map(add) };
}

/** What is in VXLAN has other addresses on the outside, which the plan does not know. */
function identityOf({ macs, vlan, vni }: PartitionPlan) {
  return vni === undefined ? { macs, ...(vlan !== undefined && { vlan }) } : {};
}

function setOf(partition: PartitionPlan, plan: LagPlan, ports: readonly Port[]) {
  const { members, backup, standalone } = partition;
  const portOf = (name: string) => ports[plan.ports.indexOf(name)] as Port;
  if (standalone !== undefined) return { standalone: portOf(standalone) };
  const side = (names: PartitionPlan["members"] = []) =>
    names.map((name) =>
      typeof name === "string" ? portOf(name) : { port: portOf(name.port), weight: name.weight ?? 1 },
    );
  const { minLinks = plan.minLinks, preemptionDelayMs = plan.preemptionDelayMs, preempt = plan.preempt } = partition;
  return {
    members: side(members),
    backup: side(backup),
    ...(minLinks !== undefined && { minLinks }),
    ...(preemptionDelayMs !== undefined && { preemptionDelayMs }),
    ...(preempt !== undefined && { preempt }),
  };
}
