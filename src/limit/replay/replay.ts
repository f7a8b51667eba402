/**
 * What limits would have done on a trace: arrivals and the consumer's departures go through a ledger in the order of their time, and the
 * keeper of the limits looks whenever a window is due, as the engine has it look. Nothing here has a clock or chance: the same trace gives
 * the same decisions. Memory goes with peers and mbufs in use, not with the length of the trace.
 */
import { Account, type Courses } from "./account.js";
import type { Consumer } from "./consumer.js";
import { Course } from "./course.js";
import { type ReplayFigures, totalsOf } from "./figures.js";
import { Gauge } from "./gauge.js";
import type { Keeper } from "./keeper.js";
import type { ReplayLedger } from "./ledger.js";
import { WatchedLedger } from "./watched-ledger.js";

/** A frame that came. Peers are numbers, given by whoever reads the trace. */
export interface ReplayArrival {
  readonly peer: number;
  /** Since the first of the trace; never less than that of the one before. */
  readonly atMs: number;
  readonly lengthBytes: number;
}

export interface ReplayOptions {
  readonly ledger: ReplayLedger;
  /** Makes the keeper; it is to open and set owners by this ledger, which passes everything on. */
  readonly keeper: (ledger: WatchedLedger) => Keeper;
  readonly consumer: Consumer;
  readonly mbufBytes: number;
  /** Of the whole trace, for the courses. */
  readonly lengthMs: number;
  /** Peers whose own course is wanted. */
  readonly followed?: readonly number[];
}

export class Replay {
  readonly #ledger: WatchedLedger;
  readonly #keeper: Keeper;
  readonly #consumer: Consumer;
  readonly #mbufBytes: number;
  readonly #lengthMs: number;
  readonly #followed: ReadonlySet<number>;
  /** By peer. */
  readonly #owners: (number | undefined)[] = [];
  /** By owner; an owner's number can come again. */
  readonly #accounts: (Account | undefined)[] = [];
  readonly #all: Account[] = [];
  readonly #courses: Courses;
  readonly #held: Gauge;
  readonly #inUse: Gauge;
  /** The peer for which the keeper opens an owner now. */
  #admitted: number | undefined;
  #nowMs = 0;
  #nextTickMs: number;
  /** Ticks in a row in which nothing happened. */
  #quietTicks = 0;

  constructor({ ledger, keeper, consumer, mbufBytes, lengthMs, followed = [] }: ReplayOptions) {
    this.#consumer = consumer;
    this.#mbufBytes = mbufBytes;
    this.#lengthMs = lengthMs;
    this.#followed = new Set(followed);
    this.#courses = this.#newCourses();
    this.#held = new Gauge(0, this.#courses.held);
    this.#inUse = new Gauge(0, this.#courses.inUse);
    this.#ledger = new WatchedLedger(ledger, {
      opened: (owner, limit, mark) => this.#opened(owner, limit, mark),
      changed: (owner, limit, mark) => this.#changed(owner, limit, mark),
      closed: (owner, window) => this.#accountOf(owner).window(this.#nowMs, window),
    });
    this.#keeper = keeper(this.#ledger);
    this.#nextTickMs = this.#keeper.tickMs;
  }

  /** A frame came: what was due before happens first, departures of the same instant too. True when it was taken. */
  arrive({ peer, atMs, lengthBytes }: ReplayArrival): boolean {
    this.#advance(atMs);
    const owner = this.#ownerOf(peer);
    // A frame of no bytes takes a buffer, too.
    const mbufs = Math.max(1, Math.ceil(lengthBytes / this.#mbufBytes));
    const isTaken = this.#ledger.charge(owner, mbufs, lengthBytes);
    this.#measured(this.#accountOf(owner), (account) => account.arrive(atMs, mbufs, isTaken));
    if (isTaken) this.#consumer.push(peer, atMs, mbufs);
    this.#happened();
    return isTaken;
  }

  /** The trace ends here; frames that are not drained by now stay in use. */
  finish(atMs: number): ReplayFigures {
    this.#advance(atMs);
    const figures = this.#all.flatMap((account) => account.figures(atMs) ?? []);
    const peers = figures.toSorted((a, b) => a.peer - b.peer);
    const { held, inUse } = this.#courses;
    return {
      totals: totalsOf(peers, this.#held, this.#inUse, atMs),
      peers,
      course: { held: held.points(), inUse: inUse.points() },
      peerCourses: this.#all.flatMap(({ peer, course }) => (peer === undefined || !course ? [] : { peer, ...course })),
    };
  }

  /** Departures and ticks until then, in the order of their time. */
  #advance(untilMs: number): void {
    for (;;) {
      const departMs = this.#consumer.nextMs;
      const nextMs = Math.min(departMs, this.#nextTickMs);
      if (nextMs > untilMs) break;
      this.#nowMs = nextMs;
      if (departMs <= nextMs) this.#depart();
      else this.#tick();
    }
    this.#nowMs = untilMs;
  }

  #depart(): void {
    const done = this.#consumer.step();
    if (!done) return;
    const owner = this.#ownerOf(done.peer);
    this.#ledger.release(owner, done.mbufs, done.doneMs - done.atMs);
    this.#measured(this.#accountOf(owner), (account) => account.depart(this.#nowMs, done.mbufs));
    this.#happened();
  }

  /** After an event: the keeper looks at once when a window is due, or when it has slept through a silence. */
  #happened(): void {
    this.#quietTicks = 0;
    if (this.#nextTickMs === Number.POSITIVE_INFINITY && this.#keeper.tickMs !== Number.POSITIVE_INFINITY) this.#tick();
    else if (this.#ledger.due().length > 0) this.#keeper.tick(this.#nowMs);
  }

  /** Until something happens there is no use in ticks that change nothing: a silence may last for years. */
  #tick(): void {
    this.#quietTicks++;
    this.#keeper.tick(this.#nowMs);
    const isSettled = this.#quietTicks > this.#keeper.settleTicks;
    this.#nextTickMs = isSettled ? Number.POSITIVE_INFINITY : this.#nowMs + this.#keeper.tickMs;
  }

  #ownerOf(peer: number): number {
    const known = this.#owners[peer];
    if (known !== undefined) return known;
    this.#admitted = peer;
    const owner = this.#keeper.admit(peer, this.#nowMs);
    this.#admitted = undefined;
    this.#owners[peer] = owner;
    return owner;
  }

  #accountOf(owner: number): Account {
    return this.#accounts[owner] as Account;
  }

  #opened(owner: number, limit: number, mark: number): void {
    const peer = this.#admitted;
    const isFollowed = peer !== undefined && this.#followed.has(peer);
    const account = new Account(peer, this.#nowMs, limit, mark, isFollowed ? this.#newCourses() : undefined);
    this.#accounts[owner] = account;
    this.#all.push(account);
    this.#held.set(this.#nowMs, this.#held.value + account.held.value);
  }

  #changed(owner: number, limit: number, mark: number): void {
    this.#measured(this.#accountOf(owner), (account) => {
      if (account.setLimit(this.#nowMs, limit, mark)) this.#quietTicks = 0;
    });
  }

  /** Does something to an account, and has the sums of all follow. */
  #measured(account: Account, change: (account: Account) => void): void {
    const [held, inUse] = [account.held.value, account.inUse.value];
    change(account);
    this.#held.set(this.#nowMs, this.#held.value + account.held.value - held);
    this.#inUse.set(this.#nowMs, this.#inUse.value + account.inUse.value - inUse);
  }

  #newCourses(): Courses {
    return { held: new Course(this.#lengthMs), inUse: new Course(this.#lengthMs) };
  }
}
