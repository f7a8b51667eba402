/** Messages that come back, one at a time: each is compared with what was sent, and timed. */
import type { ConnectionEvent, MemoryRegion } from "../../index.js";
import type { ClientWork } from "./client.js";
import { PeerError } from "./peer-error.js";
import type { Session } from "./session.js";

export interface PingOptions {
  readonly sizeBytes: number;
  readonly count: number;
  readonly intervalMs: number;
  /** Called for each reply, counted from 1. */
  readonly replied: (sequence: number, rttMs: number) => void;
}

export class PingWork implements ClientWork {
  /** Round trips in milliseconds, in order. */
  readonly rttsMs: number[] = [];
  readonly #session: Session;
  readonly #options: PingOptions;
  readonly #outgoing: MemoryRegion;
  readonly #incoming: MemoryRegion;
  #sent = 0;
  #sentMs = 0;
  #dueMs: number | undefined;
  #isStopped = false;
  #isEnding = false;

  constructor(session: Session, options: PingOptions) {
    this.#session = session;
    this.#options = options;
    this.#outgoing = session.pd.register(options.sizeBytes);
    this.#incoming = session.pd.register(options.sizeBytes, { access: ["local-write"] });
  }

  get sent(): number {
    return this.#sent;
  }

  get isDone(): boolean {
    return this.#session.isOver;
  }

  get nextMs(): number | undefined {
    return this.#dueMs;
  }

  stop(): void {
    this.#isStopped = true;
  }

  turn(events: readonly ConnectionEvent[], nowMs: number): void {
    this.#session.hear(events, this.#isEnding);
    for (const { opcode, status, byteLen } of this.#session.cq.poll()) {
      if (opcode === "recv" && status === "success") this.#take(byteLen);
    }
    const isWaiting = this.#sent > this.rttsMs.length;
    const isEnough = this.#isStopped || this.rttsMs.length === this.#options.count;
    if (isEnough && !this.#isEnding) {
      this.#isEnding = true;
      this.#dueMs = undefined;
      this.#session.end(nowMs);
    } else if (this.#session.offer && !isWaiting && !this.#isEnding && nowMs >= (this.#dueMs ?? nowMs))
      this.#send(nowMs);
  }

  #send(nowMs: number): void {
    const { bytes } = this.#outgoing;
    // Other bytes in each message, and other ones at each place.
    for (let i = 0; i < bytes.length; i++) bytes[i] = (this.#sent * 31 + i * 7 + (i >> 8)) & 0xff;
    this.#incoming.bytes.fill(0);
    this.#session.qp.postRecv({ local: { region: this.#incoming } });
    this.#session.qp.postSend({ opcode: "send", local: { region: this.#outgoing }, signaled: false });
    this.#sent++;
    this.#sentMs = performance.now();
    this.#dueMs = nowMs + this.#options.intervalMs;
  }

  #take(byteLen: number): void {
    const rttMs = performance.now() - this.#sentMs;
    const isSame =
      byteLen === this.#options.sizeBytes && Buffer.compare(this.#incoming.bytes, this.#outgoing.bytes) === 0;
    if (!isSame) throw new PeerError(`message ${this.#sent} came back changed`);
    this.rttsMs.push(rttMs);
    this.#options.replied(this.#sent, rttMs);
  }
}
