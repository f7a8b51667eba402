/**
 * Two stream agents in one process, joined in memory: what the interface promises and nothing more. Each end may have so many bytes under way as its
 * peer's handler has not yet used; handlers are called from an agent's own poll only, which setImmediate runs (a page has none: there setTimeout); a piece handed over is no longer
 * than an odd number of bytes, so that nobody takes a write for a message.
 */
import { checkInteger } from "../../src/check.js";
import { ConfigError } from "../../src/errors.js";
import { parseIp } from "../../src/overlay/address.js";
import type {
  StreamAddress,
  StreamAgent,
  StreamEnd,
  StreamErrorCode,
  StreamHandler,
} from "../../src/rdma/agent/stream.js";

export interface PipeOptions {
  /** Of a stream in one direction. */
  readonly windowBytes: number;
  readonly pieceBytes: number;
}

type Accept = (stream: StreamEnd, from: StreamAddress) => StreamHandler;

const FIRST_PORT = 40_000;

const soon = globalThis.setImmediate ?? ((poll: () => void) => setTimeout(poll));

class PipeAgent implements StreamAgent {
  readonly address: string;
  readonly windowBytes: number;
  readonly pieceBytes: number;
  peer!: PipeAgent;
  readonly #listeners = new Map<number, Accept>();
  #events: (() => void)[] = [];
  #port = FIRST_PORT;

  constructor(address: string, { windowBytes, pieceBytes }: PipeOptions) {
    this.address = address;
    this.windowBytes = windowBytes;
    this.pieceBytes = pieceBytes;
  }

  connect(to: StreamAddress, handler: StreamHandler): StreamEnd {
    parseIp("address", to.address);
    checkInteger("port", to.port, 1, 65_535);
    const from = { address: this.address, port: this.#port++ };
    const near = new PipeEnd(this, from, handler);
    const at = to.address === this.address ? this : this.peer;
    if (to.address !== at.address) near.close("ETIMEDOUT");
    else at.later(() => at.#take(near, to.port, from));
    return near;
  }

  listen(port: number, accept: Accept): void {
    checkInteger("port", port, 1, 65_535);
    if (this.#listeners.has(port)) throw new ConfigError("port", port, "one that nobody listens on");
    this.#listeners.set(port, accept);
  }

  unlisten(port: number): void {
    this.#listeners.delete(port);
  }

  later(event: () => void): void {
    if (this.#events.push(event) === 1) soon(() => this.#poll());
  }

  #poll(): void {
    const events = this.#events;
    this.#events = [];
    for (const event of events) event();
  }

  #take(near: PipeEnd, port: number, from: StreamAddress): void {
    if (near.isClosed) return;
    const accept = this.#listeners.get(port);
    if (accept === undefined) {
      near.close("ECONNREFUSED");
      return;
    }
    const far = new PipeEnd(this, { address: this.address, port }, undefined);
    near.join(far);
    near.tell((handler) => handler.onOpen());
    far.handler = accept(far, from);
  }
}

class PipeEnd implements StreamEnd {
  readonly local: StreamAddress;
  handler: StreamHandler | undefined;
  isClosed = false;
  readonly #agent: PipeAgent;
  #peer: PipeEnd | undefined;
  /** What was written before there was a peer. */
  #early: (() => void)[] = [];
  #roomBytes: number;
  #unusedBytes = 0;
  #wantsRoom = false;
  #ended = false;
  #heardEnd = false;

  constructor(agent: PipeAgent, local: StreamAddress, handler: StreamHandler | undefined) {
    this.local = local;
    this.#agent = agent;
    this.handler = handler;
    this.#roomBytes = agent.windowBytes;
  }

  join(peer: PipeEnd): void {
    this.#peer = peer;
    peer.#peer = this;
    for (const event of this.#early.splice(0)) event();
  }

  /** Calls the handler in the agent's next poll, unless the stream is closed by then. */
  tell(call: (handler: StreamHandler) => void): void {
    this.#agent.later(() => {
      if (!this.isClosed && this.handler) call(this.handler);
    });
  }

  write(bytes: Uint8Array): number {
    if (this.isClosed || this.#ended) return 0;
    const takenBytes = Math.min(bytes.length, this.#roomBytes);
    this.#roomBytes -= takenBytes;
    if (takenBytes < bytes.length) this.#wantsRoom = true;
    for (let at = 0; at < takenBytes; at += this.#agent.pieceBytes) {
      const piece = Uint8Array.from(bytes.subarray(at, Math.min(at + this.#agent.pieceBytes, takenBytes)));
      this.#toPeer((peer) => peer.#deliver(piece));
    }
    return takenBytes;
  }

  end(): void {
    if (this.isClosed || this.#ended) return;
    this.#ended = true;
    this.#toPeer((peer) => peer.#hearEnd());
  }

  reset(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#agent.later(() => this.handler?.onClose(undefined));
    this.#peer?.close("ECONNRESET");
  }

  consumed(bytes: number): void {
    if (this.isClosed || bytes === 0) return;
    if (bytes > this.#unusedBytes) throw new Error(`${bytes} bytes used of ${this.#unusedBytes}`);
    this.#unusedBytes -= bytes;
    this.#toPeer((peer) => peer.#grant(bytes));
  }

  /** The last that the handler hears comes after what is on its way to it. */
  close(error: StreamErrorCode | undefined): void {
    this.tell((handler) => {
      this.isClosed = true;
      handler.onClose(error);
    });
  }

  #toPeer(event: (peer: PipeEnd) => void): void {
    const pass = () => {
      const peer = this.#peer as PipeEnd;
      peer.#agent.later(() => !peer.isClosed && event(peer));
    };
    if (this.#peer) pass();
    else this.#early.push(pass);
  }

  #deliver(piece: Uint8Array): void {
    this.#unusedBytes += piece.length;
    this.handler?.onData(piece);
  }

  #grant(bytes: number): void {
    this.#roomBytes += bytes;
    // Half the window, lest every piece become smaller than the one before (RFC 9293 section 3.8.6.2, silly window).
    if (!this.#wantsRoom || this.#roomBytes < this.#agent.windowBytes / 2) return;
    this.#wantsRoom = false;
    this.handler?.onWritable();
  }

  #hearEnd(): void {
    this.#heardEnd = true;
    this.handler?.onEnd();
    const peer = this.#peer as PipeEnd;
    if (!this.#ended || !peer.#heardEnd) return;
    this.close(undefined);
    peer.close(undefined);
  }
}

/** Two agents, at 10.0.0.1 and 10.0.0.2. */
export function pipeAgents(
  options: PipeOptions = { windowBytes: 65_536, pieceBytes: 4_093 },
): readonly [PipeAgent, PipeAgent] {
  const [a, b] = [new PipeAgent("10.0.0.1", options), new PipeAgent("10.0.0.2", options)];
  a.peer = b;
  b.peer = a;
  return [a, b];
}
