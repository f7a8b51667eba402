/**
 * Where in its limit an owner is looked at before its window ends, so that a burst raises the limit before a frame is refused: first at
 * the share that the second criterion asks for, then halfway to the limit, and halfway again.
 */
import type { CheckedPolicy } from "./policy-check.js";

/** The mark after a window that ended by itself, or with a new limit. */
export function firstMark(policy: CheckedPolicy, limit: number): number {
  // At the ceiling there is nothing to gain by an early look.
  return limit >= policy.ceiling ? limit : Math.ceil(policy.raise.filled * limit);
}

/** The mark after a window that pressure ended, and which did not change the limit. */
export function nextMark(policy: CheckedPolicy, limit: number, inUse: number): number {
  if (limit >= policy.ceiling || inUse >= limit) return limit;
  return Math.max(firstMark(policy, limit), inUse + Math.ceil((limit - inUse) / 2));
}
