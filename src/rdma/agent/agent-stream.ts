/** A stream as its user has it: whatever carries it, or nothing yet. What carries it may be exchanged, which its user does not notice. */
import type { StreamImage } from "./state/image.js";
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
  #onWork: () => void;
  /** Its user broke it off: without a carrier its agent finds it so, and forgets it. */
  isReset = false;
  #carrier: Carrier | undefined;
  #isClosed = false;
  #isEnded = false;
  #wantsRoom = false;

  /** With an image it goes on where one was elsewhere. */
  constructor(local: StreamAddress, onWork: () => void, image?: StreamImage) {
    this.local = local;
    this.#onWork = onWork;
    this.#isEnded = image?.isEnded ?? false;
    this.#wantsRoom = image?.wantsRoom ?? false;
    this.isReset = image?.isReset ?? false;
  }

  get image(): StreamImage {
    return { port: this.local.port, isEnded: this.#isEnded, wantsRoom: this.#wantsRoom, isReset: this.isReset };
  }

  /** Its agent goes on elsewhere, or after all where it was. */
  goOn(onWork: () => void): void {
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
