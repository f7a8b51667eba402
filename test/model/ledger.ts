/**
 * The account of mbufs, the slow way: what assembly/mbuf/limit.ts keeps in linear memory, as plain objects. It is the ledger of the
 * controller's tests, and the twin of the data plane's.
 *
 * An owner is due at most once in a window, by what happened first; a refusal is pressure, too. Numbers of owners that were shut come
 * again, last shut first.
 */
import { ConfigError } from "../../src/errors.js";
import type { Due, Ledger } from "../../src/limit/ledger.js";
import type { LimitWindow } from "../../src/limit/window.js";

interface Account {
  limit: number;
  mark: number;
  windowDescriptors: number;
  inUse: number;
  due: boolean;
  filled: number;
  returned: number;
  high: number;
  low: number;
  frames: number;
  refused: number;
  bytes: number;
  heldMs: { least: number; most: number } | undefined;
}

export class ModelLedger implements Ledger {
  readonly #accounts: (Account | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #owners: number;
  readonly #due = new Map<number, Due["closedBy"]>();

  constructor(owners = Number.POSITIVE_INFINITY) {
    this.#owners = owners;
  }

  open(limit: number, mark: number, windowDescriptors: number): number {
    if (this.#free.length === 0 && this.#accounts.length >= this.#owners) {
      throw new ConfigError("limits.owners", this.#owners, "more than there are: every owner that was planned is open");
    }
    const owner = this.#free.pop() ?? this.#accounts.length;
    const none = { inUse: 0, due: false, filled: 0, returned: 0, high: 0, low: 0, frames: 0, refused: 0, bytes: 0 };
    this.#accounts[owner] = { limit, mark, windowDescriptors, ...none, heldMs: undefined };
    return owner;
  }

  shut(owner: number): void {
    if (this.#account(owner).inUse !== 0) throw new Error(`owner ${owner} still holds mbufs`);
    this.#due.delete(owner);
    this.#accounts[owner] = undefined;
    this.#free.push(owner);
  }

  set(owner: number, limit: number, mark: number): void {
    Object.assign(this.#account(owner), { limit, mark });
  }

  inUse(owner: number): number {
    return this.#account(owner).inUse;
  }

  /** What is set aside for an owner: the greater of its limit and what it has in use. */
  held(owner: number): number {
    const { limit, inUse } = this.#account(owner);
    return Math.max(limit, inUse);
  }

  due(): Due[] {
    return [...this.#due].map(([owner, closedBy]) => ({ owner, closedBy }));
  }

  close(owner: number): Omit<LimitWindow, "closedBy" | "ms"> {
    const account = this.#account(owner);
    const { limit, filled, returned, inUse, high, low, frames, refused, bytes, heldMs } = account;
    const empty = { filled: 0, returned: 0, frames: 0, refused: 0, bytes: 0, heldMs: undefined };
    Object.assign(account, empty, { high: inUse, low: inUse, due: false });
    this.#due.delete(owner);
    return { limit, filled, returned, inUse, high, low, frames, refused, bytes, ...(heldMs && { heldMs }) };
  }

  /** Takes mbufs for a frame of so many bytes; false, and nothing taken, when the owner may not hold as many. */
  charge(owner: number, mbufs: number, bytes: number): boolean {
    const account = this.#account(owner);
    if (account.inUse + mbufs > account.limit) {
      account.refused++;
      this.#makeDue(owner, "pressure");
      return false;
    }
    account.inUse += mbufs;
    account.filled += mbufs;
    account.frames++;
    account.bytes += bytes;
    account.high = Math.max(account.high, account.inUse);
    if (account.inUse > account.mark) this.#makeDue(owner, "pressure");
    return true;
  }

  /** Gives back mbufs that were held for so long. */
  release(owner: number, mbufs: number, heldMs: number): void {
    const account = this.#account(owner);
    if (mbufs > account.inUse) throw new Error(`owner ${owner} holds ${account.inUse} mbufs, not ${mbufs}`);
    account.inUse -= mbufs;
    account.returned += mbufs;
    account.low = Math.min(account.low, account.inUse);
    const { least, most } = account.heldMs ?? { least: heldMs, most: heldMs };
    account.heldMs = { least: Math.min(least, heldMs), most: Math.max(most, heldMs) };
    if (account.returned >= account.windowDescriptors) this.#makeDue(owner, "descriptors");
  }

  #account(owner: number): Account {
    const account = this.#accounts[owner];
    if (account === undefined) throw new Error(`owner ${owner} is not open`);
    return account;
  }

  #makeDue(owner: number, closedBy: Due["closedBy"]): void {
    const account = this.#account(owner);
    if (account.due) return;
    account.due = true;
    this.#due.set(owner, closedBy);
  }
}
