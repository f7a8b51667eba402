/**
 * The policy file of `ringlane limit replay --policy`: the keys of a limit policy for all peers, the wall, and what some peers have
 * otherwise.
 */
import * as v from "valibot";
import { checkLimitPolicy, REPLAY_POLICY_KEYS } from "../../document/limit-policy.js";
import { parseDocument } from "../../document/parse.js";
import type { LimitPolicy } from "../../index.js";
import { addressSetOf } from "./address-set.js";
import { type Override, PeerPolicies } from "./peer-policies.js";
import { WALL_MAX } from "./wall.js";

export const PolicyFileSchema = v.strictObject({
  ...REPLAY_POLICY_KEYS,
  /** Mbufs of all peers together. */
  wall: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(WALL_MAX))),
  /** By address, by prefix, of which the longest counts, or "other". */
  peers: v.optional(v.record(v.string(), v.strictObject(REPLAY_POLICY_KEYS)), {}),
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
    checkLimitPolicy([], common, refuse);
    const overrides = Object.entries(peers).map(([name, own]): Override => {
      const path = ["peers", name];
      const set = addressSetOf(name);
      if (!set) return refuse(path, 'an address, a prefix without bits behind it, or "other"');
      const policy = merged(common, own as LimitPolicy);
      checkLimitPolicy(path, policy, refuse);
      return { name, set, policy };
    });
    policies = new PeerPolicies(common, overrides);
  });
  return { name: file, wall, policies: policies ?? new PeerPolicies() };
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
