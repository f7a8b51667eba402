/** What the lag commands are asked to do: a hash of the catalogue or round robin, and how a hash becomes a member. */
import {
  ConfigError,
  type FlowSelection,
  HASH_POLICIES,
  type HashOptions,
  type HashPolicy,
  type LagPlan,
} from "../../index.js";
import { selectionOf } from "../../lag/plan-rules.js";

export const ROUND_ROBIN = "round-robin";
/** What --hash takes. */
export const POLICIES: readonly string[] = [...HASH_POLICIES, ROUND_ROBIN];
export const DEFAULT_MEMBERS = 2;
const MEMBERS_MAX = 32;
const BUCKETS_MAX = 65_536;
const DEFAULT_POLICY = "layer3+4";

/** The options that all lag commands have, as they come from the command line; undefined is not given. */
export interface LagArguments {
  readonly hash?: string;
  readonly generation?: string;
  readonly headers?: string;
  readonly key?: string;
  /** False for --no-ports. */
  readonly ports?: boolean;
  readonly basis?: number;
  readonly members?: number;
  readonly buckets?: number;
  readonly plan?: string;
  readonly json?: boolean;
}

/** Bonding's own hash mod members; resilient buckets; each in its turn, where no flow has a member. */
export type Selection = FlowSelection | { readonly kind: "turn" };

export interface Choice {
  /** As --hash names it. */
  readonly policy: string;
  /** Undefined for round robin, which looks at nothing. */
  readonly hash: HashOptions | undefined;
  readonly headers: "outer" | "inner";
  readonly selection: Selection;
}

/** What the options of a command without a plan say. Throws ConfigError for what does not go together. */
export function choiceOf(asked: LagArguments): Choice {
  const policy = asked.hash ?? DEFAULT_POLICY;
  const headers = asked.headers === "inner" ? "inner" : "outer";
  const { buckets } = asked;
  if (policy === ROUND_ROBIN) {
    for (const option of ["generation", "key", "basis", "buckets"] as const)
      refuse(asked, option, `with ${ROUND_ROBIN}`);
    return { policy, hash: undefined, headers, selection: { kind: "turn" } };
  }
  if (buckets !== undefined && (buckets < 2 || buckets > BUCKETS_MAX || !Number.isInteger(Math.log2(buckets)))) {
    throw new ConfigError("--buckets", buckets, `a power of two from 2 to ${BUCKETS_MAX}`);
  }
  const hash = hashOptions(policy, { ...asked, headers });
  return {
    policy,
    hash,
    headers,
    selection: buckets === undefined ? { kind: "modulo" } : { kind: "buckets", buckets },
  };
}

/** What a plan says; what the command line says beside it is refused. */
export function choiceOfPlan(plan: LagPlan, asked: LagArguments): Choice {
  for (const option of ["hash", "generation", "headers", "key", "basis", "members", "buckets"] as const) {
    refuse(asked, option, "with --plan, which says it");
  }
  if (asked.ports === false) throw new ConfigError("--no-ports", "given", "left out with --plan, which says it");
  const { buckets = 256, hash } = plan;
  const selection = selectionOf(plan);
  const headers = hash?.headers ?? "outer";
  if (selection === "turn") return { policy: ROUND_ROBIN, hash: undefined, headers, selection: { kind: "turn" } };
  return {
    policy: hash?.policy ?? DEFAULT_POLICY,
    hash: planHash(plan),
    headers,
    selection: selection === "buckets" ? { kind: selection, buckets } : { kind: selection },
  };
}

export function planHash({ hash = {} }: LagPlan): HashOptions {
  return hashOptions(hash.policy ?? DEFAULT_POLICY, hash);
}

/** How many members, 2 where nothing is said. */
export function membersOf({ members = DEFAULT_MEMBERS }: LagArguments): number {
  if (members < 1 || members > MEMBERS_MAX) {
    throw new ConfigError("--members", members, `a whole number from 1 to ${MEMBERS_MAX}`);
  }
  return members;
}

interface HashWords {
  readonly generation?: string | undefined;
  readonly headers?: "outer" | "inner" | undefined;
  readonly key?: string | undefined;
  readonly ports?: boolean | undefined;
  readonly basis?: number | undefined;
}

function hashOptions(policy: string, { generation, headers, key, ports, basis }: HashWords): HashOptions {
  return {
    policy: policy as HashPolicy,
    ...(generation !== undefined && { generation }),
    ...(headers === "inner" && { headers }),
    ...(key !== undefined && { key: keyBytes(key) }),
    ...(ports === false && { ports }),
    ...(basis !== undefined && { basis }),
  };
}

function keyBytes(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})+$/i.test(hex)) throw new ConfigError("--key", hex, "hexadecimal bytes");
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function refuse(asked: LagArguments, option: keyof LagArguments, where: string): void {
  if (asked[option] !== undefined) throw new ConfigError(`--${option}`, asked[option], `left out ${where}`);
}

/** A hash in a few words, such as "layer3+4 of Linux 6.0, inner headers". */
export function hashName({ policy, generation, headers }: HashOptions): string {
  const name = generation === undefined ? policy : `${policy} of Linux ${generation}`;
  return headers === "inner" ? `${name}, inner headers` : name;
}

export function hex(hash: number): string {
  return `0x${hash.toString(16).padStart(8, "0")}`;
}
