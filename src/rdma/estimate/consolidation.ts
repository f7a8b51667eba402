/**
 * One destination's messages with one window: which wait for which, and what leaves when.
 *
 * A sender that consolidates flushes when its queue has drained, which a capture does not show. Here the window alone decides: the first
 * message of an aggregate waits that long unless the aggregate is full before, so delays are those of a sender that never knows better.
 *
 * Where several streams are open each message has a sub-header, also one that nobody joined: they share a queue pair, and the receiver has to
 * know whose it is. What waited of one stream alone is not merged: joining a socket's own messages is no matter of several sockets.
 *
 * A stream is alone when no other is open, and none sends its first within the window: a sender knows of a socket before it sends, a capture
 * does not. So what a lone stream sends is held back, and when nobody came it has left at once.
 */
import { type CheckedEstimateOptions, SUB_HEADER_BYTES } from "./options.js";
import { Tally } from "./tally.js";
import type { Framing } from "./wire-cost.js";

export interface StreamMessage {
  readonly stream: number;
  readonly atNs: number;
  readonly lengthBytes: number;
}

interface Waiting {
  readonly messages: StreamMessage[];
  /** They are of two streams or more. */
  isMerged: boolean;
  /** No other stream is open: whether these wait is for the next to say. */
  isLone: boolean;
  /** When its first message came. Waits are reckoned from there: years after the trace's beginning, sums of times are rounded. */
  readonly firstNs: number;
  /** With sub-headers. */
  bytes: number;
}

export class Consolidation {
  readonly tally = new Tally();
  readonly #windowNs: number;
  readonly #options: CheckedEstimateOptions;
  readonly #framing: Framing;
  #waiting: Waiting | undefined;

  constructor(windowNs: number, options: CheckedEstimateOptions, framing: Framing) {
    this.#windowNs = windowNs;
    this.#options = options;
    this.#framing = framing;
  }

  /** Takes a message of one of several open streams, or of the only one. Times do not go backwards. */
  send(message: StreamMessage, isShared: boolean): void {
    this.#passTo(message.atNs);
    const bytes = message.lengthBytes + SUB_HEADER_BYTES;
    if (bytes <= this.#options.largestBytes) this.#wait(message, bytes, isShared);
    else this.#sendPast(message, isShared);
  }

  /** What waits of a stream that closes leaves with it. */
  close(stream: number, atNs: number): void {
    this.#passTo(atNs);
    this.#leaveWith(stream, atNs);
  }

  /** Nothing comes any more: whatever waits does so to the end of its window. */
  finish(): void {
    if (this.#waiting) this.#flush(this.#waiting, this.#windowNs);
  }

  #passTo(atNs: number): void {
    if (this.#waiting && atNs - this.#waiting.firstNs > this.#windowNs) this.#flush(this.#waiting, this.#windowNs);
  }

  /** When something of the stream waits. */
  #leaveWith(stream: number, atNs: number): void {
    if (this.#waiting?.messages.some((message) => message.stream === stream)) this.#leaveAt(atNs);
  }

  #leaveAt(atNs: number): void {
    if (this.#waiting) this.#flush(this.#waiting, atNs - this.#waiting.firstNs);
  }

  #wait(message: StreamMessage, bytes: number, isShared: boolean): void {
    const { limitBytes, messagesMax } = this.#options;
    const { atNs, stream } = message;
    const before = this.#waiting;
    if (before && (before.bytes + bytes > limitBytes || !goesWith(before, stream, isShared))) this.#leaveAt(atNs);
    this.#waiting ??= { messages: [], isMerged: false, isLone: !isShared, firstNs: atNs, bytes: 0 };
    const waiting = this.#waiting;
    waiting.messages.push(message);
    waiting.isMerged ||= stream !== waiting.messages[0]?.stream;
    waiting.isLone &&= !isShared;
    waiting.bytes += bytes;
    const isFull = waiting.messages.length === messagesMax || waiting.bytes + SUB_HEADER_BYTES >= limitBytes;
    if (isFull) this.#leaveAt(atNs);
  }

  /** Not before what its own stream has sent. */
  #sendPast({ stream, atNs, lengthBytes }: StreamMessage, isShared: boolean): void {
    this.#leaveWith(stream, atNs);
    this.tally.transfer(lengthBytes + (isShared ? SUB_HEADER_BYTES : 0), this.#framing);
    this.tally.message(isShared ? "large" : "straight", lengthBytes, 0);
  }

  #flush({ messages, isMerged, isLone, firstNs, bytes }: Waiting, waitedNs: number): void {
    this.#waiting = undefined;
    if (isMerged) this.tally.transfer(bytes, this.#framing);
    for (const { lengthBytes, atNs: cameNs } of messages) {
      if (!isMerged) this.tally.transfer(lengthBytes + (isLone ? 0 : SUB_HEADER_BYTES), this.#framing);
      if (isLone) this.tally.message("straight", lengthBytes, 0);
      else this.tally.message(isMerged ? "merged" : "alone", lengthBytes, waitedNs - (cameNs - firstNs));
    }
  }
}

/** A stream that was alone and is no longer, or the other way, begins anew; unless this is who ends its being alone. */
function goesWith({ messages, isLone }: Waiting, stream: number, isShared: boolean): boolean {
  return isLone !== isShared || (isLone && stream !== messages[0]?.stream);
}
