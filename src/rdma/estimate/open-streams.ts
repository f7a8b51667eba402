/**
 * Which streams go to a destination at a time: with one alone there is nothing to consolidate. A stream is open from its first message
 * until it is closed, or has been silent for IDLE_NS: datagrams have no end that could be seen, and some connections end outside the capture.
 */

/** As Linux's connection tracking holds on to a UDP flow. */
const IDLE_NS = 30e9;
const SHARED_STREAMS = 2;

export class OpenStreams {
  /** When each last sent something: the longest silent first, since whoever sends goes to the end. */
  readonly #lastNs = new Map<number, number>();

  /** A stream sends. Returns true when others are open beside it. Times do not go backwards. */
  send(stream: number, atNs: number): boolean {
    this.#lastNs.delete(stream);
    this.#lastNs.set(stream, atNs);
    for (const [silent, lastNs] of this.#lastNs) {
      if (atNs - lastNs <= IDLE_NS) break;
      this.#lastNs.delete(silent);
    }
    return this.#lastNs.size >= SHARED_STREAMS;
  }

  close(stream: number): void {
    this.#lastNs.delete(stream);
  }
}
