/** Who sets limits in a replay: the controller that is tried, or nobody, for comparison. */
import type { Ledger } from "../ledger.js";

export interface Keeper {
  /** The owner that a peer's mbufs are charged to, opened for its first frame; undefined while there is no room for its floor. */
  admit(peer: number, nowMs: number): number | undefined;
  /** Looks at what is due. */
  tick(nowMs: number): void;
  /** When tick is wanted if nothing is due before; Infinity for never. */
  readonly nextMs: number;
  /** After so long without an event and without a change of a limit there will be no change before the next event. */
  readonly settleMs: number;
}

/** Limits that stay as they are. */
export class FixedLimits implements Keeper {
  readonly nextMs = Number.POSITIVE_INFINITY;
  readonly settleMs = 0;
  readonly #ledger: Ledger;
  readonly #limitOf: (peer: number) => number;

  constructor(ledger: Ledger, limitOf: (peer: number) => number) {
    this.#ledger = ledger;
    this.#limitOf = limitOf;
  }

  admit(peer: number): number {
    const limit = this.#limitOf(peer);
    return this.#ledger.open(limit, limit, Number.MAX_SAFE_INTEGER);
  }

  tick(): void {}
}
