/** Who mbufs are charged to, as the controller knows him: a partition, and the owners under it. */
import { Heap } from "./heap.js";
import type { CheckedPolicy } from "./policy-check.js";
import type { Series } from "./series.js";
import { firstState, type StepState } from "./step.js";

/** What an owner that wants more than it gets waits for; nobody may grow past his share meanwhile. */
export type Waiting = "not" | "ceiling" | "wall";

export interface OwnerOrigin {
  /** Its number in the ledger. */
  readonly id: number;
  /** Owners in the order in which they came: what is equal otherwise goes by it. */
  readonly turn: number;
  /** The peer's name; undefined for a partition's own record. */
  readonly peer: string | undefined;
  readonly partition: Partition;
  readonly policy: CheckedPolicy;
  readonly nowMs: number;
  /** What the ledger has. */
  readonly written: { readonly limit: number; readonly mark: number };
}

/** An owner's record in the ledger, and what is set aside for it. Tree alone changes limit, committed and waiting. */
export class Owner {
  readonly id: number;
  readonly turn: number;
  readonly peer: string | undefined;
  readonly partition: Partition;
  readonly policy: CheckedPolicy;
  state: StepState;
  limit = 0;
  /** The greater of its limit and what it has in use, as last seen. */
  committed = 0;
  waiting: Waiting = "not";
  /** Removed, and kept until it holds nothing. */
  draining = false;
  /** When its window began, and when it was last looked at, in ms. */
  windowAtMs: number;
  seenAtMs: number;
  /** Nothing happens here, and nothing has to: the first mbuf wakes it. */
  dormant = false;
  /** Its last windows, where they are kept. */
  series: Series | undefined;
  /** What the ledger has. */
  written: { readonly limit: number; readonly mark: number };

  constructor({ id, turn, peer, partition, policy, nowMs, written }: OwnerOrigin) {
    this.id = id;
    this.turn = turn;
    this.peer = peer;
    this.partition = partition;
    this.policy = policy;
    this.state = firstState(written.limit);
    this.written = written;
    this.windowAtMs = nowMs;
    this.seenAtMs = nowMs;
  }

  /** What nobody takes from it. */
  get floor(): number {
    return this.draining ? 0 : this.policy.floor;
  }

  /** It has more than its floor, or would: one of those among whom what the floors leave is shared. */
  get isActive(): boolean {
    return this.limit > this.floor || this.waiting !== "not";
  }
}

/** An owner with owners under it: peers' records, and its own for what has none. Sums are over all of them. */
export class Partition {
  readonly turn: number;
  readonly name: string;
  readonly policy: CheckedPolicy;
  /** How peers' limits move; undefined where there are none. */
  readonly peerPolicy: CheckedPolicy | undefined;
  committed = 0;
  limits = 0;
  floors = 0;
  /** Of owners that are active: how many, and their weights. */
  active = 0;
  activeWeight = 0;
  waiting = 0;
  /** Owners with more than their floor, those with the most for their weight first. */
  readonly over = new Heap<Owner>();
  /** Its own record, and its peers'. */
  own: Owner | undefined;
  readonly peers = new Map<string, Owner>();

  constructor(turn: number, name: string, policy: CheckedPolicy, peerPolicy: CheckedPolicy | undefined) {
    this.turn = turn;
    this.name = name;
    this.policy = policy;
    this.peerPolicy = peerPolicy;
  }
}
