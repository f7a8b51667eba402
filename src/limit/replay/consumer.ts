/**
 * Who takes frames out of their mbufs. A capture says what came, not how fast it was read, so the reader is a model: it serves one frame
 * after the other, each for the same time, and peers in turn, so that a peer with a long queue does not stand in the way of others.
 * Events in virtual time: the same arrivals give the same departures.
 */
import { Fifo } from "./fifo.js";

/** A peer whose frames nobody takes from one time to another; what is being served then is finished. */
export interface Stall {
  readonly peer: number;
  readonly fromMs: number;
  /** No longer part of it. */
  readonly toMs: number;
}

/** A frame that has been taken out. */
export interface Departure {
  readonly peer: number;
  /** When it came, and when it was done. */
  readonly atMs: number;
  readonly doneMs: number;
  readonly mbufs: number;
}

/** One that waits, or is being served. */
interface Frame extends Departure {
  doneMs: number;
}

export class Consumer {
  readonly #frameMs: number;
  readonly #stalls = new Map<number, Stall[]>();
  /** By peer. */
  readonly #queues: (Fifo<Frame> | undefined)[] = [];
  /** Peers with frames, in their turn. */
  readonly #turns = new Fifo<number>();
  /** Peers whose turn came while they were stalled, and when that ends. */
  #parked: { readonly peer: number; readonly untilMs: number }[] = [];
  #wakeMs = Number.POSITIVE_INFINITY;
  #serving: Frame | undefined;

  constructor(framesPerSecond: number, stalls: readonly Stall[] = []) {
    this.#frameMs = 1000 / framesPerSecond;
    for (const stall of stalls) this.#stalls.set(stall.peer, [...(this.#stalls.get(stall.peer) ?? []), stall]);
  }

  /** When step has something to do; Infinity when only an arrival can change that. */
  get nextMs(): number {
    return this.#serving?.doneMs ?? this.#wakeMs;
  }

  /** A frame waits from now on. All that was due before now has been stepped through. */
  push(peer: number, atMs: number, mbufs: number): void {
    let queue = this.#queues[peer];
    if (!queue) {
      queue = new Fifo();
      this.#queues[peer] = queue;
    }
    // A peer that is being served has its turn when that is done.
    if (queue.length === 0 && this.#serving?.peer !== peer) this.#turns.push(peer);
    queue.push({ peer, atMs, doneMs: Number.POSITIVE_INFINITY, mbufs });
    if (!this.#serving) this.#serve(atMs);
  }

  /** Does what is due at nextMs: the frame that is done, or undefined when a stall has ended. */
  step(): Departure | undefined {
    const done = this.#serving;
    const nowMs = this.nextMs;
    if (done) {
      this.#serving = undefined;
      if ((this.#queues[done.peer]?.length ?? 0) > 0) this.#turns.push(done.peer);
    }
    this.#serve(nowMs);
    return done;
  }

  /** Begins with the next peer's oldest frame. While it is served, its peer has no turn. */
  #serve(nowMs: number): void {
    this.#unpark(nowMs);
    for (let peer = this.#turns.shift(); peer !== undefined; peer = this.#turns.shift()) {
      const untilMs = this.#stalledUntil(peer, nowMs);
      if (untilMs > nowMs) {
        this.#parked.push({ peer, untilMs });
        this.#wakeMs = Math.min(this.#wakeMs, untilMs);
        continue;
      }
      const frame = this.#queues[peer]?.shift() as Frame;
      frame.doneMs = nowMs + this.#frameMs;
      this.#serving = frame;
      return;
    }
  }

  #unpark(nowMs: number): void {
    if (this.#wakeMs > nowMs) return;
    for (const { peer, untilMs } of this.#parked) if (untilMs <= nowMs) this.#turns.push(peer);
    this.#parked = this.#parked.filter(({ untilMs }) => untilMs > nowMs);
    this.#wakeMs = this.#parked.reduce((least, { untilMs }) => Math.min(least, untilMs), Number.POSITIVE_INFINITY);
  }

  /** The end of the peer's stall, or of several that follow each other; now when it is not stalled. */
  #stalledUntil(peer: number, nowMs: number): number {
    const stalls = this.#stalls.get(peer);
    if (!stalls) return nowMs;
    for (let untilMs = nowMs; ; ) {
      const stall = stalls.find(({ fromMs, toMs }) => fromMs <= untilMs && untilMs < toMs);
      if (!stall) return untilMs;
      untilMs = stall.toMs;
    }
  }
}
