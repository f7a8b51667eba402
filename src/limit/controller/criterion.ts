/** The first criterion: what is wrong in a window, if anything. Two rules hold beside every criterion: mbufs must come back, and be used. */

import type { LimitWindow } from "../window.js";
import type { CheckedPolicy } from "./policy-check.js";
import type { Failure } from "./reason.js";
import { usedOf } from "./used.js";

/** With fewer data segments in a window than this, one that came again says nothing about the connection. */
const TCP_SEGMENTS_MIN = 16;

/** What is wrong in a whole window; aboveMs is how long mbufs have been held too long, this window included. */
export function failureOf(policy: CheckedPolicy, window: LimitWindow, aboveMs: number): Failure | undefined {
  const { reduce } = policy;
  if (isStalled(policy, window)) return { code: "stalled", inUse: window.inUse, ms: window.ms };
  if (reduce.by === "filled") {
    const { limit } = window;
    const high = usedOf(policy, window);
    return high < reduce.below * limit ? { code: "filled-below", high, limit, below: reduce.below } : undefined;
  }
  // Health says nothing of an owner that does nothing, and memory that nobody uses is to come back.
  if (window.high === 0 && window.refused === 0) return { code: "idle", ms: window.ms };
  if (reduce.by === "sojourn") {
    const { targetMs, intervalMs } = reduce;
    if (aboveMs < intervalMs) return undefined;
    return { code: "sojourn-above", leastMs: window.heldMs?.least ?? window.ms, targetMs, aboveMs };
  }
  if (reduce.by === "drops") {
    const frames = window.frames + window.refused;
    if (window.refused <= reduce.above * frames) return undefined;
    return { code: "drops-above", refused: window.refused, frames, above: reduce.above };
  }
  const { dataSegments: segments, retransmissions, outOfOrder } = window.health ?? NO_SEGMENTS;
  const again = retransmissions + outOfOrder;
  if (segments < TCP_SEGMENTS_MIN || again <= reduce.above * segments) return undefined;
  return { code: "tcp-above", again, segments, above: reduce.above };
}

const NO_SEGMENTS = { dataSegments: 0, retransmissions: 0, outOfOrder: 0 };

/**
 * How long there has been a standing queue (RFC 8289, section 4.3): as long as no mbuf came back sooner than target, and some were held all
 * the time. A queue that ran empty is none.
 */
export function timeAboveTarget(policy: CheckedPolicy, window: LimitWindow, beforeMs: number): number {
  if (policy.reduce.by !== "sojourn" || window.low === 0) return 0;
  // Nothing came back: what is held has been held since the window began.
  const leastMs = window.heldMs?.least ?? window.ms;
  return leastMs > policy.reduce.targetMs ? beforeMs + window.ms : 0;
}

/** Mbufs were held for as long as a window lasts, and none came back: the consumer stands still, or they are lost. */
function isStalled(policy: CheckedPolicy, window: LimitWindow): boolean {
  return window.returned === 0 && window.low > 0 && window.ms >= policy.window.ms;
}
