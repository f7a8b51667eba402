/** How much of a limit a window used. */
import type { LimitWindow } from "../window.js";
import type { CheckedPolicy } from "./policy-check.js";

/** Mbufs that were filled at once; of a limit on batches, that were filled on average of those that its batches returned. */
export function usedOf({ reading }: CheckedPolicy, { high, limit, filled, returned }: LimitWindow): number {
  if (reading === "held") return high;
  return returned === 0 ? 0 : Math.round((limit * filled) / returned);
}
