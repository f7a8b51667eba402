/**
 * The plan file of `ringlane lag audit --plan`: the ports of a group, and for each partition the ports that its traffic may use.
 * The schema says shapes and words; bounds and what refers to what are in plan-rules.ts, which plans made in code obey, too.
 */
import * as v from "valibot";
import { parseDocument, type Refuse } from "../document/parse.js";
import { HEADERS, planProblems, SELECTIONS } from "./plan-rules.js";

const Weighted = v.strictObject({ port: v.string(), weight: v.optional(v.number()) });
type Member = string | v.InferOutput<typeof Weighted>;
const AnyMember: v.GenericSchema<Member> = v.union([v.string(), Weighted], "a port's name, or { port, weight }");
/** Of the union's error alone nobody could tell which key of an object is wrong. */
const Member = v.lazy((input) => (typeof input === "object" && input !== null ? Weighted : AnyMember));

const Hash = v.strictObject({
  /** As the hash catalogue names it. */
  policy: v.optional(v.string()),
  /** Of the fold of Linux bonding, as the catalogue names it; in quotes, since 5.10 is a number. */
  generation: v.optional(v.string()),
  /** Which headers the policy looks at. */
  headers: v.optional(v.picklist(HEADERS)),
  /** Toeplitz key, hexadecimal. */
  key: v.optional(v.string()),
  /** Whether Toeplitz takes TCP and UDP ports. */
  ports: v.optional(v.boolean()),
  /** Open vSwitch's bond-hash-basis. */
  basis: v.optional(v.number()),
});

const Failover = {
  /** A side (primary or backup) carries traffic only while so many of its ports are usable. */
  minLinks: v.optional(v.number()),
  preemptionDelayMs: v.optional(v.number()),
  preempt: v.optional(v.boolean()),
};

const Partition = v.strictObject({
  /** Addresses of the partition, with vlan and vni the identifier of its frames. */
  macs: v.array(v.string()),
  vlan: v.optional(v.number()),
  vni: v.optional(v.number()),
  /** Primary ports, or instead the one port that is a plain link. */
  members: v.optional(v.array(Member)),
  backup: v.optional(v.array(Member)),
  standalone: v.optional(v.string()),
  ...Failover,
});

export const PlanSchema = v.strictObject({
  /** Names, in the order of member numbers. */
  ports: v.array(v.string()),
  hash: v.optional(Hash),
  /** What selectionOf says where it is left out. */
  selection: v.optional(v.picklist(SELECTIONS)),
  /** Buckets of a set, where selection is buckets; 256 by default. */
  buckets: v.optional(v.number()),
  /** For partitions that say nothing else. */
  ...Failover,
  partitions: v.record(v.string(), Partition),
});

export type LagPlan = v.InferOutput<typeof PlanSchema>;
export type PartitionPlan = v.InferOutput<typeof Partition>;

/**
 * The plan that the text says. Throws DocumentError for the first thing that is wrong, by the rules and then by check, which knows what
 * the hash catalogue has.
 */
export function parsePlan(
  file: string,
  text: string,
  check: (plan: LagPlan, refuse: Refuse) => void = () => {},
): LagPlan {
  return parseDocument(file, text, PlanSchema, (plan, refuse) => {
    for (const { path, value, bound } of planProblems(plan)) {
      refuse(path, `${bound}, ${value === undefined ? "but it is missing" : `received ${JSON.stringify(value)}`}`);
    }
    check(plan, refuse);
  });
}
