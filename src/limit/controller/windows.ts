/**
 * When windows end: by what the ledger says is due, and by time. An owner at its floor to which nothing happened is dormant: no window could
 * change anything, so none is closed, and its mark is where it stands, so that the first mbuf more wakes it.
 */

import type { Ledger } from "../ledger.js";
import type { LimitWindow } from "../window.js";
import { Heap } from "./heap.js";
import { firstMark, nextMark } from "./mark.js";
import type { Owner } from "./owner.js";

export class Windows {
  readonly #ledger: Ledger;
  /** Owners by when their window ends, the soonest first. */
  readonly #ends = new Heap<Owner>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** When the first window ends by time; undefined when none runs. */
  get nextMs(): number | undefined {
    const key = this.#ends.topKey;
    return key === undefined ? undefined : -key;
  }

  /** An owner whose window ends by now. */
  ended(nowMs: number): Owner | undefined {
    return (this.nextMs ?? Number.POSITIVE_INFINITY) <= nowMs ? this.#ends.top : undefined;
  }

  /** Starts an owner's clock where its window began. */
  run(owner: Owner): void {
    owner.dormant = false;
    this.#ends.put(owner, -(owner.windowAtMs + owner.policy.window.ms));
  }

  /** No more windows for an owner until it has more in use. */
  sleep(owner: Owner, inUse: number): void {
    owner.dormant = true;
    this.stop(owner);
    this.mark(owner, inUse);
  }

  stop(owner: Owner): void {
    this.#ends.remove(owner);
  }

  /** What the owner did since it was last looked at. */
  close(owner: Owner, closedBy: LimitWindow["closedBy"], nowMs: number): LimitWindow {
    const window = { closedBy, ms: nowMs - owner.seenAtMs, ...this.#ledger.close(owner.id) };
    owner.seenAtMs = nowMs;
    return window;
  }

  /** After a window was judged and limits are what they are: when and where to look again. */
  arm(owner: Owner, window: LimitWindow, nowMs: number): void {
    const { policy, limit } = owner;
    const isWhole = owner.state.span === undefined;
    if (isWhole) owner.windowAtMs = nowMs;
    if (isWhole && canSleep(owner, window)) {
      this.sleep(owner, window.inUse);
      return;
    }
    this.run(owner);
    const isNext = window.closedBy === "pressure" && window.limit === limit;
    this.mark(owner, isNext ? nextMark(policy, limit, window.inUse) : firstMark(policy, limit));
  }

  /** Writes limit and mark where they differ from what the ledger has. */
  mark(owner: Owner, mark: number): void {
    if (owner.written.limit === owner.limit && owner.written.mark === mark) return;
    owner.written = { limit: owner.limit, mark };
    this.#ledger.set(owner.id, owner.limit, mark);
  }
}

function canSleep(owner: Owner, { filled, returned, refused, inUse }: LimitWindow): boolean {
  if (owner.limit > owner.floor || owner.waiting !== "not") return false;
  return filled === 0 && returned === 0 && refused === 0 && inUse <= owner.limit;
}
