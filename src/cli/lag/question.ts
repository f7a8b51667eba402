/** What predict and flow-for are asked about: a LAG of members alike, as the options say, or a partition of a plan. */
import {
  ConfigError,
  createEngine,
  type Engine,
  type Flow,
  type FlowChooser,
  type FlowPrediction,
  findFlow,
  type HashOptions,
  predictFlow,
} from "../../index.js";
import { choiceOf, choiceOfPlan, type LagArguments, membersOf, ROUND_ROBIN, type Selection } from "./options.js";
import { groupOf, readPlan } from "./plan.js";
import { evenWays, type Way } from "./way.js";

export interface QuestionArguments extends LagArguments {
  /** Of the plan. */
  readonly partition?: string;
}

export interface Question {
  /** Defaults filled in. */
  readonly hash: HashOptions;
  readonly selection: Selection;
  readonly partition: string | undefined;
  /** Names of the members. */
  readonly names: readonly string[];
  predict(flow: Partial<Flow>): FlowPrediction;
  find(member: number, fixed: Partial<Flow>): FlowPrediction | undefined;
  close(): void;
}

/** Throws ConfigError for what cannot be asked: of frames in turn, too. */
export async function questionOf(asked: QuestionArguments): Promise<Question> {
  if (asked.plan !== undefined) return plannedQuestion(asked.plan, asked);
  if (asked.partition !== undefined) throw new ConfigError("--partition", asked.partition, "left out without --plan");
  const { hash, selection } = choiceOf(asked);
  if (!hash) throw new ConfigError("--hash", ROUND_ROBIN, "one by which a flow has a member");
  const { names, all } = evenWays(membersOf(asked), selection);
  const engine = await createEngine({ ports: 0, tunnels: 0, hashers: 1 });
  const chooser = chooserOf(engine, hash, all[0] as Way, names);
  return {
    hash: chooser.options,
    selection,
    partition: undefined,
    names,
    predict: (flow) => predictFlow(chooser, flow),
    find: (member, fixed) => findFlow(chooser, member, fixed),
    close: () => engine.close(),
  };
}

async function plannedQuestion(file: string, asked: QuestionArguments): Promise<Question> {
  const plan = await readPlan(file);
  const { hash, headers, selection } = choiceOfPlan(plan, asked);
  if (!hash) throw new ConfigError("selection", "turn", "one by which a flow has a port");
  const partitions = Object.keys(plan.partitions);
  const { partition: name } = asked;
  if (name === undefined || !partitions.includes(name)) {
    throw new ConfigError("--partition", name, `one of ${partitions.join(", ")}`);
  }
  const { engine, group, partitions: all, ports } = await groupOf(plan);
  const partition = all[partitions.indexOf(name)] as (typeof all)[number];
  // A flow in VXLAN is what is asked about where inner headers are hashed, and then has the addresses that the plan says.
  const { macs, vlan, vni } = plan.partitions[name] as (typeof plan.partitions)[string];
  const isInside = vni !== undefined && headers === "inner";
  const own = isInside ? { destinationMac: macs[0] as string, ...(vlan !== undefined && { vlan }) } : {};
  return {
    hash: group.hasher.options,
    selection,
    partition: name,
    names: plan.ports,
    predict: (flow) => group.predict(partition, { ...own, ...flow }),
    find: (member, fixed) => group.flowFor(partition, ports[member] as (typeof ports)[number], { ...own, ...fixed }),
    close: () => engine.close(),
  };
}

function chooserOf(
  engine: Engine,
  hash: HashOptions,
  way: Way,
  names: readonly string[],
): FlowChooser & { readonly options: HashOptions } {
  const hasher = engine.hasher(hash);
  const burst = engine.burst();
  return {
    options: hasher.options,
    inputs: hasher.describe(),
    buckets: way.owners.length,
    ownerOf: (bucket) => way.owners[bucket],
    nameOf: (member) => names[member] as string,
    hashes(frames) {
      const arrivals = frames.map((data) => ({ data }));
      const found: number[] = [];
      while (found.length < frames.length) {
        burst.load(arrivals, found.length);
        burst.parse();
        found.push(...burst.hashes(hasher));
      }
      burst.release();
      return found;
    },
  };
}
