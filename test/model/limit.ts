/**
 * The controller, the slow way: every sum, share, order and deadline is found by walking over all owners, whenever it is asked for. The step
 * itself (a table of its own in test/limit/step.test.ts), marks and filling by weight are the real ones.
 */
import { fillByWeight } from "../../src/limit/controller/fill.js";
import { firstMark, nextMark } from "../../src/limit/controller/mark.js";
import { type CheckedPolicy, checkPolicy } from "../../src/limit/controller/policy-check.js";
import { firstState, type StepState, step } from "../../src/limit/controller/step.js";
import type { Ledger } from "../../src/limit/ledger.js";
import type { LimitPolicy } from "../../src/limit/policy.js";
import type { LimitWindow } from "../../src/limit/window.js";

interface ModelPartition {
  readonly name: string;
  readonly turn: number;
  readonly policy: CheckedPolicy;
  readonly peerPolicy: CheckedPolicy;
}

interface ModelOwner {
  readonly id: number;
  readonly turn: number;
  readonly partition: ModelPartition;
  readonly peer: string | undefined;
  readonly policy: CheckedPolicy;
  floor: number;
  limit: number;
  state: StepState;
  waiting: "not" | "ceiling" | "wall";
  draining: boolean;
  dormant: boolean;
  windowAtMs: number;
  seenAtMs: number;
}

/** What changed: who, from what, to what. */
export type ModelChange = [owner: number, from: number, to: number];

export class ModelLimiter {
  readonly #ledger: Ledger;
  readonly #wall: number;
  #owners: ModelOwner[] = [];
  /** Floors of newcomers that have no owner yet. */
  #reserved: { partition: ModelPartition; floor: number } | undefined;
  #before = new Map<ModelOwner, number>();
  #turns = 0;
  #nowMs = 0;

  constructor(ledger: Ledger, wall: number) {
    this.#ledger = ledger;
    this.#wall = wall;
  }

  limits(): [owner: number, limit: number][] {
    return this.#owners.map(({ id, limit }) => [id, limit]);
  }

  addPartition(name: string, policy: LimitPolicy, peerPolicy: LimitPolicy): number | undefined {
    const turn = this.#turns++;
    const partition = { name, turn, policy: checkPolicy("p", policy), peerPolicy: checkPolicy("p", peerPolicy) };
    return this.#open(partition, undefined, partition.policy);
  }

  addPeer(name: string, peer: string): number | undefined {
    const partition = this.#partition(name);
    return this.#open(partition, peer, partition.peerPolicy);
  }

  remove(name: string, peer?: string): void {
    const partition = this.#partition(name);
    const gone = this.#owners.filter((o) => o.partition === partition && !o.draining);
    for (const owner of gone.filter((o) => peer === undefined || o.peer === peer)) {
      Object.assign(owner, { draining: true, limit: 0, floor: 0, waiting: "not", dormant: false });
      this.#before.delete(owner);
      this.#ledger.set(owner.id, 0, 0);
      this.#drained(owner);
    }
  }

  tick(nowMs: number): ModelChange[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const closed: { owner: ModelOwner; window: LimitWindow; limit: number }[] = [];
    for (const { owner, closedBy } of this.#ledger.due()) this.#close(this.#byId(owner), closedBy, closed);
    for (const owner of this.#overdue(closed.map((c) => c.owner))) this.#close(owner, "time", closed);
    this.#grant(closed.filter(({ owner, limit }) => limit > owner.limit));
    for (const { owner, window } of closed) this.#arm(owner, window);
    const changes = [...this.#before].map(([o, from]): ModelChange => [o.id, from, o.limit]);
    this.#before.clear();
    return changes.filter(([, from, to]) => from !== to).sort(([a], [b]) => a - b);
  }

  #overdue(closed: readonly ModelOwner[]): ModelOwner[] {
    const endMs = (o: ModelOwner) => o.windowAtMs + o.policy.window.ms;
    const over = this.#owners.filter((o) => !o.dormant && !closed.includes(o) && endMs(o) <= this.#nowMs);
    return over.sort((a, b) => endMs(a) - endMs(b) || a.turn - b.turn);
  }

  #close(owner: ModelOwner, closedBy: LimitWindow["closedBy"], closed: object[]): void {
    const window = { closedBy, ms: this.#nowMs - owner.seenAtMs, ...this.#ledger.close(owner.id) };
    owner.seenAtMs = this.#nowMs;
    if (owner.draining) return void this.#drained(owner);
    const { state, limit } = step(owner.policy, owner.state, window);
    owner.state = state;
    if (limit <= owner.limit) {
      owner.waiting = "not";
      this.#set(owner, limit);
    }
    closed.push({ owner, window, limit });
  }

  #drained(owner: ModelOwner): void {
    owner.windowAtMs = this.#nowMs;
    if (this.#ledger.inUse(owner.id) > 0) return;
    this.#ledger.shut(owner.id);
    this.#owners = this.#owners.filter((o) => o !== owner);
  }

  #arm(owner: ModelOwner, window: LimitWindow): void {
    const isWhole = owner.state.span === undefined;
    if (isWhole) owner.windowAtMs = this.#nowMs;
    const isQuiet = window.filled + window.returned + window.refused === 0 && window.inUse <= owner.limit;
    owner.dormant = isWhole && isQuiet && owner.limit === owner.floor && owner.waiting === "not";
    const isNext = window.closedBy === "pressure" && window.limit === owner.limit;
    const { policy, limit } = owner;
    const awake = isNext ? nextMark(policy, limit, window.inUse) : firstMark(policy, limit);
    this.#ledger.set(owner.id, limit, owner.dormant ? window.inUse : awake);
  }

  #open(partition: ModelPartition, peer: string | undefined, policy: CheckedPolicy): number | undefined {
    const { floor, preset, window } = policy;
    const members = this.#owners.filter((o) => o.partition === partition);
    if (this.#floors(this.#owners) + floor > this.#wall) return undefined;
    if (this.#floors(members) + floor > partition.policy.ceiling) return undefined;
    this.#reserved = { partition, floor };
    if (this.#room(partition) < floor) this.#makeRoom(partition, floor);
    this.#reserved = undefined;
    const room = this.#room(partition);
    if (room < floor) return undefined;
    const limit = this.#isAwaited(partition) ? floor : Math.min(preset, room);
    const id = this.#ledger.open(limit, firstMark(policy, limit), window.descriptors);
    const [turn, nowMs] = [this.#turns++, this.#nowMs];
    const flags = { waiting: "not", draining: false, dormant: false, windowAtMs: nowMs, seenAtMs: nowMs } as const;
    this.#owners.push({ id, turn, partition, peer, policy, floor, limit, state: firstState(limit), ...flags });
    return id;
  }

  #grant(wishes: readonly { owner: ModelOwner; limit: number }[]): void {
    if (wishes.length === 0) return;
    for (const { owner } of wishes) if (owner.waiting === "not") owner.waiting = "ceiling";
    const shared = wishes.map(({ owner, limit }) => {
      return { owner, limit: Math.min(limit, this.#share(owner, this.#held(owner.partition))) };
    });
    const worth = (owner: ModelOwner) => Math.ceil(owner.limit / 8);
    this.#fill(shared, worth);
    let made = false;
    for (const { owner, limit } of shared) {
      const needed = limit - owner.limit;
      if (needed >= worth(owner)) made = this.#makeRoom(owner.partition, needed) || made;
    }
    if (made) this.#fill(shared, worth);
    for (const { owner, limit } of shared) {
      const needed = limit - owner.limit;
      const wallRoom = this.#wall - this.#sum(this.#owners, (o) => this.#committed(o));
      owner.waiting = needed < worth(owner) ? "not" : wallRoom < needed ? "wall" : "ceiling";
    }
    const rest = wishes.filter(({ owner }) => owner.waiting === "not" && !this.#isAwaited(owner.partition));
    this.#fill(rest, (owner, wanted) => Math.min(worth(owner), wanted));
  }

  #fill(
    wishes: readonly { owner: ModelOwner; limit: number }[],
    least: (owner: ModelOwner, wanted: number) => number,
  ): void {
    const open = wishes.filter(({ owner, limit }) => limit > owner.limit);
    const partitions = [...new Set(open.map(({ owner }) => owner.partition))];
    const more = ({ owner, limit }: { owner: ModelOwner; limit: number }) => limit - owner.limit;
    const of = (p: ModelPartition) => open.filter(({ owner }) => owner.partition === p);
    const vessels = partitions.map((p) => {
      const wants = Math.min(this.#room(p), this.#sum(of(p), more));
      return { weight: p.policy.weight, has: this.#limits(p) - this.#floorsOf(p), wants };
    });
    const wallRoom = this.#wall - this.#sum(this.#owners, (o) => this.#committed(o));
    const rooms = fillByWeight(vessels, Math.max(0, wallRoom));
    for (const [i, p] of partitions.entries()) {
      const list = of(p);
      const inner = list.map((wish) => {
        const { owner } = wish;
        return { weight: owner.policy.weight, has: owner.limit - owner.floor, wants: more(wish) };
      });
      const given = fillByWeight(inner, rooms[i] as number);
      for (const [at, wish] of list.entries()) {
        const mbufs = given[at] as number;
        if (mbufs >= least(wish.owner, more(wish))) this.#set(wish.owner, wish.owner.limit + mbufs);
      }
    }
  }

  /** True when a limit was lowered. */
  #makeRoom(partition: ModelPartition, needed: number): boolean {
    let lowered = false;
    const take = (from: ModelPartition, amount: number, ofMbufs: number) => {
      let left = amount;
      while (left > 0) {
        const top = first(
          this.#owners.filter((o) => o.partition === from && o.limit > o.floor),
          (o) => (o.limit - o.floor) / o.policy.weight,
        );
        const surplus = top ? top.limit - this.#share(top, ofMbufs) : 0;
        if (!top || surplus <= 0) break;
        const cut = Math.min(surplus, left);
        this.#set(top, top.limit - cut);
        this.#ledger.set(top.id, top.limit, firstMark(top.policy, top.limit));
        lowered = true;
        left -= cut;
      }
      return amount - left;
    };
    let lacking = needed - (this.#wall - this.#sum(this.#owners, (o) => this.#committed(o)));
    while (lacking > 0) {
      const over = (p: ModelPartition) => this.#limits(p) - this.#floorsOf(p);
      const from = first(
        this.#partitions().filter((p) => over(p) > 0),
        (p) => over(p) / p.policy.weight,
      );
      if (!from || from === partition) break;
      const owed = this.#shareOf(partition) - this.#limits(partition);
      const surplus = Math.min(this.#limits(from) - this.#shareOf(from), owed);
      const taken = surplus > 0 ? take(from, Math.min(lacking, surplus), this.#shareOf(from)) : 0;
      if (taken === 0) break;
      lacking -= taken;
    }
    const used = this.#sum(this.#owners, (o) => (o.partition === partition ? this.#committed(o) : 0));
    lacking = Math.max(lacking, needed - (partition.policy.ceiling - used));
    if (lacking > 0) take(partition, lacking, this.#held(partition));
    return lowered;
  }

  #set(owner: ModelOwner, limit: number): void {
    if (limit === owner.limit) return;
    if (!this.#before.has(owner)) this.#before.set(owner, owner.limit);
    owner.limit = limit;
  }

  #committed(owner: ModelOwner): number {
    return Math.max(owner.limit, this.#ledger.inUse(owner.id));
  }

  #room(partition: ModelPartition): number {
    const all = this.#sum(this.#owners, (o) => this.#committed(o));
    const inner = this.#sum(this.#owners, (o) => (o.partition === partition ? this.#committed(o) : 0));
    return Math.max(0, Math.min(this.#wall - all, partition.policy.ceiling - inner));
  }

  #isAwaited(partition: ModelPartition): boolean {
    return this.#owners.some((o) => o.waiting === "wall" || (o.partition === partition && o.waiting !== "not"));
  }

  #active(partition: ModelPartition): ModelOwner[] {
    const isActive = (o: ModelOwner) => o.limit > o.floor || o.waiting !== "not";
    return this.#owners.filter((o) => o.partition === partition && isActive(o));
  }

  #shareOf(partition: ModelPartition): number {
    const floors = this.#floors(this.#owners) + (this.#reserved?.floor ?? 0);
    const active = this.#partitions().filter((p) => this.#active(p).length > 0);
    const weights = this.#sum(active, (p) => p.policy.weight);
    const level = weights > 0 ? (this.#wall - floors) / weights : 0;
    return Math.floor(Math.min(partition.policy.ceiling, this.#floorsOf(partition) + level * partition.policy.weight));
  }

  #held(partition: ModelPartition): number {
    return Math.max(this.#shareOf(partition), this.#limits(partition));
  }

  #share(owner: ModelOwner, ofMbufs: number): number {
    const weights = this.#sum(this.#active(owner.partition), (o) => o.policy.weight);
    const spare = Math.max(0, ofMbufs - this.#floorsOf(owner.partition));
    const part = weights > 0 ? Math.floor((spare * owner.policy.weight) / weights) : 0;
    return Math.min(owner.policy.ceiling, owner.floor + part);
  }

  #floorsOf(partition: ModelPartition): number {
    const reserved = this.#reserved?.partition === partition ? this.#reserved.floor : 0;
    return reserved + this.#floors(this.#owners.filter((o) => o.partition === partition));
  }

  #floors(owners: readonly ModelOwner[]): number {
    return this.#sum(owners, ({ floor }) => floor);
  }

  #limits(partition: ModelPartition): number {
    return this.#sum(this.#owners, (o) => (o.partition === partition ? o.limit : 0));
  }

  #partitions(): ModelPartition[] {
    return [...new Set(this.#owners.map(({ partition }) => partition))].sort((a, b) => a.turn - b.turn);
  }

  #partition(name: string): ModelPartition {
    return this.#owners.find((o) => o.partition.name === name && !o.draining)?.partition as ModelPartition;
  }

  #byId(id: number): ModelOwner {
    return this.#owners.find((o) => o.id === id) as ModelOwner;
  }

  #sum<T>(items: readonly T[], of: (item: T) => number): number {
    return items.reduce((total, item) => total + of(item), 0);
  }
}

/** The greatest; of equal ones the one with the lower turn. */
function first<T extends { readonly turn: number }>(items: readonly T[], key: (item: T) => number): T | undefined {
  return [...items].sort((a, b) => key(b) - key(a) || a.turn - b.turn)[0];
}
