/** What has become of one sender's frames, which are added in the order in which they were sent. */
import type { Stream } from "./course.js";
import { type FrameFate, isAlike, type Outcome } from "./outcome.js";

/** So many frames in a row with one fate. */
export interface FateRun {
  readonly fate: FrameFate;
  readonly frames: number;
}

export class SenderTally {
  readonly stream: Stream;
  lost = 0;
  twice = 0;
  outOfOrder = 0;
  toOldHost = 0;
  viaOldHost = 0;
  floodedCopies = 0;
  lastHereMs: number | undefined;
  firstThereMs: number | undefined;
  readonly #fates: { fate: FrameFate; frames: number }[] = [];
  #count = 0;
  #last: Outcome | undefined;
  /** Frames at the end that had the same outcome as the last one. */
  #alike = 0;
  /** The last frame that was delivered at the old host, and the last that did not simply come to the new one. */
  #lastHere = -1;
  #lastUnclean = -1;
  /** Arrivals that a later frame may still overtake, ascending. */
  #pendingMs: number[] = [];

  constructor(stream: Stream) {
    this.stream = stream;
  }

  /** Frames so far. */
  get count(): number {
    return this.#count;
  }

  get fates(): readonly FateRun[] {
    return this.#fates;
  }

  /** When the next frame is sent. */
  get nextMs(): number {
    return this.stream.firstMs + this.#count * this.stream.periodMs;
  }

  /** How long nothing has changed for this sender, in ms of frames. */
  get steadyMs(): number {
    return this.#alike * this.stream.periodMs;
  }

  /** The last frames have simply come to the new host. */
  get isClean(): boolean {
    return this.#last?.fate === "there";
  }

  /** The last frame was still flooded. */
  get floodsOn(): boolean {
    return (this.#last?.copies ?? 0) > 0;
  }

  /** Frames after the last one that the old host delivered, to the last one that did not simply come to the new host. */
  get windowFrames(): number {
    return Math.max(0, this.#lastUnclean - this.#lastHere);
  }

  /** From when all frames that are sent simply come to the new host. */
  get settledMs(): number {
    return this.stream.firstMs + (this.#lastUnclean + 1) * this.stream.periodMs;
  }

  /** From the last frame at the old host to the first at the new one; undefined before there are both. */
  get blackoutMs(): number | undefined {
    if (this.lastHereMs === undefined || this.firstThereMs === undefined) return undefined;
    return Math.max(0, this.firstThereMs - this.lastHereMs);
  }

  add(outcome: Outcome): void {
    this.#alike = this.#last && isAlike(this.#last, outcome) ? this.#alike : 0;
    this.#last = outcome;
    this.#take(outcome, 1);
    const { arrivesMs, fate } = outcome;
    if (arrivesMs === undefined) return;
    if (fate === "here") this.lastHereMs = Math.max(this.lastHereMs ?? arrivesMs, arrivesMs);
    else this.firstThereMs = Math.min(this.firstThereMs ?? arrivesMs, arrivesMs);
    this.#order(arrivesMs);
  }

  /** Adds frames of which the same becomes as of the last one. */
  repeat(frames: number): void {
    if (this.#last) this.#take(this.#last, frames);
  }

  #take({ fate, copies, toOld, deliveries }: Outcome, frames: number): void {
    this.#count += frames;
    this.#alike += frames;
    const run = this.#fates.at(-1);
    if (run?.fate === fate) run.frames += frames;
    else this.#fates.push({ fate, frames });
    if (fate === "here") this.#lastHere = this.#count - 1;
    if (fate !== "there") this.#lastUnclean = this.#count - 1;
    if (fate === "lost") this.lost += frames;
    if (fate === "via") this.viaOldHost += frames;
    if (toOld) this.toOldHost += frames;
    if (deliveries > 1) this.twice += frames;
    this.floodedCopies += copies * frames;
  }

  /** Of frames sent before this one, those that come after it have been overtaken. */
  #order(arrivesMs: number): void {
    const pending = this.#pendingMs;
    for (; (pending.at(-1) ?? arrivesMs) > arrivesMs; pending.pop()) this.outOfOrder++;
    pending.push(arrivesMs);
    // What has arrived before the next frame is sent, that cannot overtake.
    if (arrivesMs <= this.nextMs) this.#pendingMs = [];
  }
}
