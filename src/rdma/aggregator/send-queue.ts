/**
 * A stream's messages that wait to be sent. Bounds of messages are nobody's but for what is saved by keeping them: once many small ones wait,
 * further ones share a block, so that memory is bounded by bytes and not by how many writes they came in.
 */
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import { ageUs, MESSAGE_AGE_US_MAX, timeMs } from "./state/age.js";

interface Message {
  /** What it has, or the beginning of a block that further ones may go into. */
  readonly bytes: Uint8Array;
  length: number;
  /** Writes that it came in. */
  writes: number;
  /** Of the first. */
  readonly atMs: number;
  readonly isUrgent: boolean;
}

/** Messages that wait apart. */
const APART_MAX = 32;
const BLOCK_BYTES = 4096;
/** Of a message in a snapshot: its length less one, and what it is. */
const LENGTH_MASK = 2 ** 30 - 1;
const F_URGENT = 2 ** 30;
/** Several writes are in it, or further ones go in. */
const F_BLOCK = 2 ** 31;
const MESSAGE_BYTES_MIN = 8;

export class SendQueue {
  #messages: Message[] = [];
  /** The first that is left, and what of it is gone. */
  #head = 0;
  #offset = 0;
  #bytes = 0;
  #urgent = 0;
  readonly #sent: (writes: number, atMs: number) => void;

  /** sent is told when the last byte of so many writes goes, the first of which was at atMs. */
  constructor(sent: (writes: number, atMs: number) => void) {
    this.#sent = sent;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isUrgent(): boolean {
    return this.#urgent > 0;
  }

  get frontBytes(): number {
    const front = this.#messages[this.#head];
    return front ? front.length - this.#offset : 0;
  }

  /** When the oldest was written. */
  get frontMs(): number | undefined {
    return this.#messages[this.#head]?.atMs;
  }

  /** Takes a copy. */
  add(bytes: Uint8Array, atMs: number, isUrgent: boolean): void {
    this.#bytes += bytes.length;
    const isMany = this.#messages.length - this.#head >= APART_MAX && !isUrgent;
    if (isMany && this.#append(bytes)) return;
    if (isUrgent) this.#urgent++;
    const { length } = bytes;
    const isBlock = isMany && length * 2 <= BLOCK_BYTES;
    const copy = isBlock ? new Uint8Array(BLOCK_BYTES) : bytes.slice();
    if (isBlock) copy.set(bytes);
    this.#messages.push({ bytes: copy, length, writes: 1, atMs, isUrgent });
  }

  /** The next bytes, so many or all there are. */
  take(max: number): Uint8Array {
    const count = Math.min(max, this.#bytes);
    const front = this.#messages[this.#head];
    if (front && front.length - this.#offset >= count) return this.#takeFront(count);
    const taken = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      const part = this.#takeFront(Math.min(count - at, this.frontBytes));
      taken.set(part, at);
      at += part.length;
    }
    return taken;
  }

  /** Into a snapshot: length and flags 32, age 24, of a block writes 16 and room 16, and the bytes, for each. */
  write(out: SectionWriter, nowMs: number): void {
    const last = this.#messages.at(-1);
    out.u32(this.#messages.length - this.#head);
    for (let i = this.#head; i < this.#messages.length; i++) {
      const message = this.#messages[i] as Message;
      const offset = i === this.#head ? this.#offset : 0;
      const room = message === last ? message.bytes.length - message.length : 0;
      const isBlock = message.writes > 1 || room > 0;
      const flags = (message.isUrgent ? F_URGENT : 0) + (isBlock ? F_BLOCK : 0);
      out.u32(message.length - offset - 1 + flags);
      out.u24(ageUs(nowMs, message.atMs, MESSAGE_AGE_US_MAX));
      if (isBlock) {
        out.u16(message.writes);
        out.u16(room);
      }
      out.bytes(message.bytes.subarray(offset, message.length));
    }
  }

  /** From a snapshot, into an empty queue of at most so many bytes. */
  read(from: SectionReader, bytesMax: number, nowMs: number): void {
    const count = from.entries("messages", from.u32("messages"), MESSAGE_BYTES_MIN);
    for (let left = count; left > 0; left--) this.#messages.push(this.#readMessage(from, bytesMax, left === 1, nowMs));
    // Those that were many when they came share blocks: two neighbours have half a block or more between them.
    const most = APART_MAX + 2 + 2 * this.#urgent + Math.floor(this.#bytes / (BLOCK_BYTES / 4));
    from.within("messages", count, 0, most);
  }

  #readMessage(from: SectionReader, bytesMax: number, isLast: boolean, nowMs: number): Message {
    const word = from.u32("message.length");
    const length = (word & LENGTH_MASK) + 1;
    const isUrgent = (word & F_URGENT) !== 0;
    const isBlock = word >= F_BLOCK;
    const atMs = timeMs(nowMs, from.u24("message.age"));
    const writes = isBlock ? from.u16("message.writes", BLOCK_BYTES, 1) : 1;
    const room = isBlock ? from.u16("message.room", isLast ? Math.max(0, BLOCK_BYTES - length) : 0) : 0;
    from.check(!isBlock || writes > 1 || room > 0, "message.writes", writes, "several writes, or room for them");
    from.check(!isBlock || !isUrgent, "message.flags", "an urgent block", "one or the other");
    from.within("message.length", this.#bytes + length, 1, bytesMax);
    let bytes = from.bytes("message.bytes", length);
    if (room > 0) {
      const block = new Uint8Array(length + room);
      block.set(bytes);
      bytes = block;
    }
    this.#bytes += length;
    if (isUrgent) this.#urgent++;
    return { bytes, length, writes, atMs, isUrgent };
  }

  clear(): void {
    this.#messages = [];
    this.#head = 0;
    this.#offset = 0;
    this.#bytes = 0;
    this.#urgent = 0;
  }

  /** Into the block that is last; false when there is none, or no room in it. */
  #append(bytes: Uint8Array): boolean {
    const last = this.#messages.at(-1);
    if (!last || last.isUrgent || last.length + bytes.length > last.bytes.length) return false;
    last.bytes.set(bytes, last.length);
    last.length += bytes.length;
    last.writes++;
    return true;
  }

  #takeFront(count: number): Uint8Array {
    const front = this.#messages[this.#head];
    if (!front) return new Uint8Array();
    const part = front.bytes.subarray(this.#offset, this.#offset + count);
    this.#offset += count;
    this.#bytes -= count;
    if (this.#offset === front.length) this.#dropFront(front);
    return part;
  }

  #dropFront({ writes, atMs, isUrgent }: Message): void {
    if (isUrgent) this.#urgent--;
    this.#offset = 0;
    this.#head++;
    // Half of the list is gone: it is made short again, at a cost that each message pays once.
    if (this.#head * 2 > this.#messages.length) {
      this.#messages.splice(0, this.#head);
      this.#head = 0;
    }
    this.#sent(writes, atMs);
  }
}
