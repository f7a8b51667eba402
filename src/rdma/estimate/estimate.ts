/**
 * What consolidation of several sockets' small messages into one RDMA transfer would have done to a trace: system 5, on paper. Messages
 * come in order of time, in nanoseconds; the estimate has no clock, no chance and no I/O, and is the same in a page as in Node.
 */
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { Destination } from "./destination.js";
import { type EstimateFigures, transferFigures, windowFigures } from "./figures.js";
import { type CheckedEstimateOptions, checkEstimateOptions, type RdmaEstimateOptions } from "./options.js";
import { Tally } from "./tally.js";

/** What a socket sent at one time. */
export interface EstimateMessage {
  /** A number for each pair of hosts, from the caller, and the IP version between these. */
  readonly destination: number;
  readonly ipVersion: 4 | 6;
  /** A number for each socket. */
  readonly stream: number;
  /** Since any instant; not before the message before it. */
  readonly atNs: number;
  readonly lengthBytes: number;
}

export interface DestinationFigures extends EstimateFigures {
  readonly destination: number;
}

const LENGTH_MAX = 2 ** 31;

export class RdmaEstimate {
  readonly options: CheckedEstimateOptions;
  readonly #destinations = new Map<number, Destination>();
  #nowNs = Number.NEGATIVE_INFINITY;

  /** Throws ConfigError. */
  constructor(options: RdmaEstimateOptions) {
    this.options = checkEstimateOptions(options);
  }

  /** Throws ConfigError for a length that no message has, and for a time that goes backwards. */
  send(message: EstimateMessage): void {
    const { destination, ipVersion, lengthBytes } = message;
    checkInteger("lengthBytes", lengthBytes, 0, LENGTH_MAX);
    this.#passTo(message.atNs);
    let known = this.#destinations.get(destination);
    if (!known) {
      known = new Destination(this.options, ipVersion);
      this.#destinations.set(destination, known);
    }
    known.send(message);
  }

  /** A stream ends. Of one that never sent anything there is nothing to end. */
  close(destination: number, stream: number, atNs: number): void {
    this.#passTo(atNs);
    this.#destinations.get(destination)?.close(stream, atNs);
  }

  /** After the last message: all figures together, and by destination in the order in which they began. */
  finish(): { readonly totals: EstimateFigures; readonly destinations: readonly DestinationFigures[] } {
    const all = [...this.#destinations];
    for (const [, one] of all) one.finish();
    const destinations = all.map(([destination, { streams, before, after }]) => ({
      destination,
      ...this.#figures(
        streams.size,
        before,
        after.map(({ tally }) => tally),
      ),
    }));
    const streams = destinations.reduce((sum, one) => sum + one.streams, 0);
    const sum = (tallyOf: (destination: Destination) => Tally) => {
      const tally = new Tally();
      for (const [, one] of all) tally.add(tallyOf(one));
      return tally;
    };
    const after = this.options.windowsNs.map((_, i) =>
      sum((one) => (one.after[i] as Destination["after"][number]).tally),
    );
    return {
      totals: this.#figures(
        streams,
        sum(({ before }) => before),
        after,
      ),
      destinations,
    };
  }

  #figures(streams: number, before: Tally, after: readonly Tally[]): EstimateFigures {
    return {
      streams,
      messages: before.transfers,
      payloadBytes: before.payloadBytes,
      before: transferFigures(before),
      windows: after.map((tally, i) => windowFigures(this.options.windowsNs[i] as number, tally)),
    };
  }

  #passTo(atNs: number): void {
    if (!(atNs >= this.#nowNs)) throw new ConfigError("atNs", atNs, `at least ${this.#nowNs}, the time before it`);
    this.#nowNs = atNs;
  }
}
