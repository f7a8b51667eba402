/** The account of mbufs as a replay needs it: it charges and releases itself, where else the data plane does. */
import type { Ledger } from "../ledger.js";

export interface ReplayLedger extends Ledger {
  /** Takes mbufs for a frame of so many bytes; false, and nothing taken, when the owner may not hold as many. */
  charge(owner: number, mbufs: number, bytes: number): boolean;
  /** Gives back mbufs that were held for so long. */
  release(owner: number, mbufs: number, heldMs: number): void;
}
