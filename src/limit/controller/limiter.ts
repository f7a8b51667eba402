/**
 * The controller of a ledger: it closes windows, judges them (step.ts), shares the wall (tree.ts, grant.ts), and writes limits and marks.
 *
 *   const limiter = new Limiter(ledger, { wall: 16384 });
 *   limiter.addPartition("web", { ceiling: 8192 }, { floor: 16, preset: 64 });
 *   const owner = limiter.addPeer("web", "192.0.2.1"); // the number to charge this peer's frames to
 *   for (const event of limiter.tick(nowMs)) console.log(reasonText(event.reason));
 *
 * It has no clock, no timer and no randomness: time is handed in, in milliseconds of any clock that runs forward; one that steps back
 * stands still. A tick costs by owners that are due, not by owners. Called late it decides late, and never exceeds the wall.
 */
import { checkInteger, checkOneOf } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { LimitEvent } from "../event.js";
import type { Ledger } from "../ledger.js";
import type { LimitPolicy } from "../policy.js";
import type { LimitWindow } from "../window.js";
import { admit } from "./admission.js";
import { type CarriedLimits, carriedLimits, checkCarriedLimits, newPeers } from "./carried.js";
import { Changes } from "./changes.js";
import { fill, grant } from "./grant.js";
import { firstMark } from "./mark.js";
import { Owner, Partition } from "./owner.js";
import { type CheckedPolicy, checkPolicy, LIMIT_MAX } from "./policy-check.js";
import { type OwnerReport, reportOf } from "./report.js";
import { Roster } from "./roster.js";
import { Series, type SeriesPoint } from "./series.js";
import { type LimiterSnapshot, type OwnerSnapshot, partitionSnapshot, placesOf } from "./snapshot.js";
import { type StepResult, step } from "./step.js";
import { Tree } from "./tree.js";
import { Windows } from "./windows.js";

export interface LimiterOptions {
  /** Mbufs that all owners together may hold, 1 to 16777216. */
  readonly wall: number;
  /** The unit of all limits and the wall; policies must not say otherwise. "held" by default. */
  readonly reading?: "held" | "batch";
  /** Windows of each owner that are kept for plots; none by default. */
  readonly series?: number;
  /** The time now; by default what the first call that tells it says. */
  readonly nowMs?: number;
}

/** Windows of an owner that can be kept. */
export const SERIES_MAX = 1_000_000;

/** An owner whose window a tick has closed. */
interface Closed {
  readonly owner: Owner;
  readonly window: LimitWindow;
  readonly result: StepResult;
}

export class Limiter {
  readonly #ledger: Ledger;
  readonly #tree: Tree;
  readonly #reading: "held" | "batch";
  readonly #seriesSize: number;
  readonly #roster = new Roster();
  readonly #windows: Windows;
  readonly #changes = new Changes();
  #nowMs: number;
  /** Nobody has told the time yet. */
  #isTimeless: boolean;
  readonly #inUse = (owner: Owner) => this.#ledger.inUse(owner.id);

  constructor(ledger: Ledger, options: LimiterOptions) {
    this.#ledger = ledger;
    this.#tree = new Tree(checkInteger("wall", options.wall, 1, LIMIT_MAX));
    this.#reading = checkOneOf("reading", options.reading ?? "held", ["held", "batch"]);
    this.#seriesSize = checkInteger("series", options.series ?? 0, 0, SERIES_MAX);
    this.#nowMs = checkTime(options.nowMs ?? 0);
    this.#isTimeless = options.nowMs === undefined;
    this.#windows = new Windows(ledger);
  }

  get wall(): number {
    return this.#tree.wall;
  }

  /** Mbufs set aside for all owners; never more than the wall. */
  get committed(): number {
    return this.#tree.committed;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** When tick has a window to close, if no mbuf makes one due before; undefined while nothing happens. */
  get nextTickMs(): number | undefined {
    return this.#windows.nextMs;
  }

  /**
   * A partition with a record of its own, for what belongs to no peer's, and how its peers' limits move, if it has peers. Its ceiling holds
   * for all of them together. Returns the record's number. Throws ConfigError for a bad policy, a name that there is, a wall that has no
   * room for all floors, and a ledger that has no number left.
   */
  addPartition(name: string, policy: LimitPolicy = {}, peerPolicy?: LimitPolicy): number {
    this.#roster.checkNewPartition(name);
    const key = `partitions.${name}`;
    const checked = this.#check(key, policy);
    const peers = peerPolicy && this.#check(`${key}.peers`, peerPolicy);
    const left = checked.ceiling - checked.floor;
    if (peers && peers.floor > left) {
      throw new ConfigError(
        `${key}.peers.floor`,
        peers.floor,
        `at most ${left}, what the partition's own floor leaves`,
      );
    }
    const floors = this.#tree.floors + checked.floor;
    if (floors > this.wall) throw new ConfigError("wall", this.wall, `at least ${floors}, the sum of all floors`);
    const own = this.#open(new Partition(this.#roster.nextTurn(), name, checked, peers), undefined, checked);
    if (own !== undefined) return own.id;
    const needed = this.committed + checked.floor;
    throw new ConfigError("wall", this.wall, `at least ${needed} while others have so many mbufs in use`);
  }

  /**
   * A record for a peer of a partition: its number, or undefined while there is no room for its floor; its frames are the partition's own
   * then. Throws ConfigError for a partition that is not there or has no peers, and for a name that there is.
   */
  addPeer(partitionName: string, name: string): number | undefined {
    const partition = this.#roster.partition(partitionName);
    const policy = partition.peerPolicy;
    if (!policy) throw new ConfigError("partition", partitionName, "one that was added with a policy for peers");
    this.#roster.checkNewPeer(partition, name);
    return this.#open(partition, name, policy)?.id;
  }

  /** Takes a partition with all its peers, or one peer, out. A record that holds mbufs stays, and gets no more, until they are back. */
  remove(partitionName: string, peer?: string): void {
    for (const owner of this.#roster.strike(partitionName, peer)) {
      this.#tree.drain(owner, this.#inUse(owner));
      this.#changes.forget(owner);
      this.#windows.mark(owner, 0);
      this.#drained(owner);
    }
  }

  /** The time is nowMs, as of which owners are added until the next call; no window is closed. A time before the last one counts as that. */
  at(nowMs: number): void {
    if (this.#isTimeless) this.#shift(checkTime(nowMs) - this.#nowMs);
    this.#isTimeless = false;
    this.#nowMs = Math.max(this.#nowMs, checkTime(nowMs));
  }

  /** Closes windows that are due and those whose time is over; returns what has changed since the last tick. */
  tick(nowMs: number): LimitEvent[] {
    this.at(nowMs);
    const closed: Closed[] = [];
    for (const { owner: id, closedBy } of this.#ledger.due()) {
      const owner = this.#roster.byId(id);
      if (owner) this.#close(owner, closedBy, closed);
    }
    for (let owner = this.#windows.ended(this.#nowMs); owner; owner = this.#windows.ended(this.#nowMs)) {
      this.#close(owner, "time", closed);
    }
    this.#grant(closed);
    for (const { owner, window } of closed) {
      this.#windows.arm(owner, window, this.#nowMs);
      owner.series?.add(this.#nowMs, owner.limit, window);
    }
    return this.#changes.take(this.#nowMs);
  }

  /** True for the name of a partition. */
  has(partitionName: string): boolean {
    return this.#roster.has(partitionName);
  }

  /** What is known of an owner: a partition's own record, or a peer's. */
  report(partitionName: string, peer?: string): OwnerReport {
    return reportOf(this.#roster.owner(partitionName, peer), this.#inUse);
  }

  /** Of all owners, removed ones that still hold mbufs, too, in the order in which they came. */
  reports(): OwnerReport[] {
    return this.#roster.owners.map((owner) => reportOf(owner, this.#inUse));
  }

  /** An owner's last windows, as many as the option says. */
  series(partitionName: string, peer?: string): readonly SeriesPoint[] {
    return this.#roster.owner(partitionName, peer).series?.points ?? [];
  }

  /** All that is known, as plain data for JSON. */
  snapshot(): LimiterSnapshot {
    const partitions = this.#roster.partitions.map(partitionSnapshot);
    return { version: 1, wall: this.wall, reading: this.#reading, nowMs: this.#nowMs, partitions };
  }

  /**
   * A controller that goes on where another was, with owners of its own in a ledger. Under a lower wall everybody keeps his floor, and of
   * limits above that what fits. With nowMs, the time of another clock, windows go on there. Throws ConfigError for a wall that has no room
   * for all floors.
   */
  static restore(
    ledger: Ledger,
    snapshot: LimiterSnapshot,
    { nowMs, ...options }: Pick<Partial<LimiterOptions>, "wall" | "series" | "nowMs"> = {},
  ): Limiter {
    const { wall, reading } = snapshot;
    const limiter = new Limiter(ledger, { wall, reading, nowMs: snapshot.nowMs, ...options });
    limiter.#take(snapshot);
    if (nowMs !== undefined) limiter.#shift(checkTime(nowMs) - snapshot.nowMs);
    return limiter;
  }

  /** What is known of a partition and its peers, for another controller's resume. */
  carried(partitionName: string, nowMs: number): CarriedLimits {
    return carriedLimits(this.#roster.partition(partitionName), nowMs);
  }

  /** Peers of a partition that resume would add. Throws ConfigError for what resume could not take in. */
  checkCarried(partitionName: string, carried: CarriedLimits): string[] {
    const partition = this.#roster.partition(partitionName);
    checkCarriedLimits(this.#tree, this.#roster.owners, partition, carried, this.#inUse);
    return newPeers(partition, carried);
  }

  /**
   * A partition goes on where it was under another controller; its peers come with it. Everybody has his floor, and of limits above that what
   * fits. Returns the numbers of peers that are new; what checkCarried refuses may not be given.
   */
  resume(partitionName: string, { owners }: CarriedLimits, nowMs: number): { peer: string; owner: number }[] {
    const partition = this.#roster.partition(partitionName);
    const there = [partition.own as Owner, ...partition.peers.values()];
    const wishes = there.map((owner) => ({ owner, limit: owner.limit }));
    this.#tree.refresh(this.#inUse);
    for (const owner of there) {
      this.#tree.wait(owner, "not");
      this.#tree.set(owner, owner.floor, this.#inUse(owner));
    }
    const fresh = owners.filter(({ peer }) => peer !== undefined && !partition.peers.has(peer));
    this.#clear(fresh.length * (partition.peerPolicy?.floor ?? 0), partition);
    const opened = fresh.flatMap(({ peer }) => {
      const policy = partition.peerPolicy as CheckedPolicy;
      const owner = this.#open(partition, peer, policy, policy.floor);
      return owner ? [{ peer: peer as string, owner: owner.id }] : [];
    });
    const carried = owners.flatMap((saved) => {
      const owner = saved.peer === undefined ? partition.own : partition.peers.get(saved.peer);
      return owner ? [{ owner, saved, limit: saved.limit }] : [];
    });
    const others = wishes.filter(({ owner }) => carried.every((one) => one.owner !== owner));
    fill(this.#tree, [...carried, ...others], this.#inUse, () => 0);
    for (const { owner } of others) this.#windows.mark(owner, firstMark(owner.policy, owner.limit));
    for (const { owner, saved } of carried) {
      const { windowForMs, seenForMs } = saved;
      this.#resume(owner, { ...saved, windowAtMs: nowMs - windowForMs, seenAtMs: nowMs - seenForMs });
    }
    return opened;
  }

  /** Limits of others go down, those furthest above their floors first, until so many mbufs can be set aside. */
  #clear(needed: number, { name }: Partition): void {
    for (let from = this.#tree.over.top; from && this.#tree.wallRoom < needed; from = this.#tree.over.top) {
      const owner = from.over.top;
      if (!owner) return;
      const before = owner.limit;
      const cut = Math.min(before - owner.floor, needed - this.#tree.wallRoom);
      this.#tree.set(owner, before - cut, this.#inUse(owner));
      this.#lowered(owner, before, name, undefined);
    }
  }

  /** The clock is another, by so much. */
  #shift(byMs: number): void {
    this.#nowMs += byMs;
    for (const owner of this.#roster.owners) {
      owner.windowAtMs += byMs;
      owner.seenAtMs += byMs;
      if (!owner.dormant) this.#windows.run(owner);
    }
  }

  #take(snapshot: LimiterSnapshot): void {
    const places = placesOf(snapshot, this.wall, () => this.#roster.nextTurn());
    // Floors first, so that nobody's limit takes another's.
    const opened = places.flatMap(({ partition, policy, saved }) => {
      const owner = this.#open(partition, saved.peer, policy, policy.floor);
      return owner ? [{ owner, saved }] : [];
    });
    const wishes = opened.map(({ owner, saved: { limit } }) => ({ owner, limit }));
    fill(this.#tree, wishes, this.#inUse, () => 0);
    for (const { owner, saved } of opened) this.#resume(owner, saved);
  }

  #resume(owner: Owner, was: Omit<OwnerSnapshot, "turn">): void {
    this.#tree.wait(owner, was.waiting);
    owner.state = was.state;
    owner.windowAtMs = was.windowAtMs;
    owner.seenAtMs = was.seenAtMs;
    this.#windows.run(owner);
    if (was.dormant) this.#windows.sleep(owner, was.mark);
    else this.#windows.mark(owner, owner.limit === was.limit ? was.mark : firstMark(owner.policy, owner.limit));
  }

  #check(key: string, policy: LimitPolicy): CheckedPolicy {
    const checked = checkPolicy(key, { reading: this.#reading, ...policy });
    if (checked.reading === this.#reading) return checked;
    throw new ConfigError(`${key}.reading`, checked.reading, `"${this.#reading}", as the wall is counted`);
  }

  #open(
    partition: Partition,
    peer: string | undefined,
    policy: CheckedPolicy,
    preset = policy.preset,
  ): Owner | undefined {
    const { limit, lowered } = admit(this.#tree, partition, { ...policy, preset }, this.#inUse);
    for (const [owner, from] of lowered) this.#lowered(owner, from, partition.name, peer);
    if (limit === undefined) return undefined;
    const written = { limit, mark: firstMark(policy, limit) };
    const id = this.#number(limit, written.mark, policy, partition);
    const turn = this.#roster.nextTurn();
    const owner = new Owner({ id, turn, peer, partition, policy, nowMs: this.#nowMs, written });
    this.#tree.set(owner, limit, 0);
    this.#roster.enter(owner);
    if (this.#seriesSize > 0) owner.series = new Series(this.#seriesSize);
    this.#windows.run(owner);
    return owner;
  }

  /** A number of the ledger's. When it has none left, the floor that was reserved for the owner is free again. */
  #number(limit: number, mark: number, { floor, window }: CheckedPolicy, partition: Partition): number {
    try {
      return this.#ledger.open(limit, mark, window.descriptors);
    } catch (error) {
      this.#tree.reserve(partition, -floor);
      throw error;
    }
  }

  /** Forgets a removed owner once it holds nothing; until then it is looked at once in a window's time. */
  #drained(owner: Owner): void {
    const inUse = this.#inUse(owner);
    this.#tree.set(owner, 0, inUse);
    this.#windows.stop(owner);
    if (inUse === 0) {
      this.#ledger.shut(owner.id);
      this.#roster.forget(owner);
      return;
    }
    owner.windowAtMs = this.#nowMs;
    this.#windows.run(owner);
  }

  #close(owner: Owner, closedBy: LimitWindow["closedBy"], closed: Closed[]): void {
    const window = this.#windows.close(owner, closedBy, this.#nowMs);
    if (owner.draining) {
      this.#drained(owner);
      return;
    }
    const result = step(owner.policy, owner.state, window);
    owner.state = result.state;
    // Its time is over, or it would be found again.
    this.#windows.stop(owner);
    if (result.limit <= owner.limit) {
      this.#tree.wait(owner, "not");
      if (result.limit < owner.limit) this.#changes.add(owner, { from: owner.limit, reason: result.reason, window });
      this.#tree.set(owner, result.limit, window.inUse);
    }
    closed.push({ owner, window, result });
  }

  #grant(closed: readonly Closed[]): void {
    const wishes = closed.filter(({ owner, result }) => result.limit > owner.limit);
    if (wishes.length === 0) return;
    const before = wishes.map(({ owner }) => owner.limit);
    this.#tree.refresh(this.#inUse);
    const lowered = grant(
      this.#tree,
      wishes.map(({ owner, result }) => ({ owner, limit: result.limit })),
      this.#inUse,
    );
    for (const [i, { owner, result, window }] of wishes.entries()) {
      const from = before[i] as number;
      if (owner.limit > from) this.#changes.add(owner, { from, reason: result.reason, window });
    }
    for (const [owner, { from, for: other }] of lowered) this.#lowered(owner, from, other.partition.name, other.peer);
  }

  #lowered(owner: Owner, from: number, partition: string, peer: string | undefined): void {
    const reason = { code: "shared", limit: from, partition, ...(peer !== undefined && { peer }) } as const;
    this.#changes.add(owner, { from, reason });
    this.#windows.mark(owner, firstMark(owner.policy, owner.limit));
  }
}

function checkTime(nowMs: number): number {
  if (Number.isFinite(nowMs)) return nowMs;
  throw new ConfigError("nowMs", nowMs, "a finite number of milliseconds");
}
