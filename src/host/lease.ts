/**
 * A host's word that it is alive, said again in time; and what it says when it was silent for too long.
 *
 *   publishHost ─▶ leased? ──no──▶ lease ─▶ renew ─▶ renew …       no answer to lease: leased?; none to renew:
 *        ▲            └──yes: it ends by itself             │       leased?, until somebody answers, then renew
 *        └──────────── over ────────────────────────────────┘
 *
 * A lease is counted from when it was asked for, so it ends here before it does in the directory. What was asked for and not answered may
 * have been granted: then the directory has a lease that this host does not know of, which keeps its VMs from everybody. So nothing that
 * gives time is asked for until somebody answers, and a lease from before this host's time, or whose answer was lost, is let end.
 */
import type { HostRecord } from "../directory/records.js";
import type { Requests } from "./requests.js";
import type { Timers } from "./timers.js";

/** What a lease needs of its host. */
export interface LeaseHome {
  readonly requests: Requests;
  readonly timers: Timers;
  readonly now: () => number;
  /** The directory has forgotten this host: all that it has is to be said again. */
  readonly restored: () => void;
  readonly contact: (reachable: boolean) => void;
  /** The lease lasts until then, which is later than before. */
  readonly grown: (untilMs: number) => void;
}

/** Words in a lease's time, so that two may be lost. */
const WORDS = 3;
/** Questions in a lease's time while it waits: for somebody to answer, or for a lease to end. */
const QUESTIONS = 20;

export class Lease {
  readonly #home: LeaseHome;
  readonly #record: HostRecord;
  readonly #ttlMs: number;
  /** What the directory has granted, ttlMs or more. */
  #grantedMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(home: LeaseHome, record: HostRecord, ttlMs: number) {
    this.#home = home;
    this.#record = record;
    this.#ttlMs = ttlMs;
  }

  /** Until then the directory takes this host for alive; -Infinity before the first lease, and when it has ended otherwise. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Says who this host is, and that it is alive; until the directory has heard, and again when it has forgotten. */
  start(isAgain = false): void {
    this.#home.requests.ask("publishHost", { host: this.#record }, (answer) => {
      this.#home.contact("value" in answer);
      if ("value" in answer) this.#look(isAgain);
      else this.#later(WORDS, () => this.start(isAgain));
    });
  }

  /** Lets a lease end that the directory has and this host knows nothing of. */
  #look(isAgain: boolean): void {
    this.#home.requests.ask("leased", {}, (answer) => {
      this.#home.contact("value" in answer);
      if ("value" in answer && !answer.value) this.#take(isAgain);
      else this.#later(QUESTIONS, () => this.#look(isAgain));
    });
  }

  #take(isAgain: boolean): void {
    const askedMs = this.#home.now();
    this.#home.requests.ask("lease", { ttlMs: this.#ttlMs }, (answer) => {
      this.#home.contact("value" in answer);
      if (!("value" in answer)) {
        this.#later(QUESTIONS, () => this.#look(isAgain));
        return;
      }
      this.#grantedMs = answer.value;
      this.#grow(askedMs);
      if (isAgain) this.#home.restored();
      this.#later(WORDS, () => this.#renew());
    });
  }

  #renew(): void {
    const askedMs = this.#home.now();
    this.#home.requests.ask("renew", {}, (answer) => {
      const isOver = "failure" in answer && answer.failure === "lease-expired";
      this.#home.contact("value" in answer || isOver);
      if (isOver) this.#end();
      else if ("value" in answer) {
        this.#grow(askedMs);
        this.#later(WORDS, () => this.#renew());
      } else this.#later(QUESTIONS, () => this.#confirm());
    });
  }

  /** A renewal was not answered: asks what gives no time until that is. */
  #confirm(): void {
    this.#home.requests.ask("leased", {}, (answer) => {
      this.#home.contact("value" in answer);
      if (!("value" in answer)) this.#later(QUESTIONS, () => this.#confirm());
      else if (answer.value) this.#renew();
      else this.#end();
    });
  }

  #end(): void {
    this.#untilMs = Number.NEGATIVE_INFINITY;
    this.start(true);
  }

  #grow(askedMs: number): void {
    const untilMs = askedMs + this.#grantedMs;
    if (untilMs <= this.#untilMs) return;
    this.#untilMs = untilMs;
    this.#home.grown(untilMs);
  }

  /** So many of these are in a lease's time. */
  #later(count: number, run: () => void): void {
    this.#home.timers.at(this.#home.now() + this.#ttlMs / count, run);
  }
}
