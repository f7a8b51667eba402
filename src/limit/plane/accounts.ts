/** The owners' records in linear memory (assembly/mbuf/limit.ts): opened, set, read a window at a time. */
import * as layout from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { defined } from "../../defined.js";
import { ConfigError } from "../../errors.js";
import type { Arena } from "../../memory.js";
import type { Kernels } from "../../wasm.js";
import type { Due, Ledger } from "../ledger.js";
import type { LimitWindow } from "../window.js";
import { DueRing } from "./due-ring.js";
import type { Healths } from "./healths.js";

const HELD_NOTHING = 0xffffffff;
/** No frame of a replay has more. */
const MBUFS_MAX = 2 ** 24;
/** Longer than anybody measures by. */
const HELD_MOST_US = 0xfffffffe;

/** What a window counts from 0. */
const COUNTED = [
  layout.LIMIT_RETURNED,
  layout.LIMIT_HELD_MOST,
  layout.LIMIT_REFUSED,
  layout.LIMIT_CHAINED,
  layout.LIMIT_UNFILLED,
] as const;

/** What an owner did since it was opened. */
export interface OwnerTotals {
  readonly frames: number;
  readonly refused: number;
  readonly bytes: number;
}

export class Accounts implements Ledger {
  readonly #arena: Arena;
  readonly #kernels: Kernels;
  readonly #records: number;
  readonly #count: number;
  readonly #due: DueRing;
  readonly #isDue = (owner: number) => (this.#word(owner, layout.LIMIT_FLAGS) & layout.LIMIT_F_DUE) !== 0;
  /** Numbers of owners that were shut. */
  readonly #free: number[] = [];
  readonly #open: boolean[] = [];
  /** Mbufs in use when each owner's window began. */
  readonly #began: number[] = [];
  /** Of the windows that were closed, by owner. */
  readonly #before: OwnerTotals[] = [];
  #opened = 0;
  #healths: Pick<Healths, "window" | "shut"> | undefined;

  /** Takes what planAccounts planned. */
  constructor(kernels: Kernels, arena: Arena, owners: number) {
    this.#kernels = kernels;
    this.#arena = arena;
    this.#count = owners;
    this.#records = arena.take(owners * layout.LIMIT_BYTES);
    this.#due = new DueRing(kernels, arena, owners);
  }

  /** Windows tell what these know of their owners. */
  measure(healths: Pick<Healths, "window" | "shut">): void {
    this.#healths = healths;
  }

  /** Address of the ring of owners that are due. */
  get dueRing(): number {
    return this.#due.ptr;
  }

  /** Address of an owner's record. */
  record(owner: number): number {
    return this.#records + owner * layout.LIMIT_BYTES;
  }

  /** The owner whose record is at that address. */
  ownerAt(record: number): number {
    return (record - this.#records) / layout.LIMIT_BYTES;
  }

  /** Owners that can still be opened. */
  get room(): number {
    return this.#free.length + this.#count - this.#opened;
  }

  open(limit: number, mark: number, windowDescriptors: number): number {
    if (this.room === 0) {
      throw new ConfigError("owners", this.#count + 1, `at most ${this.#count}, as planned (limits of createEngine)`);
    }
    const owner = this.#free.pop() ?? this.#opened++;
    const word = this.record(owner) >> 2;
    const { u32 } = this.#arena;
    u32.fill(0, word, word + layout.LIMIT_BYTES / 4);
    u32[word + layout.LIMIT_OWNER / 4] = owner;
    u32[word + layout.LIMIT_WINDOW / 4] = windowDescriptors;
    this.#begin(owner);
    this.setPartition(owner, owner);
    this.#open[owner] = true;
    this.#before[owner] = { frames: 0, refused: 0, bytes: 0 };
    this.set(owner, limit, mark);
    return owner;
  }

  shut(owner: number): void {
    this.#checkOwner(owner);
    if (this.inUse(owner) !== 0) throw new Error(`owner ${owner} still holds mbufs`);
    this.#healths?.shut(owner);
    // Whoever has the number next must not be due for this one's window.
    this.#begin(owner);
    this.set(owner, 0, 0);
    this.#open[owner] = false;
    this.#free.push(owner);
  }

  set(owner: number, limit: number, mark: number): void {
    const word = this.record(owner) >> 2;
    this.#arena.u32[word + layout.LIMIT_LIMIT / 4] = limit;
    this.#arena.u32[word + layout.LIMIT_MARK / 4] = Math.min(mark, limit);
  }

  limit(owner: number): number {
    return this.#word(owner, layout.LIMIT_LIMIT);
  }

  inUse(owner: number): number {
    return this.#word(owner, layout.LIMIT_IN_USE);
  }

  /** Frames that the owner was charged for, and that it could not take, since it was opened. */
  totals(owner: number): OwnerTotals {
    const before = this.#before[owner] as OwnerTotals;
    return {
      frames: before.frames + this.#frames(owner),
      refused: before.refused + this.#word(owner, layout.LIMIT_REFUSED),
      bytes: before.bytes + this.#bytes(owner),
    };
  }

  /** The owner whose peer it is; itself at first. */
  setPartition(owner: number, partition: number): void {
    const flags = this.#word(owner, layout.LIMIT_FLAGS) & ((1 << layout.LIMIT_PARTITION_SHIFT) - 1);
    this.#arena.u32[(this.record(owner) + layout.LIMIT_FLAGS) >> 2] =
      flags | (partition << layout.LIMIT_PARTITION_SHIFT);
  }

  /** Sets LIMIT_F_ bits. */
  setFlag(owner: number, flag: number): void {
    this.#arena.u32[(this.record(owner) + layout.LIMIT_FLAGS) >> 2] = this.#word(owner, layout.LIMIT_FLAGS) | flag;
  }

  due(): Due[] {
    return this.#due.owners(this.#isDue).map((owner) => {
      const isNear = (this.#word(owner, layout.LIMIT_FLAGS) & layout.LIMIT_F_PRESSURE) !== 0;
      return { owner, closedBy: isNear ? "pressure" : "descriptors" };
    });
  }

  close(owner: number): Omit<LimitWindow, "closedBy" | "ms"> {
    const inUse = this.inUse(owner);
    const least = this.#word(owner, layout.LIMIT_HELD_LEAST);
    const heldMs = { least: least / 1000, most: this.#word(owner, layout.LIMIT_HELD_MOST) / 1000 };
    const window = {
      limit: this.limit(owner),
      filled: this.#filled(owner),
      returned: this.#word(owner, layout.LIMIT_RETURNED),
      inUse,
      // What came last may be the most.
      high: Math.max(this.#word(owner, layout.LIMIT_HIGH), inUse),
      low: this.#word(owner, layout.LIMIT_LOW),
      frames: this.#frames(owner),
      refused: this.#word(owner, layout.LIMIT_REFUSED),
      bytes: this.#bytes(owner),
      ...(least === HELD_NOTHING ? {} : { heldMs }),
      ...defined({ health: this.#healths?.window(owner) }),
    };
    this.#before[owner] = this.totals(owner);
    this.#begin(owner);
    return window;
  }

  /** Charges mbufs that nobody has: for a replay of a capture, and tests. False, counted, when the owner may hold no more. */
  charge(owner: number, mbufs: number, bytes: number): boolean {
    this.#checkOwner(owner);
    checkInteger("mbufs", mbufs, 1, MBUFS_MAX);
    checkInteger("bytes", bytes, 0, 2 ** 32 - 1);
    return this.#kernels.limitCharge(this.dueRing, this.record(owner), mbufs, bytes) !== 0;
  }

  /** Gives back mbufs that charge took, after so long. */
  release(owner: number, mbufs: number, heldMs: number): void {
    this.#checkOwner(owner);
    checkInteger("mbufs", mbufs, 1, this.inUse(owner));
    if (!(heldMs >= 0)) throw new ConfigError("heldMs", heldMs, "0 or more");
    const heldUs = Math.min(Math.round(heldMs * 1000), HELD_MOST_US);
    this.#kernels.limitRelease(this.dueRing, this.record(owner), mbufs, heldUs);
  }

  /** A batch was handed to the owner that had so many mbufs, and could have had as many as its limit says. */
  batch(owner: number, mbufs: number): void {
    this.#kernels.limitBatch(this.dueRing, this.record(owner), mbufs);
  }

  #checkOwner(owner: number): void {
    if (this.#open[owner] !== true) throw new ConfigError("owner", owner, "one that is open");
  }

  /** A window begins with what is in use. */
  #begin(owner: number): void {
    const { u32, u64 } = this.#arena;
    const word = this.record(owner) >> 2;
    const inUse = this.inUse(owner);
    this.#began[owner] = inUse;
    for (const field of COUNTED) u32[word + field / 4] = 0;
    u32[word + layout.LIMIT_HIGH / 4] = inUse;
    u32[word + layout.LIMIT_LOW / 4] = inUse;
    u32[word + layout.LIMIT_HELD_LEAST / 4] = HELD_NOTHING;
    u32[word + layout.LIMIT_FLAGS / 4] = this.#word(owner, layout.LIMIT_FLAGS) & ~layout.LIMIT_F_DUE;
    u64[(this.record(owner) + layout.LIMIT_CHARGED_BYTES) >> 3] = 0n;
    this.#due.skip(this.#isDue);
  }

  /** Mbufs that were filled since the window began: those that came back with something in them, and what is in use more. */
  #filled(owner: number): number {
    const more = this.inUse(owner) - (this.#began[owner] as number);
    return more + this.#word(owner, layout.LIMIT_RETURNED) - this.#word(owner, layout.LIMIT_UNFILLED);
  }

  #frames(owner: number): number {
    return this.#filled(owner) - this.#word(owner, layout.LIMIT_CHAINED);
  }

  #bytes(owner: number): number {
    return Number(this.#arena.u64[(this.record(owner) + layout.LIMIT_CHARGED_BYTES) >> 3]);
  }

  #word(owner: number, offset: number): number {
    return this.#arena.u32[(this.record(owner) + offset) >> 2] as number;
  }
}
