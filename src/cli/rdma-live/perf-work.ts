/** As many messages as the connection carries: so many are under way, and each that completes makes room for the next. */
import type { ConnectionEvent, MemoryRegion, SendRequest } from "../../index.js";
import type { ClientWork } from "./client.js";
import type { Session } from "./session.js";
import { depthOf } from "./window.js";
import type { PerfOperation } from "./wish.js";

export interface PerfOptions {
  readonly operation: PerfOperation;
  readonly sizeBytes: number;
  /** It ends after so many messages, or after so long, whichever is first. */
  readonly count: number;
  readonly durationMs: number;
}

export class PerfWork implements ClientWork {
  readonly #session: Session;
  readonly #options: PerfOptions;
  readonly #region: MemoryRegion;
  readonly #depth: number;
  #posted = 0;
  #completed = 0;
  #beganMs: number | undefined;
  #lastMs = 0;
  #isStopped = false;
  #isEnding = false;

  constructor(session: Session, options: PerfOptions) {
    this.#session = session;
    this.#options = options;
    this.#depth = depthOf(options.sizeBytes);
    this.#region = session.pd.register(this.#depth * options.sizeBytes, { access: ["local-write"] });
    for (let i = 0; i < this.#region.bytes.length; i++) this.#region.bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  }

  /** Messages that were completed. */
  get messages(): number {
    return this.#completed;
  }

  /** From the first message's begin to the last one's completion. */
  get seconds(): number {
    return this.#beganMs === undefined ? 0 : Math.max(0, this.#lastMs - this.#beganMs) / 1000;
  }

  get isDone(): boolean {
    return this.#session.isOver;
  }

  get nextMs(): number | undefined {
    return this.#isEnding || this.#beganMs === undefined ? undefined : this.#beganMs + this.#options.durationMs;
  }

  stop(): void {
    this.#isStopped = true;
  }

  turn(events: readonly ConnectionEvent[], nowMs: number): void {
    this.#session.hear(events, this.#isEnding);
    for (const { status } of this.#session.cq.poll()) if (status === "success") this.#completed++;
    if (!this.#session.offer || this.#isEnding) return;
    this.#beganMs ??= performance.now();
    if (this.#completed > 0) this.#lastMs = performance.now();
    const { count, durationMs } = this.#options;
    const isOver = this.#isStopped || nowMs - this.#beganMs >= durationMs;
    if (!isOver) this.#post(Math.min(this.#depth - (this.#posted - this.#completed), count - this.#posted));
    // What was posted comes to its end, so that every message that counts was whole.
    else if (this.#posted > this.#completed) return;
    if (isOver || this.#completed === count) {
      this.#isEnding = true;
      this.#session.end(nowMs);
    }
  }

  #post(messages: number): void {
    const requests = Array.from({ length: messages }, (_, i) => this.#request((this.#posted + i) % this.#depth));
    this.#posted += this.#session.qp.postSend(...requests);
  }

  #request(slot: number): SendRequest {
    const { operation, sizeBytes } = this.#options;
    const offset = slot * sizeBytes;
    const local = { region: this.#region, offset, length: sizeBytes };
    if (operation === "send") return { opcode: "send", local };
    const { va, rkey } = this.#session.offer as NonNullable<Session["offer"]>;
    const remote = { va: va + BigInt(offset), rkey };
    return { opcode: operation === "write" ? "rdma-write" : "rdma-read", local, remote };
  }
}
