/**
 * What a policy may say: networks by name, in each of them groups of addresses, and rules between groups. The schema says shapes,
 * words and bounds; what refers to what is in problems.ts. Both hold for files (parse.ts) and for policies made in code (policy.ts).
 */
import * as v from "valibot";
import { ENCAPSULATION_NAMES } from "../../directory/records.js";
import { Name, Vni, Word } from "../../document/words.js";

/** What a rule can be told apart by in a compiled policy, of which the default takes one. */
const RULES_MAX = 32767;
const PRIORITY_MAX = 2 ** 31 - 1;
const PORT_MAX = 65535;
/** RFC 791: every internet module must forward 68 bytes. */
const MTU_MIN = 68;
const MTU_MAX = 65535;
export const PROTOCOLS = ["any", "tcp", "udp", "icmp"] as const;

const Port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(PORT_MAX));
const PortText = v.pipe(
  v.string(),
  v.regex(/^\d{1,5}(-\d{1,5})?$/, 'a port from 0 to 65535, or a range such as "8000-8100"'),
);
const Ports = v.lazy((input) => (typeof input === "number" ? Port : PortText));

/** An address is in the group when any of the three says so. */
const Group = v.strictObject({
  /** Names of partitions. */
  partitions: v.optional(v.pipe(v.array(Word), v.readonly())),
  /** An endpoint that has all of these. */
  labels: v.optional(v.record(Word, v.string())),
  /** Such as 10.0.0.0/8 or 2001:db8::/32. */
  prefixes: v.optional(v.pipe(v.array(v.string()), v.readonly())),
});

const Rule = v.strictObject({
  name: v.optional(Word),
  /** Groups of the same network, or any. */
  from: v.string(),
  to: v.string(),
  action: v.picklist(["allow", "deny", "via"]),
  /** The partition that has to see the traffic. */
  via: v.optional(Word),
  protocol: v.optional(
    v.lazy((input) =>
      typeof input === "number"
        ? v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255))
        : v.picklist(PROTOCOLS),
    ),
  ),
  /** Destination ports, of TCP or UDP. */
  ports: v.optional(
    v.lazy((input) => (Array.isArray(input) ? v.pipe(v.array(Ports), v.minLength(1), v.readonly()) : Ports)),
  ),
  /** The rule with the highest number decides; of equal ones the first. */
  priority: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-PRIORITY_MAX), v.maxValue(PRIORITY_MAX))),
  /** Whether what returns of a flow is allowed with it. */
  stateful: v.optional(v.boolean()),
});

const NetworkSchema = v.strictObject({
  tenant: v.optional(Word),
  vni: Vni,
  /** What happens to a frame that no rule is about. */
  default: v.optional(v.picklist(["deny", "allow"])),
  /** Whether broadcasts and multicasts go to every endpoint. */
  flood: v.optional(v.boolean()),
  /** The one to use; otherwise the hosts agree on one. */
  encapsulation: v.optional(v.picklist(ENCAPSULATION_NAMES)),
  /** The largest IP packet of the network's endpoints. */
  mtuBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(MTU_MIN), v.maxValue(MTU_MAX))),
  /** Whether frames keep their VLAN tag in the tunnel (RFC 7348 section 6.1). */
  innerVlan: v.optional(v.boolean()),
  groups: v.optional(v.record(Name, Group)),
  rules: v.optional(v.pipe(v.array(Rule), v.maxLength(RULES_MAX), v.readonly())),
});

export const NetworksSchema = v.record(Name, NetworkSchema);
export const PolicySchema = v.strictObject({ networks: NetworksSchema });

/** A policy as it is written; what is left out has the defaults that Network and Rule say. */
export type PolicyDefinition = v.InferOutput<typeof PolicySchema>;
export type NetworkDefinition = v.InferOutput<typeof NetworkSchema>;
export type GroupDefinition = v.InferOutput<typeof Group>;
export type RuleDefinition = v.InferOutput<typeof Rule>;
