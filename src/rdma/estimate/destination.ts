/** The messages from one host to another: before, and consolidated with each window. */
import { Consolidation, type StreamMessage } from "./consolidation.js";
import { OpenStreams } from "./open-streams.js";
import type { CheckedEstimateOptions } from "./options.js";
import { Tally } from "./tally.js";
import type { Framing } from "./wire-cost.js";

export class Destination {
  readonly streams = new Set<number>();
  readonly before = new Tally();
  readonly after: readonly Consolidation[];
  readonly #open = new OpenStreams();
  readonly #framing: Framing;

  constructor(options: CheckedEstimateOptions, ipVersion: 4 | 6) {
    const framing = { operation: options.operation, mtuBytes: options.mtuBytes, ipVersion };
    this.#framing = framing;
    this.after = options.windowsNs.map((windowNs) => new Consolidation(windowNs, options, framing));
  }

  send(message: StreamMessage): void {
    const { stream, atNs, lengthBytes } = message;
    this.streams.add(stream);
    this.before.transfer(lengthBytes, this.#framing);
    this.before.message("straight", lengthBytes, 0);
    const isShared = this.#open.send(stream, atNs);
    for (const consolidation of this.after) consolidation.send(message, isShared);
  }

  close(stream: number, atNs: number): void {
    this.#open.close(stream);
    for (const consolidation of this.after) consolidation.close(stream, atNs);
  }

  finish(): void {
    for (const consolidation of this.after) consolidation.finish();
  }
}
