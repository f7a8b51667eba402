/** What an owner did with its mbufs between two looks at it: all that the controller decides by. */
import type { ConnectionHealth } from "./health/health.js";

export interface LimitWindow {
  /** So many mbufs came back, so long has it lasted, or the limit came near. */
  readonly closedBy: "descriptors" | "time" | "pressure";
  /** How long it lasted. */
  readonly ms: number;
  /** The limit in force, in mbufs (or frames a batch). */
  readonly limit: number;
  /** Mbufs that were filled, and that came back. */
  readonly filled: number;
  readonly returned: number;
  /** Mbufs in use at the end, and the most and fewest at once. */
  readonly inUse: number;
  readonly high: number;
  readonly low: number;
  /** Frames that were taken, and refused. */
  readonly frames: number;
  readonly refused: number;
  /** Bytes in the mbufs that were filled. */
  readonly bytes: number;
  /** Least and most time that what came back was held; undefined when nothing came back. */
  readonly heldMs?: { readonly least: number; readonly most: number };
  /** What the owner's TCP connections looked like, where that is measured. */
  readonly health?: ConnectionHealth;
}
