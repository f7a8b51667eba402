/**
 * A stream without a user, such as one whose socket was destroyed, goes as a TCP connection whose socket was closed: what was written is still
 * sent, then its end; a peer that goes on sending is told by a reset that nobody reads; and one that never ends is waited for no longer than Linux
 * waits (tcp_fin_timeout). A peer that has ended needs no such bound: there the agent's own end the stream.
 */
import type { StreamEnd, StreamHandler } from "../../agent/stream.js";

const LINGER_MS = 60_000;

export class Orphan implements StreamHandler {
  readonly #stream: StreamEnd;
  readonly #timer: NodeJS.Timeout | undefined;

  /** Of the bytes that were delivered, so many were not used yet: a peer without room could never find out. */
  constructor(stream: StreamEnd, unusedBytes: number, peerEnded: boolean) {
    this.#stream = stream;
    if (!peerEnded) this.#timer = setTimeout(() => stream.reset(), LINGER_MS).unref();
    stream.end();
    stream.consumed(unusedBytes);
  }

  onOpen(): void {}

  onData(): void {
    this.#stream.reset();
  }

  onEnd(): void {
    clearTimeout(this.#timer);
  }

  onWritable(): void {}

  onClose(): void {
    clearTimeout(this.#timer);
  }
}

/** Listens to a stream that was reset, of which there is nothing more to hear. */
export const DEAF: StreamHandler = {
  onOpen() {},
  onData() {},
  onEnd() {},
  onWritable() {},
  onClose() {},
};
