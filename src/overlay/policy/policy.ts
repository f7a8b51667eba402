/**
 * Logical policy: which endpoints of a network may send what to which, whatever hosts they are on.
 *
 *   const policy = definePolicy({
 *     networks: {
 *       blue: {
 *         vni: 42,
 *         groups: { web: { partitions: ["web1"] }, db: { labels: { role: "db" } } },
 *         rules: [{ from: "web", to: "db", action: "allow", protocol: "tcp", ports: 5432 }],
 *       },
 *     },
 *   });
 *   const blue = policy.network("blue");
 *   const web = blue.classOf({ partition: "web1", ip: "10.0.0.1" });
 *   const db = blue.classOf({ labels: { role: "db" }, ip: "10.0.0.2" });
 *   blue.decide(web, db, 6, 5432).action; // "allow"
 *
 * Nothing crosses networks: addresses of one mean nothing in another, and tenants may use the same ones.
 */
import * as v from "valibot";
import type { EncapsulationName } from "../../directory/records.js";
import { boundOf } from "../../document/expectation.js";
import type { LineOf } from "../../document/parse.js";
import { unusablePath } from "../../document/unusable.js";
import { ConfigError } from "../../errors.js";
import { Classes, type Subject } from "./classes.js";
import { decide, rulesAmong, type Verdict } from "./decide.js";
import { encodeBlock } from "./encode.js";
import { policyProblems } from "./problems.js";
import { Programs } from "./programs.js";
import { inOrder, type Rule, ruleOf } from "./rule.js";
import { type NetworkDefinition, type PolicyDefinition, PolicySchema } from "./schema.js";

/** A policy made in code. Throws ConfigError, which names the path, the value and the bound, for the first thing that is wrong. */
export function definePolicy(definition: PolicyDefinition): Policy {
  const unusable = unusablePath(definition);
  if (unusable) throw new ConfigError(unusable.join("."), unusable.at(-1), "another key");
  const parsed = v.safeParse(PolicySchema, definition, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = (issue.path ?? []).map(({ key }) => String(key)).join(".");
    throw new ConfigError(path || "policy", issue.input, issue.expected === "never" ? "left out" : boundOf(issue));
  }
  for (const { path, value, bound } of policyProblems(parsed.output)) {
    throw new ConfigError(path.join("."), value, bound);
  }
  return new Policy(parsed.output);
}

export class Policy {
  /** By name. */
  readonly networks: ReadonlyMap<string, NetworkPolicy>;
  readonly #byVni: ReadonlyMap<number, NetworkPolicy>;

  /** @internal Of a definition that was checked: made by definePolicy and parsePolicy. */
  constructor({ networks }: PolicyDefinition, lineOf?: LineOf) {
    const made = Object.entries(networks).map(
      ([name, network]) => [name, new NetworkPolicy(name, network, lineOf)] as const,
    );
    this.networks = new Map(made);
    this.#byVni = new Map(made.map(([, network]) => [network.vni, network]));
  }

  /** A network by its name or its VNI. Throws ConfigError when there is none. */
  network(which: string | number): NetworkPolicy {
    const found = typeof which === "number" ? this.#byVni.get(which) : this.networks.get(which);
    if (found) return found;
    const known = [...this.networks.values()].map(({ name, vni }) => `${name} (${vni})`);
    throw new ConfigError("network", which, `one of ${known.join(", ") || "none"}`);
  }
}

export class NetworkPolicy {
  readonly name: string;
  readonly tenant: string | undefined;
  readonly vni: number;
  /** What happens to a frame that no rule is about. */
  readonly default: "deny" | "allow";
  readonly flood: boolean;
  readonly encapsulation: EncapsulationName | undefined;
  readonly mtuBytes: number | undefined;
  readonly innerVlan: boolean;
  /** Names of the groups. */
  readonly groups: readonly string[];
  /** As they stand in the file. */
  readonly rules: readonly Rule[];
  /** Partitions that traffic is sent through, in the order in which rules first name them: DECISION_WAYPOINT counts them. */
  readonly waypoints: readonly string[];
  readonly #order: readonly Rule[];
  readonly #classes: Classes;
  #programs: Programs;
  /** Classes that every block has had since the last one that was made. */
  #encoded: number;
  #version = 1;

  /** @internal Made by Policy. */
  constructor(name: string, definition: NetworkDefinition, lineOf?: LineOf) {
    const { rules = [], groups = {} } = definition;
    this.name = name;
    this.tenant = definition.tenant;
    this.vni = definition.vni;
    this.default = definition.default ?? "deny";
    this.flood = definition.flood ?? false;
    this.encapsulation = definition.encapsulation;
    this.mtuBytes = definition.mtuBytes;
    this.innerVlan = definition.innerVlan ?? false;
    this.groups = Object.keys(groups);
    this.rules = rules.map((rule, i) => ruleOf(i, rule, lineOf?.(["networks", name, "rules", i])));
    this.waypoints = [...new Set(this.rules.flatMap(({ via }) => via ?? []))];
    this.#order = inOrder(this.rules);
    this.#classes = new Classes(Object.values(groups));
    this.#programs = this.#newPrograms();
    this.#encoded = this.#classes.count;
  }

  /** Counts up whenever there is a class that blocks made before do not have. */
  get version(): number {
    return this.#version;
  }

  /** Classes are numbered from 0, which is that of no group. */
  get classCount(): number {
    return this.#classes.count;
  }

  /**
   * The class of an endpoint with one of its addresses, or of an address alone. It may be a new one: then version counts up, and
   * the block has to be made again. Throws ConfigError for what is no IP address.
   */
  classOf(subject: Subject): number {
    const before = this.#classes.count;
    const number = this.#classes.classOf(subject);
    if (this.#classes.count > before) this.#version++;
    return number;
  }

  /** Names of the groups that a class stands for. */
  groupsOf(number: number): string[] {
    return this.#classes.groupsOf(number).map((group) => this.groups[group] as string);
  }

  /** What happens to a frame between two classes: protocol is IP's, undefined for a frame that is not IP; destination port. */
  decide(source: number, destination: number, protocol: number | undefined, port = 0): Verdict {
    return decide(this.default, this.rulesAmong(this.groupsOf(source), this.groupsOf(destination)), protocol, port);
  }

  /** Rules that are about frames from an address in some groups to one in others, in the order in which they are asked. */
  rulesAmong(from: readonly string[], to: readonly string[]): Rule[] {
    return rulesAmong(this.#order, from, to);
  }

  /**
   * The block that the data plane reads, with every class that there is. Throws ConfigError when it would be larger than maxBytes, or
   * have more different programs, port maps or pages than it can number; classes added since the last block are then forgotten.
   */
  encode(maxBytes: number): Uint8Array {
    try {
      this.#programs.grow();
      const block = encodeBlock(this.#parts, maxBytes);
      this.#encoded = this.#classes.count;
      return block;
    } catch (error) {
      this.#classes.truncate(this.#encoded);
      this.#programs = this.#newPrograms();
      throw error;
    }
  }

  #newPrograms(): Programs {
    return new Programs(this.name, this.rules, this.groups, this.#classes);
  }

  get #parts() {
    const { name, rules, waypoints } = this;
    return { name, default: this.default, rules, waypoints, classes: this.#classes, programs: this.#programs };
  }
}
