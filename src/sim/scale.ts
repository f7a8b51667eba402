/**
 * The control plane of many hosts, without engines: plain objects that take messages and send others, in virtual time. It says how many
 * messages something costs and how long it takes until nobody learns anything new by it.
 *
 * Nodes are known by their place in a list, and all of one run share one stream of dice: a message costs an object and an event, no
 * stream and no name of its own, so that 10,000 hosts fit.
 */
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import { Clock, NS_PER_MS, toNs } from "./clock.js";
import type { SimEvent } from "./events.js";
import { checkRange } from "./impairment.js";
import { Random } from "./random.js";

/** Sends a message to a node. To itself it is a timer: it comes after delayMs and is not lost. delayMs adds to the way's own else. */
export type Send<M> = (to: number, message: M, delayMs?: number) => void;

/** A host, or a directory. */
export interface ScaleNode<M> {
  /** Takes a message of another node (or of the outside: OUTSIDE). Returns whether the node knows something now that it did not. */
  handle(message: M, from: number, send: Send<M>, nowMs: number): boolean;
}

/** Whom messages of post come from. */
export const OUTSIDE = -1;

export interface ScaleOptions {
  readonly seed: number;
  /** One way, from any node to any other, in ms; 0.5 by default. */
  readonly delayMs?: number;
  /** Besides, from 0 to this; 0 by default. */
  readonly jitterMs?: number;
  /** Probability that a message is lost; 0 by default. */
  readonly loss?: number;
}

/** What something cost. */
export interface ScaleReport {
  /** From node to node, lost ones too. */
  readonly messages: number;
  readonly lost: number;
  /** From a node to itself. */
  readonly timers: number;
  /** From the beginning until a node learned something for the last time, in ms; 0 where none did. */
  readonly convergedMs: number;
  /** From the beginning until nothing was on its way any more, or the limit. */
  readonly lastedMs: number;
  /** Messages and timers that were to come, at most. */
  readonly peakPending: number;
  /** Nothing was on its way any more. */
  readonly isQuiet: boolean;
}

export class ScaleRun<M> {
  readonly nodes: readonly ScaleNode<M>[];
  readonly #clock = new Clock();
  readonly #dice: Random;
  readonly #delayNs: number;
  readonly #jitterNs: number;
  readonly #loss: number;
  readonly #send: Send<M> = (to, message, delayMs = 0) => this.#carry(to, message, Math.round(delayMs * NS_PER_MS));
  /** The node that is handling a message. */
  #from = OUTSIDE;
  #messages = 0;
  #lost = 0;
  #timers = 0;
  #changedNs = 0;
  #peakPending = 0;

  /** Throws ConfigError for an option out of its bounds. */
  constructor(nodes: readonly ScaleNode<M>[], { seed, delayMs = 0.5, jitterMs = 0, loss = 0 }: ScaleOptions) {
    checkRange("loss", loss, 1);
    this.nodes = nodes;
    this.#dice = new Random(seed, "messages");
    this.#delayNs = toNs("delayMs", delayMs);
    this.#jitterNs = toNs("jitterMs", jitterMs);
    this.#loss = loss;
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  /** Gives a node a message from outside, now or after a delay: it is not counted, and not lost. */
  post(to: number, message: M, delayMs = 0): void {
    this.#checkNode(to);
    this.#deliver(OUTSIDE, to, message, this.#clock.nowNs + toNs("delayMs", delayMs));
  }

  /** What comes of an action: it posts, and time passes until all is quiet, at most limitMs. */
  measure(begin: () => void, limitMs: number): ScaleReport {
    const [startNs, messages, lost, timers] = [this.#clock.nowNs, this.#messages, this.#lost, this.#timers];
    this.#changedNs = startNs;
    this.#peakPending = this.#clock.pending;
    begin();
    const endNs = startNs + toNs("limitMs", limitMs);
    while ((this.#clock.nextNs ?? Number.POSITIVE_INFINITY) <= endNs) this.#clock.advance();
    const isQuiet = this.#clock.pending === 0;
    if (!isQuiet) this.#clock.skipTo(endNs);
    return {
      messages: this.#messages - messages,
      lost: this.#lost - lost,
      timers: this.#timers - timers,
      convergedMs: (this.#changedNs - startNs) / NS_PER_MS,
      lastedMs: (this.#clock.nowNs - startNs) / NS_PER_MS,
      peakPending: this.#peakPending,
      isQuiet,
    };
  }

  /** @internal A message is there. */
  handle(from: number, to: number, message: M, nowNs: number): void {
    this.#from = to;
    const hasChanged = (this.nodes[to] as ScaleNode<M>).handle(message, from, this.#send, nowNs / NS_PER_MS);
    this.#from = OUTSIDE;
    if (hasChanged) this.#changedNs = nowNs;
  }

  #carry(to: number, message: M, delayNs: number): void {
    const from = this.#from;
    if (from === OUTSIDE) throw new ConfigError("send", to, "called while a node handles a message");
    this.#checkNode(to);
    if (to === from) {
      this.#timers++;
      this.#deliver(from, to, message, this.#clock.nowNs + delayNs);
      return;
    }
    this.#messages++;
    const jitterNs = Math.round(this.#dice.unit() * this.#jitterNs);
    if (this.#dice.unit() < this.#loss) this.#lost++;
    else this.#deliver(from, to, message, this.#clock.nowNs + this.#delayNs + jitterNs + delayNs);
  }

  #deliver(from: number, to: number, message: M, timeNs: number): void {
    this.#clock.at(timeNs, new Message(this, from, to, message));
    this.#peakPending = Math.max(this.#peakPending, this.#clock.pending);
  }

  #checkNode(to: number): void {
    checkInteger("to", to, 0, this.nodes.length - 1);
  }
}

class Message<M> implements SimEvent {
  readonly #run: ScaleRun<M>;
  readonly #from: number;
  readonly #to: number;
  readonly #message: M;

  constructor(run: ScaleRun<M>, from: number, to: number, message: M) {
    this.#run = run;
    this.#from = from;
    this.#to = to;
    this.#message = message;
  }

  fire(nowNs: number): void {
    this.#run.handle(this.#from, this.#to, this.#message, nowNs);
  }
}
