/**
 * An account of mbufs as plain objects: what assembly/mbuf/limit.ts keeps in linear memory, for replays, which have no buffers and no engine.
 * An owner is due at most once in a window, by what happened first.
 */
import { ConfigError } from "../../errors.js";
import type { Due } from "../ledger.js";
import type { LimitWindow } from "../window.js";
import type { ReplayLedger } from "./ledger.js";

interface Entry {
  limit: number;
  mark: number;
  readonly windowDescriptors: number;
  inUse: number;
  filled: number;
  returned: number;
  high: number;
  low: number;
  frames: number;
  refused: number;
  bytes: number;
  leastMs: number;
  mostMs: number;
}

export class PlainLedger implements ReplayLedger {
  readonly #owners: number;
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  /** In the order in which they became due. */
  readonly #due = new Map<number, Due["closedBy"]>();

  constructor(owners: number) {
    this.#owners = owners;
  }

  open(limit: number, mark: number, windowDescriptors: number): number {
    const owner = this.#free.pop() ?? this.#entries.length;
    if (owner >= this.#owners) throw new ConfigError("owners", this.#owners, "more than there are open already");
    const levels = { inUse: 0, filled: 0, returned: 0, high: 0, low: 0, frames: 0, refused: 0, bytes: 0 };
    this.#entries[owner] = { limit, mark, windowDescriptors, ...levels, ...NOTHING_CAME_BACK };
    return owner;
  }

  shut(owner: number): void {
    this.#due.delete(owner);
    this.#entries[owner] = undefined;
    this.#free.push(owner);
  }

  set(owner: number, limit: number, mark: number): void {
    const entry = this.#entry(owner);
    entry.limit = limit;
    entry.mark = mark;
  }

  inUse(owner: number): number {
    return this.#entry(owner).inUse;
  }

  due(): Due[] {
    if (this.#due.size === 0) return NOBODY;
    return [...this.#due].map(([owner, closedBy]) => ({ owner, closedBy }));
  }

  close(owner: number): Omit<LimitWindow, "closedBy" | "ms"> {
    const entry = this.#entry(owner);
    const { limit, filled, returned, inUse, high, low, frames, refused, bytes, leastMs, mostMs } = entry;
    const next = { filled: 0, returned: 0, high: inUse, low: inUse, frames: 0, refused: 0, bytes: 0 };
    Object.assign(entry, next, NOTHING_CAME_BACK);
    this.#due.delete(owner);
    const heldMs = returned > 0 ? { heldMs: { least: leastMs, most: mostMs } } : {};
    return { limit, filled, returned, inUse, high, low, frames, refused, bytes, ...heldMs };
  }

  charge(owner: number, mbufs: number, bytes: number): boolean {
    const entry = this.#entry(owner);
    if (entry.inUse + mbufs > entry.limit) {
      entry.refused++;
      this.#makeDue(owner, "pressure");
      return false;
    }
    entry.inUse += mbufs;
    entry.filled += mbufs;
    entry.frames++;
    entry.bytes += bytes;
    entry.high = Math.max(entry.high, entry.inUse);
    if (entry.inUse > entry.mark) this.#makeDue(owner, "pressure");
    return true;
  }

  release(owner: number, mbufs: number, heldMs: number): void {
    const entry = this.#entry(owner);
    entry.inUse -= mbufs;
    entry.returned += mbufs;
    entry.low = Math.min(entry.low, entry.inUse);
    entry.leastMs = Math.min(entry.leastMs, heldMs);
    entry.mostMs = Math.max(entry.mostMs, heldMs);
    if (entry.returned >= entry.windowDescriptors) this.#makeDue(owner, "descriptors");
  }

  #entry(owner: number): Entry {
    return this.#entries[owner] as Entry;
  }

  #makeDue(owner: number, closedBy: Due["closedBy"]): void {
    if (!this.#due.has(owner)) this.#due.set(owner, closedBy);
  }
}

const NOBODY: Due[] = [];
const NOTHING_CAME_BACK = { leastMs: Number.POSITIVE_INFINITY, mostMs: 0 };
