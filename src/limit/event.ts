/** What the controller tells: each change of a limit, with the reason and the window behind it. */
import type { LimitReason } from "./controller/reason.js";
import type { LimitWindow } from "./window.js";

export interface LimitEvent {
  readonly type: "limit-changed";
  readonly atMs: number;
  readonly partition: string;
  /** Undefined for the partition's own record. */
  readonly peer?: string;
  /** The owner's number in the ledger. */
  readonly owner: number;
  readonly from: number;
  readonly to: number;
  readonly reason: LimitReason;
  /** The window that was judged; undefined when somebody else's need changed the limit. */
  readonly window?: LimitWindow;
}
