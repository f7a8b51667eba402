/** One stream, as one end of its session knows it. */
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import type { AggregateMessage } from "../aggregate/codec.js";
import { serialAdd } from "../aggregate/serial.js";
import { SendQueue } from "./send-queue.js";
import type { Whole } from "./transfer.js";

/** FIN or RST: not asked for, waiting for its turn, on its way. */
export type Ending = "none" | "queued" | "sent";

const ENDINGS = ["none", "queued", "sent"] as const;
/** Credit in all never exceeds what a control record can say. */
export const CREDIT_MAX = 2 ** 31 - 1;
/** A stream in a snapshot, without its messages. */
export const STREAM_BYTES_MIN = 29;

/** What bounds a stream. */
export interface StreamLimits {
  readonly windowBytes: number;
  readonly sendBufferBytes: number;
}

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

  /** The sequence of the next message. */
  get sendSequence(): number {
    return this.#sendSequence;
  }

  /** Into a snapshot: id 48, stream 16, credit 32, windowLeft 32, unreported 32, sequences 16 each, flags 8, and the messages. */
  write(out: SectionWriter, nowMs: number): void {
    out.u48(this.id);
    out.u16(this.stream);
    out.u32(this.credit);
    out.u32(this.windowLeft);
    out.u32(this.unreported);
    out.u16(this.receiveSequence);
    out.u16(this.#sendSequence);
    const endings = ENDINGS.indexOf(this.fin) | (ENDINGS.indexOf(this.rst) << 2);
    const isClosed = Number(this.isClosed) << 7;
    const flags = Number(this.isOpen) | (Number(this.wantsRoom) << 1) | (Number(this.isRemoteEnded) << 2);
    out.u8(endings | (flags << 4) | isClosed);
    this.queue.write(out, nowMs);
  }

  /** From a snapshot, into a new stream whose id and number were read. */
  read(from: SectionReader, { windowBytes, sendBufferBytes }: StreamLimits, nowMs: number): void {
    this.credit = from.u32("credit", CREDIT_MAX);
    this.windowLeft = from.u32("windowLeft", windowBytes);
    this.unreported = from.u32("unreported", windowBytes - this.windowLeft);
    this.receiveSequence = from.u16("receiveSequence");
    this.#sendSequence = from.u16("sendSequence");
    const flags = from.u8("flags");
    this.fin = endingOf(from, flags & 3);
    this.rst = endingOf(from, (flags >> 2) & 3);
    this.isOpen = (flags & 0x10) !== 0;
    this.wantsRoom = (flags & 0x20) !== 0;
    this.isRemoteEnded = (flags & 0x40) !== 0;
    this.isClosed = (flags & 0x80) !== 0;
    this.queue.read(from, sendBufferBytes, nowMs);
    this.#checkEnds(from, flags);
    this.#checkOpen(from, windowBytes);
    const isFull = this.isClosed || this.queue.bytes * 2 > sendBufferBytes;
    from.check(isFull || !this.wantsRoom, "wantsRoom", true, "only with more than half of the room taken");
  }

  /** Its user has had the last event when it was broken off, or both directions came to their end; then nothing waits. */
  #checkEnds(from: SectionReader, flags: number): void {
    const isOver = this.rst !== "none" || (this.fin === "sent" && this.isRemoteEnded);
    from.check(
      this.isClosed === isOver,
      "flags",
      flags,
      "closed when it is broken off or ended both ways, and only then",
    );
    const takesNoMore = this.isClosed || this.fin === "sent";
    from.check(!takesNoMore || this.queue.bytes === 0, "messages", this.queue.bytes, "none of a stream that has ended");
  }

  /** Before the peer has taken it nothing goes, and nothing comes. */
  #checkOpen(from: SectionReader, windowBytes: number): void {
    if (this.isOpen) return;
    const { fin, rst, isRemoteEnded, receiveSequence, windowLeft } = this;
    from.check(fin !== "sent" && rst !== "sent", "flags", "sent", "an end that waits, before the stream is open");
    from.check(!isRemoteEnded, "flags", "ended", "one that goes on, before the stream is open");
    from.within("receiveSequence", receiveSequence, 0, 0);
    from.within("sendSequence", this.#sendSequence, 0, 0);
    from.within("windowLeft", windowLeft, windowBytes, windowBytes);
  }

  #takeSequence(): number {
    const sequence = this.#sendSequence;
    this.#sendSequence = serialAdd(sequence, 1);
    return sequence;
  }
}

function endingOf(from: SectionReader, code: number): Ending {
  return ENDINGS[code] ?? from.refuse("flags", code, "an end that is not asked for, waits, or is sent");
}
