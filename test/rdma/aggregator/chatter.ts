/** The users of all streams between two aggregators, which are told of events as an agent would tell them. */
import type { Aggregator } from "../../../src/rdma/aggregator/aggregator.js";
import type { StreamEvent } from "../../../src/rdma/aggregator/event.js";
import type { SessionRole } from "../../../src/rdma/aggregator/streams.js";
import type { Random } from "../../helpers/property.js";
import { faultsOf, Talker } from "../../helpers/talker.js";

/** Of the streams that come, the taker refuses so many in 1000. */
const REFUSED_OF_1000 = 50;
const HABITS = { longest: 9000, breakOffIn: 2000 };

/** Two ends' users: a stream's opener has salt 2k, its taker 2k + 1, whatever number the stream has. */
export class Chatter {
  readonly openers: Talker[] = [];
  readonly takers: (Talker | undefined)[] = [];
  #opener: Aggregator;
  readonly #random: Random;
  /** By the streams' numbers now. */
  readonly #byOpener = new Map<number, Talker>();
  readonly #byTaker = new Map<number, Talker>();
  readonly heard: { readonly end: SessionRole; readonly event: StreamEvent }[] = [];

  constructor(opener: Aggregator, random: Random) {
    this.#opener = opener;
    this.#random = random;
  }

  open(): void {
    const k = this.openers.length;
    // The port tells the taker whose stream it is.
    const stream = this.#opener.open(k, 50_000);
    if (stream === undefined) return;
    const talker = new Talker(2 * k, this.#random.below(6000), HABITS);
    this.openers.push(talker);
    this.takers.push(undefined);
    this.#byOpener.set(stream, talker);
  }

  get isOver(): boolean {
    return this.openers.every(({ isClosed }) => isClosed) && this.takers.every((talker) => talker?.isClosed ?? true);
  }

  step(opener: Aggregator, taker: Aggregator, nowMs: number, takerMs = nowMs): void {
    this.#opener = opener;
    this.#hear(opener, this.#byOpener);
    this.#hear(taker, this.#byTaker);
    this.#turns(opener, this.#byOpener, nowMs);
    this.#turns(taker, this.#byTaker, takerMs);
  }

  /** What is not as it must be, in words. */
  faults(): string[] {
    return this.openers.flatMap((opener, k) => faultsOf(opener, this.takers[k]));
  }

  /** The end is whichever has the place now: one that restarted is asked for streams that it does not know. */
  #turns(end: Aggregator, talkers: ReadonlyMap<number, Talker>, nowMs: number): void {
    for (const [stream, talker] of talkers) {
      talker.stream = {
        write: (bytes) => end.write(stream, bytes, nowMs, this.#random.below(20) === 0),
        end: () => end.end(stream),
        reset: () => end.reset(stream),
        consumed: (bytes) => end.consumed(stream, bytes),
      };
      talker.step(this.#random);
    }
  }

  #hear(end: Aggregator, talkers: Map<number, Talker>): void {
    for (const event of end.takeEvents()) {
      this.heard.push({ end: end.role, event });
      if (event.type === "incoming") this.#incoming(event, end);
      const talker = talkers.get(event.stream);
      if (!talker) continue;
      if (event.type === "open") talker.onOpen();
      if (event.type === "data") talker.onData(event.bytes);
      if (event.type === "end") talker.onEnd();
      if (event.type === "close") {
        talker.onClose(event.error);
        talkers.delete(event.stream);
      }
    }
  }

  #incoming({ stream, port }: Extract<StreamEvent, { type: "incoming" }>, taker: Aggregator): void {
    if (this.#random.below(1000) < REFUSED_OF_1000) {
      taker.refuse(stream);
      return;
    }
    const talker = new Talker(2 * port + 1, this.#random.below(6000), HABITS);
    this.takers[port] = talker;
    this.#byTaker.set(stream, talker);
    taker.accept(stream);
  }
}
