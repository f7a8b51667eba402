/**
 * A stream as the WHATWG pair, in the manner of TCPSocket (WICG, Direct Sockets API, https://wicg.github.io/direct-sockets/): a readable, a
 * writable, and promises of the beginning and the end. Other than there the two streams exist at once, and what is written waits for the
 * opening.
 *
 * Closing the writable ends this direction alone. To cancel the readable or abort the writable breaks the whole stream off: a stream has no other
 * way to tell its peer that nobody reads.
 */
import type { StreamAddress, StreamEnd, StreamErrorCode, StreamHandler } from "../../agent/stream.js";
import { type Deferred, deferred } from "./deferred.js";
import { Incoming } from "./incoming.js";
import { Outgoing } from "./outgoing.js";
import { StreamError } from "./stream-error.js";

export interface StreamPairOptions {
  /** What each of the two streams holds before it says stop; 65,536 bytes by default. */
  readonly highWaterMarkBytes?: number;
}

export interface StreamOpenInfo {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export interface StreamPair {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** When the peer took the stream; rejects with StreamError when it did not. */
  readonly opened: Promise<StreamOpenInfo>;
  /** When both directions came to their end, or this end broke off; rejects with StreamError when the peer or the network did. */
  readonly closed: Promise<void>;
}

export const HIGH_WATER_MARK_BYTES = 65_536;

/** The pair of a stream, and what its agent has to tell it. */
export class StreamPairEnd implements StreamPair, StreamHandler {
  readonly #remote: StreamAddress;
  readonly #opened: Deferred<StreamOpenInfo> = deferred();
  readonly #closed: Deferred<void> = deferred();
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  #stream!: StreamEnd;

  constructor(remote: StreamAddress, highWaterMarkBytes: number) {
    this.#remote = remote;
    const stream = () => this.#stream;
    this.#incoming = new Incoming(stream, highWaterMarkBytes, (reason) => this.breakOff(reason));
    this.#outgoing = new Outgoing(stream, this.opened, highWaterMarkBytes, (reason) => this.breakOff(reason));
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#incoming.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#outgoing.writable;
  }

  get opened(): Promise<StreamOpenInfo> {
    return this.#opened.promise;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The stream it is the pair of, before anything else is done with it. */
  attach(stream: StreamEnd): void {
    this.#stream = stream;
  }

  breakOff(reason: unknown): void {
    const cause = reason ?? new DOMException("the stream was broken off", "AbortError");
    this.#stream.reset();
    this.#opened.reject(cause);
    this.#incoming.fail(cause);
    this.#outgoing.fail(cause);
  }

  onOpen(): void {
    this.#opened.resolve({ remoteAddress: this.#remote.address, remotePort: this.#remote.port });
  }

  onData(bytes: Uint8Array): void {
    this.#incoming.take(bytes, this.#stream);
  }

  onEnd(): void {
    this.#incoming.end();
  }

  onWritable(): void {
    this.#outgoing.resume();
  }

  onClose(code: StreamErrorCode | undefined): void {
    if (code === undefined) {
      this.#closed.resolve();
      return;
    }
    const error = new StreamError(code);
    this.#opened.reject(error);
    this.#incoming.fail(error);
    this.#outgoing.fail(error);
    this.#closed.reject(error);
  }
}
