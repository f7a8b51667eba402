/**
 * The policy file of `ringlane limit replay --policy`: the keys of a limit policy for all peers, the wall, and what some peers have
 * otherwise. The schema says shapes and words; bounds are those that the controller checks, at the place in the file.
 */
import * as v from "valibot";
import { type Path, parseDocument, type Refuse } from "../../document/parse.js";
import { ConfigError, checkPolicy, type LimitPolicy } from "../../index.js";
import { addressSetOf } from "./address-set.js";
import { type Override, PeerPolicies } from "./peer-policies.js";
import { WALL_MAX } from "./wall.js";

const Reduce = v.variant("by", [
  v.strictObject({ by: v.literal("filled"), below: v.optional(v.number()), windows: v.optional(v.number()) }),
  v.strictObject({
    by: v.literal("sojourn"),
    targetMs: v.optional(v.number()),
    intervalMs: v.optional(v.number()),
    windows: v.optional(v.number()),
  }),
  v.strictObject({ by: v.literal("drops"), above: v.optional(v.number()), windows: v.optional(v.number()) }),
]);

/** Not "tcp", whose figures a replay does not have, and not the reading "batch", since nothing is handed up. */
const KEYS = {
  floor: v.optional(v.number()),
  preset: v.optional(v.number()),
  ceiling: v.optional(v.number()),
  weight: v.optional(v.number()),
  window: v.optional(v.strictObject({ descriptors: v.optional(v.number()), ms: v.optional(v.number()) })),
  reduce: v.optional(Reduce),
  raise: v.optional(
    v.strictObject({
      filled: v.optional(v.number()),
      windows: v.optional(v.number()),
      returned: v.optional(v.number()),
    }),
  ),
  holdWindows: v.optional(v.number()),
  reading: v.optional(v.literal("held")),
};

export const PolicyFileSchema = v.strictObject({
  ...KEYS,
  /** Mbufs of all peers together. */
  wall: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(WALL_MAX))),
  /** By address, by prefix, of which the longest counts, or "other". */
  peers: v.optional(v.record(v.string(), v.strictObject(KEYS)), {}),
});

export interface PolicyFile {
  /** Undefined where there is none. */
  readonly name: string | undefined;
  readonly wall: number | undefined;
  readonly policies: PeerPolicies;
}

/** What the text says. Throws DocumentError for the first thing that is wrong. */
export function parsePolicyFile(file: string, text: string): PolicyFile {
  let policies: PeerPolicies | undefined;
  const { wall } = parseDocument(file, text, PolicyFileSchema, ({ wall: _, peers, ...base }, refuse) => {
    const common = base as LimitPolicy;
    checkAt([], common, refuse);
    const overrides = Object.entries(peers).map(([name, own]): Override => {
      const path = ["peers", name];
      const set = addressSetOf(name);
      if (!set) return refuse(path, 'an address, a prefix without bits behind it, or "other"');
      return { name, set, policy: checkAt(path, merged(common, own as LimitPolicy), refuse) };
    });
    policies = new PeerPolicies(common, overrides);
  });
  return { name: file, wall, policies: policies ?? new PeerPolicies() };
}

function checkAt(path: Path, policy: LimitPolicy, refuse: Refuse): LimitPolicy {
  try {
    checkPolicy("policy", policy);
    return policy;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [, ...keys] = error.argument.split(".");
    return refuse([...path, ...keys], `${error.bound}, received ${JSON.stringify(error.value)}`);
  }
}

/** A peer's own keys, and for the rest those of all. A criterion of another kind takes nothing from theirs. */
function merged(common: LimitPolicy, own: LimitPolicy): LimitPolicy {
  const reduce = own.reduce && (own.reduce.by === common.reduce?.by ? { ...common.reduce, ...own.reduce } : own.reduce);
  return {
    ...common,
    ...own,
    ...(own.window && { window: { ...common.window, ...own.window } }),
    ...(own.raise && { raise: { ...common.raise, ...own.raise } }),
    ...(reduce && { reduce: reduce as NonNullable<LimitPolicy["reduce"]> }),
  };
}
