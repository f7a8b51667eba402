/** What has changed since the last look, an owner's changes as one: the first tells from what, the last why. */
import type { LimitEvent } from "../event.js";
import type { LimitWindow } from "../window.js";
import type { Owner } from "./owner.js";
import type { LimitReason } from "./reason.js";

export interface Change {
  readonly from: number;
  readonly reason: LimitReason;
  readonly window?: LimitWindow;
}

export class Changes {
  readonly #changes = new Map<Owner, Change>();

  add(owner: Owner, change: Change): void {
    const from = this.#changes.get(owner)?.from ?? change.from;
    this.#changes.set(owner, { ...change, from });
  }

  forget(owner: Owner): void {
    this.#changes.delete(owner);
  }

  /** Events for all of them that left a limit other than it was. */
  take(atMs: number): LimitEvent[] {
    const events = [...this.#changes].flatMap(([owner, { from, reason, window }]): LimitEvent[] => {
      const { id, peer, partition, limit: to } = owner;
      if (from === to) return [];
      const who = { partition: partition.name, ...(peer !== undefined && { peer }), owner: id };
      return [{ type: "limit-changed", atMs, ...who, from, to, reason, ...(window && { window }) }];
    });
    this.#changes.clear();
    return events;
  }
}
