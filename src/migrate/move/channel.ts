/**
 * Messages between source and target over a link that loses, doubles and reorders: numbered from 1, acknowledged cumulatively, sent again
 * until they are; the receiver keeps what came early, so each is delivered once and in order. A window bounds what is on its way and
 * what is kept early. It never gives up: whether the peer is gone is for the directory to say.
 */
import type { Arrival, MoveMessage, MovePacket } from "./message.js";

export interface ChannelOptions {
  readonly move: string;
  readonly windowMessages: number;
  readonly retryMs: number;
}

export class Channel<F> {
  readonly #options: ChannelOptions;
  /** Not acknowledged; the first has the number #acked + 1. */
  readonly #outgoing: MoveMessage<F>[] = [];
  #acked = 0;
  /** The highest number that was ever sent. */
  #sent = 0;
  #retryAtMs: number | undefined;
  #waitingSinceMs: number | undefined;
  readonly #early = new Map<number, MoveMessage<F>>();
  #received = 0;
  #isAckDue = false;
  #resent = 0;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** Messages that were not acknowledged, sent or not. */
  get backlog(): number {
    return this.#outgoing.length;
  }

  /** Times that a message went again. */
  get resent(): number {
    return this.#resent;
  }

  /** Since when something was sent without any acknowledgement; undefined when nothing waits for one. */
  get waitingSinceMs(): number | undefined {
    return this.#waitingSinceMs;
  }

  /** When to call `take` again. */
  get nextMs(): number | undefined {
    return this.#retryAtMs;
  }

  /** Frames whose arrival is not known. */
  *frames(): Generator<F> {
    for (const message of this.#outgoing) if (message.type === "frame") yield message.frame;
  }

  send(message: MoveMessage<F>): void {
    this.#outgoing.push(message);
  }

  /** Frames whose arrival is not known, which will not be sent any more; the peer may have got some of them. */
  takeBack(): Arrival<F>[] {
    const frames: Arrival<F>[] = [];
    for (const [i, message] of this.#outgoing.entries()) {
      if (message.type !== "frame") continue;
      frames.push({ frame: message.frame, sender: message.sender });
      this.#outgoing[i] = { type: "void" };
    }
    return frames;
  }

  /** What a packet brings, in order. */
  receive({ ack, message }: MovePacket<F>): MoveMessage<F>[] {
    if (ack > this.#acked && ack <= this.#sent) {
      this.#outgoing.splice(0, ack - this.#acked);
      this.#acked = ack;
      this.#retryAtMs = undefined;
      this.#waitingSinceMs = undefined;
    }
    if (message === undefined) return [];
    this.#isAckDue = true;
    const { number, body } = message;
    if (number > this.#received && number <= this.#received + this.#options.windowMessages) {
      this.#early.set(number, body);
    }
    const bodies: MoveMessage<F>[] = [];
    for (let next = this.#early.get(this.#received + 1); next; next = this.#early.get(this.#received + 1)) {
      this.#early.delete(++this.#received);
      bodies.push(next);
    }
    return bodies;
  }

  /** Packets that are due: new ones as far as the window goes, old ones again, an acknowledgement when nothing else carries it. */
  take(nowMs: number): MovePacket<F>[] {
    const { windowMessages, retryMs } = this.#options;
    const isLate = this.#retryAtMs !== undefined && nowMs >= this.#retryAtMs;
    const first = isLate ? this.#acked : this.#sent;
    const last = Math.min(this.#acked + this.#outgoing.length, this.#acked + windowMessages);
    if (isLate) this.#resent += this.#sent - this.#acked;
    const packets: MovePacket<F>[] = [];
    for (let number = first + 1; number <= last; number++) {
      packets.push(this.#packet({ number, body: this.#outgoing[number - this.#acked - 1] as MoveMessage<F> }));
    }
    if (packets.length === 0 && this.#isAckDue) packets.push(this.#packet());
    this.#isAckDue = false;
    this.#sent = Math.max(this.#sent, last);
    if (this.#outgoing.length > 0) this.#waitingSinceMs ??= nowMs;
    if (this.#outgoing.length === 0) this.#retryAtMs = undefined;
    else if (isLate || this.#retryAtMs === undefined) this.#retryAtMs = nowMs + retryMs;
    return packets;
  }

  #packet(message?: { number: number; body: MoveMessage<F> }): MovePacket<F> {
    const { move } = this.#options;
    return { move, ack: this.#received, ...(message && { message }) };
  }
}
