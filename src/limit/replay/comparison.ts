/** The same trace three times, with the same consumer: limits by a controller, all at their floor, and all at their ceiling. */
import { Consumer, type Stall } from "./consumer.js";
import type { LimitReplayFigures } from "./figures.js";
import { FixedLimits, type Keeper } from "./keeper.js";
import type { ReplayLedger } from "./ledger.js";
import { LimitReplay, type ReplayArrival } from "./replay.js";
import type { WatchedLedger } from "./watched-ledger.js";

export interface ComparisonOptions {
  /** An empty ledger for each of the three. */
  readonly ledgers: Readonly<Record<keyof ComparisonFigures, ReplayLedger>>;
  /** Makes the controller's keeper. */
  readonly controller: (ledger: WatchedLedger) => Keeper;
  /** Between what a peer's limit may move. */
  readonly boundsOf: (peer: number) => { readonly floor: number; readonly ceiling: number };
  readonly framesPerSecond: number;
  readonly stalls?: readonly Stall[];
  readonly mbufBytes: number;
  readonly lengthMs: number;
  /** Peers whose own course is wanted. */
  readonly followed?: readonly number[];
}

export interface ComparisonFigures {
  readonly controller: LimitReplayFigures;
  readonly staticMinimum: LimitReplayFigures;
  readonly staticMaximum: LimitReplayFigures;
}

export class LimitComparison {
  readonly #controller: LimitReplay;
  readonly #minimum: LimitReplay;
  readonly #maximum: LimitReplay;

  constructor({ ledgers, controller, boundsOf, framesPerSecond, stalls = [], ...trace }: ComparisonOptions) {
    const replay = (ledger: ReplayLedger, keeper: (watched: WatchedLedger) => Keeper) =>
      new LimitReplay({ ...trace, ledger, keeper, consumer: new Consumer(framesPerSecond, stalls) });
    const fixed = (bound: "floor" | "ceiling") => (watched: WatchedLedger) =>
      new FixedLimits(watched, (peer) => boundsOf(peer)[bound]);
    this.#controller = replay(ledgers.controller, controller);
    this.#minimum = replay(ledgers.staticMinimum, fixed("floor"));
    this.#maximum = replay(ledgers.staticMaximum, fixed("ceiling"));
  }

  arrive(arrival: ReplayArrival): void {
    for (const replay of [this.#controller, this.#minimum, this.#maximum]) replay.arrive(arrival);
  }

  /** The trace ends here; frames that are not drained by now stay in use. */
  finish(atMs: number): ComparisonFigures {
    return {
      controller: this.#controller.finish(atMs),
      staticMinimum: this.#minimum.finish(atMs),
      staticMaximum: this.#maximum.finish(atMs),
    };
  }
}
