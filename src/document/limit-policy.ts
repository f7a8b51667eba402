/**
 * The keys of a limit policy in a file. The schema says shapes and words; bounds are those that the controller checks, at the place in the
 * file. Not the reading "batch", since nothing is handed up in a replay or a scenario.
 */
import * as v from "valibot";
import { type CheckedPolicy, ConfigError, checkPolicy, type LimitPolicy } from "../index.js";
import type { Path, Refuse } from "./parse.js";

const Above = { above: v.optional(v.number()), windows: v.optional(v.number()) };
const REDUCE = [
  v.strictObject({ by: v.literal("filled"), below: v.optional(v.number()), windows: v.optional(v.number()) }),
  v.strictObject({
    by: v.literal("sojourn"),
    targetMs: v.optional(v.number()),
    intervalMs: v.optional(v.number()),
    windows: v.optional(v.number()),
  }),
  v.strictObject({ by: v.literal("drops"), ...Above }),
] as const;
const ReduceByTcp = v.strictObject({ by: v.literal("tcp"), ...Above });

/** Without "tcp", whose figures a replay does not have. */
export const REPLAY_POLICY_KEYS = {
  floor: v.optional(v.number()),
  preset: v.optional(v.number()),
  ceiling: v.optional(v.number()),
  weight: v.optional(v.number()),
  window: v.optional(v.strictObject({ descriptors: v.optional(v.number()), ms: v.optional(v.number()) })),
  reduce: v.optional(v.variant("by", REDUCE)),
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

export const LIMIT_POLICY_KEYS = {
  ...REPLAY_POLICY_KEYS,
  reduce: v.optional(v.variant("by", [...REDUCE, ReduceByTcp])),
};

/** The policy with its defaults, or refuses it for the key, under path, that is out of its bounds. */
export function checkLimitPolicy(path: Path, policy: LimitPolicy, refuse: Refuse): CheckedPolicy {
  try {
    return checkPolicy("policy", policy);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [, ...keys] = error.argument.split(".");
    return refuse([...path, ...keys], `${error.bound}, received ${JSON.stringify(error.value)}`);
  }
}
