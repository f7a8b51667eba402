/**
 * One side's title to the VM: what it knows of the directory's record, and whether it may run by it.
 *
 * A title is *sure* only while the host's lease lasts without a gap since the claim was asked that the directory accepted. The lease is
 * counted from when it was asked for, so it ends here before it does in the directory; whoever sees it ended there may claim the next
 * generation. After a gap (a new *term*) nothing is believed that was asked before it: the record is read, and the generation behind
 * that is claimed. So no two sides are sure at a time, whatever is lost, late or doubled.
 */
import type { DirectoryAnswer, DirectoryRequest, Ownership, Start } from "./ownership.js";

export interface TitleOptions {
  readonly host: string;
  readonly retryMs: number;
  /** The record at the beginning. */
  readonly owner: Ownership;
  /** When the host's lease ends, as far as it knows. */
  readonly leasedUntilMs: number;
  /** The record is this host's, by a claim of this term. */
  readonly isSure: boolean;
}

interface Question {
  readonly term: number;
  /** Undefined: a reading. */
  readonly claim: Ownership | undefined;
}

/** Questions whose answers are still of use; older ones have been asked again long since. */
const QUESTIONS_MAX = 16;

export class Title {
  readonly #host: string;
  readonly #retryMs: number;
  readonly #questions = new Map<number, Question>();
  #owner: Ownership;
  #isOwnerDead = false;
  #leasedUntilMs: number;
  #term = 1;
  /** The last term in which the record was known. */
  #knownTerm = 1;
  #isSure: boolean;
  #claimed: Start | undefined;
  #isWatching = false;
  #askAtMs: number | undefined;
  #nextRequest = 1;

  constructor({ host, retryMs, owner, leasedUntilMs, isSure }: TitleOptions) {
    this.#host = host;
    this.#retryMs = retryMs;
    this.#owner = owner;
    this.#leasedUntilMs = leasedUntilMs;
    this.#isSure = isSure;
  }

  /** Who has the VM, by the newest record that was seen. */
  get owner(): Ownership {
    return this.#owner;
  }

  /** The owner's lease had ended when the record was read last. */
  get isOwnerDead(): boolean {
    return this.#isOwnerDead;
  }

  /** This host may run the VM. */
  isSure(nowMs: number): boolean {
    return this.#isSure && nowMs < this.#leasedUntilMs;
  }

  /** A claim is being asked for, and may have been accepted already. */
  get isClaiming(): boolean {
    return this.#claimed !== undefined;
  }

  get nextMs(): number | undefined {
    const endMs = this.#isSure ? this.#leasedUntilMs : undefined;
    return this.#askAtMs === undefined || (endMs !== undefined && endMs < this.#askAtMs) ? endMs : this.#askAtMs;
  }

  /** Somebody who knows says what the record is. */
  learn(owner: Ownership, nowMs: number): void {
    this.#seen(owner, false, false, nowMs);
  }

  /** The host's lease lasts until then, counted from when it was asked for. */
  leased(untilMs: number, nowMs: number): void {
    if (untilMs <= this.#leasedUntilMs) return;
    if (nowMs >= this.#leasedUntilMs) {
      this.#term++;
      this.#isSure = false;
    }
    this.#leasedUntilMs = untilMs;
  }

  /** Asks until the VM is this host's or the other's. */
  claim(start: Start, nowMs: number): void {
    if (this.#claimed === start) return;
    this.#claimed = start;
    this.#askAtMs = nowMs;
  }

  /** Reads the record again and again, or no more. */
  watch(isWatching: boolean, nowMs: number): void {
    if (this.#isWatching === isWatching) return;
    this.#isWatching = isWatching;
    if (isWatching) this.#askAtMs ??= nowMs;
    else if (this.#claimed === undefined) this.#askAtMs = undefined;
  }

  /** Questions that are due. */
  ask(nowMs: number): DirectoryRequest[] {
    if (nowMs >= this.#leasedUntilMs) this.#isSure = false;
    if (this.#askAtMs === undefined || nowMs < this.#askAtMs) return [];
    this.#askAtMs = nowMs + this.#retryMs;
    const isReadingDue = this.#knownTerm !== this.#term || nowMs >= this.#leasedUntilMs;
    const request = this.#nextRequest++;
    if (this.#claimed === undefined || isReadingDue) {
      this.#remember(request, undefined);
      return [{ kind: "read", request }];
    }
    const claim = { host: this.#host, generation: this.#owner.generation + 1, start: this.#claimed };
    this.#remember(request, claim);
    return [{ kind: "claim", request, claim }];
  }

  /** False for an answer to nothing that was asked, or to what was asked too long ago. */
  answer(answer: DirectoryAnswer, nowMs: number): boolean {
    const question = this.#questions.get(answer.request);
    if (question === undefined || (answer.kind === "read") !== (question.claim === undefined)) return false;
    this.#questions.delete(answer.request);
    const isOfTerm = question.term === this.#term && nowMs < this.#leasedUntilMs;
    if (answer.kind === "accepted") this.#accepted(question.claim as Ownership, isOfTerm);
    else this.#seen(answer.owner, answer.kind === "read" && !answer.owner.isAlive, isOfTerm, nowMs);
    return true;
  }

  #accepted(claim: Ownership, isOfTerm: boolean): void {
    if (claim.generation < this.#owner.generation) return;
    this.#owner = claim;
    this.#isOwnerDead = false;
    if (!isOfTerm) return;
    this.#isSure = true;
    this.#claimed = undefined;
    if (!this.#isWatching) this.#askAtMs = undefined;
  }

  #seen(owner: Ownership, isDead: boolean, isOfTerm: boolean, nowMs: number): void {
    if (owner.generation < this.#owner.generation) return;
    const isNews = owner.generation > this.#owner.generation;
    this.#owner = owner;
    this.#isOwnerDead = isDead;
    if (isNews) this.#isSure = false;
    // A claim is for a record that was known: over a new one it has to be decided anew, unless that is this host's own.
    if (isNews && owner.host !== this.#host) {
      this.#claimed = undefined;
      if (!this.#isWatching) this.#askAtMs = undefined;
    }
    if (!isOfTerm) return;
    const wasDue = this.#knownTerm !== this.#term;
    this.#knownTerm = this.#term;
    if (wasDue && this.#claimed !== undefined) this.#askAtMs = nowMs;
  }

  #remember(request: number, claim: Ownership | undefined): void {
    this.#questions.set(request, { term: this.#term, claim });
    this.#questions.delete(request - QUESTIONS_MAX);
  }
}
