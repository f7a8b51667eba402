/** A stream's messages that wait to be sent. */

interface Message {
  readonly bytes: Uint8Array;
  readonly atMs: number;
  readonly isUrgent: boolean;
}

export class SendQueue {
  #messages: Message[] = [];
  /** The first that is left, and what of it is gone. */
  #head = 0;
  #offset = 0;
  #bytes = 0;
  #urgent = 0;
  /** Told for each message whose last byte goes: when it was written. */
  onSent: ((atMs: number) => void) | undefined;

  get bytes(): number {
    return this.#bytes;
  }

  get isUrgent(): boolean {
    return this.#urgent > 0;
  }

  get frontBytes(): number {
    const front = this.#messages[this.#head];
    return front ? front.bytes.length - this.#offset : 0;
  }

  /** When the oldest was written. */
  get frontMs(): number | undefined {
    return this.#messages[this.#head]?.atMs;
  }

  add(bytes: Uint8Array, atMs: number, isUrgent: boolean): void {
    this.#messages.push({ bytes, atMs, isUrgent });
    this.#bytes += bytes.length;
    if (isUrgent) this.#urgent++;
  }

  /** The next bytes, so many or all there are. */
  take(max: number): Uint8Array {
    const count = Math.min(max, this.#bytes);
    const front = this.#messages[this.#head];
    if (front && front.bytes.length - this.#offset >= count) return this.#takeFront(count);
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

  #takeFront(count: number): Uint8Array {
    const front = this.#messages[this.#head];
    if (!front) return new Uint8Array();
    const part = front.bytes.subarray(this.#offset, this.#offset + count);
    this.#offset += count;
    this.#bytes -= count;
    if (this.#offset === front.bytes.length) this.#dropFront(front);
    return part;
  }

  #dropFront({ atMs, isUrgent }: Message): void {
    if (isUrgent) this.#urgent--;
    this.#offset = 0;
    this.#head++;
    // Half of the list is gone: it is made short again, at a cost that each message pays once.
    if (this.#head * 2 > this.#messages.length) {
      this.#messages.splice(0, this.#head);
      this.#head = 0;
    }
    this.onSent?.(atMs);
  }
}
