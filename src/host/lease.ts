/** A host's word that it is alive, said again in time; and what it says when it was silent for too long. */
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
  /** The lease lasts until then. */
  readonly leased: (untilMs: number) => void;
}

/** Words in a lease's time, so that two may be lost. */
const WORDS = 3;

export class Lease {
  readonly #home: LeaseHome;
  readonly #record: HostRecord;
  readonly #ttlMs: number;
  #granted = false;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(home: LeaseHome, record: HostRecord, ttlMs: number) {
    this.#home = home;
    this.#record = record;
    this.#ttlMs = ttlMs;
  }

  /** Says who this host is, and that it is alive; until the directory has heard, and again when it has forgotten. */
  start(isAgain = false): void {
    this.#home.requests.ask("publishHost", { host: this.#record }, (answer) => {
      this.#home.contact("value" in answer);
      if ("value" in answer) this.#take(isAgain);
      else this.#later(() => this.start(isAgain));
    });
  }

  /** When the lease ends, counted from when it was asked for. */
  get untilMs(): number {
    return this.#untilMs;
  }

  #lasts(askedMs: number): void {
    this.#untilMs = askedMs + this.#ttlMs;
    this.#home.leased(this.#untilMs);
  }

  #take(isAgain: boolean): void {
    const askedMs = this.#home.now();
    this.#home.requests.ask("lease", { ttlMs: this.#ttlMs }, (answer) => {
      this.#home.contact("value" in answer);
      this.#granted = "value" in answer;
      if (this.#granted) this.#lasts(askedMs);
      if (this.#granted && isAgain) this.#home.restored();
      this.#later(() => (this.#granted ? this.#renew() : this.#take(isAgain)));
    });
  }

  #renew(): void {
    const askedMs = this.#home.now();
    this.#home.requests.ask("renew", {}, (answer) => {
      const isOver = "failure" in answer && answer.failure === "lease-expired";
      this.#home.contact("value" in answer || isOver);
      if ("value" in answer) this.#lasts(askedMs);
      if (isOver) this.start(true);
      else this.#later(() => this.#renew());
    });
  }

  #later(run: () => void): void {
    this.#home.timers.at(this.#home.now() + this.#ttlMs / WORDS, run);
  }
}
