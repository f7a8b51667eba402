/** A ledger that tells what is done to its owners: what a replay knows of its keeper's decisions, whoever that is. */
import type { Due } from "../ledger.js";
import type { LimitWindow } from "../window.js";
import type { ReplayLedger } from "./ledger.js";

export interface LedgerWatcher {
  opened(owner: number, limit: number, mark: number): void;
  changed(owner: number, limit: number, mark: number): void;
  /** A window has been closed; the limit that follows from it has not been set yet. */
  closed(owner: number, window: Pick<LimitWindow, "high" | "refused">): void;
}

export class WatchedLedger implements ReplayLedger {
  readonly #ledger: ReplayLedger;
  readonly #watcher: LedgerWatcher;

  constructor(ledger: ReplayLedger, watcher: LedgerWatcher) {
    this.#ledger = ledger;
    this.#watcher = watcher;
  }

  open(limit: number, mark: number, windowDescriptors: number): number {
    const owner = this.#ledger.open(limit, mark, windowDescriptors);
    this.#watcher.opened(owner, limit, mark);
    return owner;
  }

  shut(owner: number): void {
    this.#ledger.shut(owner);
  }

  set(owner: number, limit: number, mark: number): void {
    this.#ledger.set(owner, limit, mark);
    this.#watcher.changed(owner, limit, mark);
  }

  inUse(owner: number): number {
    return this.#ledger.inUse(owner);
  }

  due(): Due[] {
    return this.#ledger.due();
  }

  close(owner: number): ReturnType<ReplayLedger["close"]> {
    const window = this.#ledger.close(owner);
    this.#watcher.closed(owner, window);
    return window;
  }

  charge(owner: number, mbufs: number, bytes: number): boolean {
    return this.#ledger.charge(owner, mbufs, bytes);
  }

  release(owner: number, mbufs: number, heldMs: number): void {
    this.#ledger.release(owner, mbufs, heldMs);
  }
}
