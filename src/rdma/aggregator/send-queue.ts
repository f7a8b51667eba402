/**
 * A stream's messages that wait to be sent. Bounds of messages are nobody's but for what is saved by keeping them: once many small ones wait,
 * further ones share a block, so that memory is bounded by bytes and not by how many writes they came in.
 */

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
