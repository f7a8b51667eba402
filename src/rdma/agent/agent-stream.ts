/** A stream as its user has it: whatever carries it, or nothing yet. */
import type { StreamAddress, StreamEnd, StreamErrorCode, StreamHandler } from "./stream.js";

/** What carries a stream once its peer is known: a session, or a connection to itself. */
export interface Carrier {
  write(bytes: Uint8Array): number;
  end(): void;
  reset(): void;
  consumed(bytes: number): void;
}

export class AgentStream implements StreamEnd {
  readonly local: StreamAddress;
  handler: StreamHandler | undefined;
  readonly #onWork: () => void;
  /** Its user broke it off: without a carrier its agent finds it so, and forgets it. */
  isReset = false;
  #carrier: Carrier | undefined;
  #isClosed = false;
  #isEnded = false;
  #wantsRoom = false;

  constructor(local: StreamAddress, onWork: () => void) {
    this.local = local;
    this.#onWork = onWork;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  carry(carrier: Carrier): void {
    this.#carrier = carrier;
    if (this.#isEnded) carrier.end();
  }

  /** The peer has taken it. */
  opened(): void {
    if (this.#isClosed) return;
    this.handler?.onOpen();
    if (this.#wantsRoom) this.handler?.onWritable();
    this.#wantsRoom = false;
  }

  /** The last that its user hears. */
  close(error: StreamErrorCode | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.handler?.onClose(error);
  }

  write(bytes: Uint8Array): number {
    if (this.#isClosed || this.#isEnded || bytes.length === 0) return 0;
    this.#onWork();
    if (this.#carrier) return this.#carrier.write(bytes);
    this.#wantsRoom = true;
    return 0;
  }

  end(): void {
    if (this.#isClosed || this.#isEnded) return;
    this.#isEnded = true;
    this.#onWork();
    this.#carrier?.end();
  }

  reset(): void {
    if (this.#isClosed) return;
    this.isReset = true;
    this.#onWork();
    this.#carrier?.reset();
  }

  consumed(bytes: number): void {
    if (this.#isClosed) return;
    this.#onWork();
    this.#carrier?.consumed(bytes);
  }
}
