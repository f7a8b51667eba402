/** One stream, as one end of its session knows it. */
import type { AggregateMessage } from "../aggregate/codec.js";
import { serialAdd } from "../aggregate/serial.js";
import { SendQueue } from "./send-queue.js";
import type { Whole } from "./transfer.js";

/** FIN or RST: not asked for, waiting for its turn, on its way. */
export type Ending = "none" | "queued" | "sent";

export class StreamState {
  /** Of this end alone, and never another stream's. */
  readonly id: number;
  /** On the wire, and another stream's later. */
  readonly stream: number;
  readonly queue: SendQueue;
  /** The peer has taken it. */
  isOpen = false;
  /** Bytes that the peer takes. */
  credit = 0;
  fin: Ending = "none";
  rst: Ending = "none";
  /** A write took less than it was given. */
  wantsRoom = false;
  /** It is in the ring of those with something to send. */
  isReady = false;
  /** Its neighbours there. */
  before: StreamState | undefined;
  after: StreamState | undefined;
  /** Bytes that the peer may still send, and those used that it was not told of. */
  windowLeft: number;
  unreported = 0;
  receiveSequence = 0;
  isRemoteEnded = false;
  /** Its user has had the last event. */
  isClosed = false;
  #sendSequence = 0;

  constructor(id: number, stream: number, windowBytes: number, sent: (writes: number, atMs: number) => void) {
    this.id = id;
    this.stream = stream;
    this.queue = new SendQueue(sent);
    this.windowLeft = windowBytes;
  }

  /** It takes bytes to send. */
  get isWritable(): boolean {
    return this.fin === "none" && this.rst === "none" && !this.isClosed;
  }

  /** Something can go now. */
  get hasWork(): boolean {
    if (!this.isOpen) return false;
    if (this.rst !== "none") return this.rst === "queued";
    return this.queue.bytes > 0 ? this.credit > 0 : this.fin === "queued";
  }

  /** The bytes of its next message, as far as credit reaches. */
  get nextBytes(): number {
    return this.rst === "queued" ? 0 : Math.min(this.queue.frontBytes, this.credit);
  }

  /** It ends something, or asks for haste: no reason to wait. */
  get isUrgent(): boolean {
    return this.rst === "queued" || this.fin === "queued" || this.queue.isUrgent;
  }

  /** This end sends nothing more of it. */
  get isDone(): boolean {
    return this.fin === "sent" || this.rst === "sent";
  }

  /** Its next message, for an aggregate. */
  takeMessage(): AggregateMessage {
    if (this.rst === "queued") {
      this.rst = "sent";
      return { stream: this.stream, sequence: this.#takeSequence(), data: new Uint8Array(), rst: true };
    }
    const urgent = this.queue.isUrgent;
    const front = this.queue.frontBytes;
    const data = this.queue.take(this.nextBytes);
    this.credit -= data.length;
    const fin = this.queue.bytes === 0 && this.fin === "queued";
    if (fin) this.fin = "sent";
    return { stream: this.stream, sequence: this.#takeSequence(), data, more: data.length < front, fin, urgent };
  }

  /** So many bytes, or what there is, as a transfer of their own, where messages' bounds do not count. */
  takeWhole(max: number): Whole {
    const bytes = this.queue.take(Math.min(max, this.credit));
    this.credit -= bytes.length;
    return { kind: "whole", stream: this.stream, sequence: this.#takeSequence(), bytes };
  }

  #takeSequence(): number {
    const sequence = this.#sendSequence;
    this.#sendSequence = serialAdd(sequence, 1);
    return sequence;
  }
}
