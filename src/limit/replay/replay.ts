/**
 * What limits would have done on a trace: arrivals and the consumer's departures go through a ledger in the order of their time, and the
 * keeper of the limits looks whenever a window is due, as the engine has it look. Nothing here has a clock or chance: the same trace gives
 * the same decisions. Memory goes with peers and mbufs in use, not with the length of the trace.
 */
import { Account, type Courses } from "./account.js";
import type { Consumer } from "./consumer.js";
import { Course } from "./course.js";
import { type LimitReplayFigures, totalsOf } from "./figures.js";
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

export interface LimitReplayOptions {
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

export class LimitReplay {
  readonly #ledger: WatchedLedger;
  readonly #keeper: Keeper;
  readonly #consumer: Consumer;
  readonly #mbufBytes: number;
  readonly #lengthMs: number;
  readonly #followed: ReadonlySet<number>;
  /** By peer: who its mbufs are charged to, and what is written down of it. */
  readonly #owners: (number | undefined)[] = [];
  readonly #peers: (Account | undefined)[] = [];
  /** The same by owner. */
  readonly #accounts: Account[] = [];
  readonly #courses: Courses;
  readonly #held: Gauge;
  readonly #inUse: Gauge;
  /** The peer for which the keeper opens an owner now. */
  #admitted: Account | undefined;
  #nowMs = 0;
  /** Since when nothing has happened and no limit has changed. */
  #quietSinceMs = 0;
  #isAsleep = false;

  constructor({ ledger, keeper, consumer, mbufBytes, lengthMs, followed = [] }: LimitReplayOptions) {
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
      closed: (owner, window) => this.#accounts[owner]?.window(this.#nowMs, window),
    });
    this.#keeper = keeper(this.#ledger);
  }

  /** A frame came: what was due before happens first, departures of the same instant too. True when it was taken. */
  arrive({ peer, atMs, lengthBytes }: ReplayArrival): boolean {
    this.#advance(atMs);
    const account = this.#accountOf(peer);
    // A frame of no bytes takes a buffer, too.
    const mbufs = Math.max(1, Math.ceil(lengthBytes / this.#mbufBytes));
    const owner = this.#ownerOf(account);
    const isTaken = owner !== undefined && this.#ledger.charge(owner, mbufs, lengthBytes);
    this.#measured(account, () => account.arrive(atMs, mbufs, isTaken));
    if (isTaken) this.#consumer.push(peer, atMs, mbufs);
    this.#happened();
    return isTaken;
  }

  /** The trace ends here; frames that are not drained by now stay in use. */
  finish(atMs: number): LimitReplayFigures {
    this.#advance(atMs);
    // Peers are numbers, and not every number has sent something.
    const accounts = this.#peers.filter((account) => account !== undefined);
    const peers = accounts.map((account) => account.figures(atMs));
    const { held, inUse } = this.#courses;
    return {
      totals: totalsOf(peers, this.#held, this.#inUse, atMs),
      peers,
      course: { held: held.points(), inUse: inUse.points() },
      peerCourses: accounts.flatMap(({ peer, course }) => (course ? { peer, ...course } : [])),
    };
  }

  /** Departures and ticks until then, in the order of their time. */
  #advance(untilMs: number): void {
    for (;;) {
      const departMs = this.#consumer.nextMs;
      const tickMs = this.#isAsleep ? Number.POSITIVE_INFINITY : Math.max(this.#keeper.nextMs, this.#nowMs);
      const nextMs = Math.min(departMs, tickMs);
      if (nextMs > untilMs || nextMs === Number.POSITIVE_INFINITY) break;
      this.#nowMs = nextMs;
      if (departMs <= tickMs) this.#depart();
      else this.#tick();
    }
    this.#nowMs = untilMs;
  }

  #depart(): void {
    const done = this.#consumer.step();
    if (!done) return;
    const { peer, mbufs, atMs } = done;
    this.#ledger.release(this.#owners[peer] as number, mbufs, this.#nowMs - atMs);
    const account = this.#accountOf(peer);
    this.#measured(account, () => account.depart(this.#nowMs, mbufs));
    this.#happened();
  }

  /** After an event the keeper looks at once when a window is due, or when it has slept through a silence. */
  #happened(): void {
    this.#quietSinceMs = this.#nowMs;
    if (!this.#isAsleep && this.#ledger.due().length === 0) return;
    this.#isAsleep = false;
    this.#keeper.tick(this.#nowMs);
  }

  /** Until something happens there is no use in ticks that change nothing: a silence may last for years. */
  #tick(): void {
    this.#keeper.tick(this.#nowMs);
    this.#isAsleep = this.#nowMs - this.#quietSinceMs > this.#keeper.settleMs;
  }

  #accountOf(peer: number): Account {
    let account = this.#peers[peer];
    if (!account) {
      account = new Account(peer, this.#nowMs, this.#followed.has(peer) ? this.#newCourses() : undefined);
      this.#peers[peer] = account;
    }
    return account;
  }

  #ownerOf(account: Account): number | undefined {
    const known = this.#owners[account.peer];
    if (known !== undefined) return known;
    this.#admitted = account;
    const owner = this.#keeper.admit(account.peer, this.#nowMs);
    this.#admitted = undefined;
    this.#owners[account.peer] = owner;
    return owner;
  }

  #opened(owner: number, limit: number, mark: number): void {
    const account = this.#admitted;
    if (!account) throw new Error("the keeper opened an owner that is no peer's");
    this.#accounts[owner] = account;
    this.#measured(account, () => account.open(this.#nowMs, limit, mark));
  }

  #changed(owner: number, limit: number, mark: number): void {
    const account = this.#accounts[owner] as Account;
    this.#measured(account, () => {
      if (account.setLimit(this.#nowMs, limit, mark)) this.#quietSinceMs = this.#nowMs;
    });
  }

  /** Does something to an account, and has the sums of all follow. */
  #measured(account: Account, change: () => void): void {
    const held = account.held.value;
    const inUse = account.inUse.value;
    change();
    this.#held.set(this.#nowMs, this.#held.value + account.held.value - held);
    this.#inUse.set(this.#nowMs, this.#inUse.value + account.inUse.value - inUse);
  }

  #newCourses(): Courses {
    return { held: new Course(this.#lengthMs), inUse: new Course(this.#lengthMs) };
  }
}
