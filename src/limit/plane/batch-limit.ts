/** The other reading of a chain's limit: how many mbufs a port hands up at once (Port.takeBurst). */
import type { Accounts } from "./accounts.js";

export interface BatchLimit {
  /** Mbufs that one batch may have; a frame that alone has more is a batch of its own. */
  readonly mbufs: number;
  /** A batch was handed up that had so many. */
  took(mbufs: number): void;
}

/** The limit of an owner whose windows count what batches could have had (returned) and what they had (filled). */
export function batchLimit(accounts: Accounts, owner: number): BatchLimit {
  return {
    get mbufs() {
      return accounts.limit(owner);
    },
    took: (mbufs) => accounts.batch(owner, mbufs),
  };
}
