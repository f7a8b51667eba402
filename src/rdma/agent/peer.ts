/**
 * A peer that this end opens streams to: what it can, and the session with it, which is asked for again when its connection is lost.
 *
 *   unknown ── ask at the session port ──▶ aggregates: a session carries the streams
 *                                     └──▶ direct: nobody listens there; each stream is connected by itself
 */

import type { AgentStream } from "./agent-stream.js";
import type { Session } from "./session.js";
import type { PeerImage } from "./state/image.js";

/** A stream that waits until its peer is known. */
export interface Waiting {
  readonly stream: AgentStream;
  readonly port: number;
}

/** How long a peer is taken to know no aggregates before it is asked again. */
const DIRECT_MS = 60_000;
/** A session without streams gives its connection back. */
const IDLE_MS = 10_000;
export const RETRY_MS = { first: 10, most: 1000 } as const;

export class Peer {
  readonly remote: string;
  waiting: Waiting[] = [];
  session: Session | undefined;
  #directUntilMs: number | undefined;
  #retryMs: number = RETRY_MS.first;
  /** When to ask for a connection again, and since when its session has had no streams. */
  retryAtMs: number | undefined;
  idleSinceMs: number | undefined;

  /** With an image it goes on where one was elsewhere. */
  constructor(remote: string, image?: PeerImage) {
    this.remote = remote;
    this.#directUntilMs = image?.directUntilMs;
    this.#retryMs = image?.retryMs ?? RETRY_MS.first;
    this.retryAtMs = image?.retryAtMs;
    this.idleSinceMs = image?.idleSinceMs;
  }

  get image(): PeerImage {
    return {
      remote: this.remote,
      waiting: this.waiting.map(({ stream, port }) => ({ port, stream: stream.image })),
      session: this.session?.image,
      directUntilMs: this.#directUntilMs,
      retryMs: this.#retryMs,
      retryAtMs: this.retryAtMs,
      idleSinceMs: this.idleSinceMs,
    };
  }

  /** When something is due with it; undefined: nothing is. */
  get nextMs(): number | undefined {
    return this.retryAtMs ?? (this.idleSinceMs === undefined ? undefined : this.idleSinceMs + IDLE_MS);
  }

  isIdle(nowMs: number): boolean {
    return this.idleSinceMs !== undefined && nowMs - this.idleSinceMs >= IDLE_MS;
  }

  isDirect(nowMs: number): boolean {
    return this.#directUntilMs !== undefined && nowMs < this.#directUntilMs;
  }

  /** It knows no aggregates. */
  setDirect(nowMs: number): void {
    this.#directUntilMs = nowMs + DIRECT_MS;
  }

  connected(): void {
    this.#directUntilMs = undefined;
    this.retryAtMs = undefined;
    this.#retryMs = RETRY_MS.first;
  }

  /** It is asked again, later each time. */
  retry(nowMs: number): void {
    this.retryAtMs = nowMs + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS.most);
  }

  takeWaiting(): Waiting[] {
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }
}
