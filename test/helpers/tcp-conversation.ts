/**
 * A TCP connection without SACK over a link that loses, delays and doubles segments, in virtual time: a sender with a window, fast
 * retransmit and a timer that goes back; a receiver that acknowledges every segment and itself counts what came again and what came late.
 * It passes the monitor where it leaves the sender or where it reaches the receiver.
 */
import type { Seen } from "./health.js";
import type { Random } from "./property.js";
import { type End, type Segment, segmentFrame, windowScale } from "./tcp.js";

export interface Link {
  /** Shares of segments, 0 to 1. */
  readonly lost: number;
  readonly late: number;
  readonly twice: number;
  readonly delayMs: number;
}

/** What the ends know themselves. */
export interface Truth {
  /** Segments that the sender sent again. */
  resent: number;
  /** Segments that the receiver had, in whole, and that it had not although it had later ones. */
  cameAgain: number;
  cameLate: number;
  /** Acknowledgments of the receiver that said nothing new, while it had later data. */
  duplicateAcks: number;
}

const MSS = 1000;
const WINDOW = 12;
const TIMEOUT_MS = 60;
const DAY_NS = 86_400_000_000_000n;

export class Conversation {
  readonly truth: Truth = { resent: 0, cameAgain: 0, cameLate: 0, duplicateAcks: 0 };
  readonly seen: Seen[] = [];
  readonly #random: Random;
  readonly #link: Link;
  readonly #at: "sender" | "receiver";
  readonly #ends: readonly [End, End];
  readonly #first: readonly [number, number];
  readonly #segments: number;
  #events: { atMs: number; run: () => void }[] = [];
  #nowMs = 0;
  // The sender, in segments from 0.
  #acked = 0;
  #next = 0;
  #highest = 0;
  #sameAcks = 0;
  #echoToReceiver = 0;
  // The receiver.
  readonly #got = new Set<number>();
  #wanted = 0;
  #echo = 0;

  constructor(random: Random, link: Link, at: "sender" | "receiver", ends: readonly [End, End], segments: number) {
    this.#random = random;
    this.#link = link;
    this.#at = at;
    this.#ends = ends;
    // Both wrap on the way.
    this.#first = [(0 - random.below(segments * MSS)) >>> 0, 2 ** 32 - 1];
    this.#segments = segments;
  }

  run(): this {
    this.#handshake();
    this.#send();
    this.#watchTimer(0);
    for (let turn = 0; this.#acked < this.#segments; turn++) {
      if (turn > 100_000) throw new Error("the conversation does not end");
      this.#events.sort((a, b) => a.atMs - b.atMs);
      const event = this.#events.shift();
      if (!event) throw new Error("the conversation stands still");
      this.#nowMs = event.atMs;
      event.run();
    }
    return this;
  }

  #later(inMs: number, run: () => void): void {
    this.#events.push({ atMs: this.#nowMs + inMs, run });
  }

  /** Whole, whatever the link. */
  #handshake(): void {
    // 500 scaled by 7, which is what later segments say.
    const syn = { flags: "S", options: windowScale(7), window: 64_000 };
    const [from, to] = this.#ends;
    const [seq, other] = this.#first;
    this.#echo = this.#stamps(0)[0];
    this.#echoToReceiver = this.#echo;
    this.#see({ ...syn, from, to, seq, stamps: this.#stamps(0) });
    this.#nowMs += 2 * this.#link.delayMs;
    this.#see({ ...syn, from: to, to: from, seq: other, ack: (seq + 1) >>> 0, stamps: this.#stamps(this.#echo) });
    this.#see({ from, to, seq: (seq + 1) >>> 0, ack: 0, stamps: this.#stamps(this.#echo) });
  }

  #send(): void {
    while (this.#next < Math.min(this.#segments, this.#acked + WINDOW)) this.#sendOne(this.#next++);
  }

  #sendOne(number: number): void {
    if (number < this.#highest) this.truth.resent++;
    this.#highest = Math.max(this.#highest, number + 1);
    const [from, to] = this.#ends;
    const seq = (this.#first[0] + 1 + number * MSS) >>> 0;
    const stamps = this.#stamps(this.#echoToReceiver);
    const segment: Segment = { from, to, seq, ack: 0, bytes: MSS, stamps };
    if (this.#at === "sender") this.#see(segment);
    this.#carry(() => {
      if (this.#at === "receiver") this.#see(segment);
      this.#arrive(number, stamps[0]);
    });
  }

  #arrive(number: number, stamp: number): void {
    const isHad = this.#got.has(number);
    const highest = Math.max(-1, ...this.#got);
    if (isHad) this.truth.cameAgain++;
    else if (number < highest) this.truth.cameLate++;
    // TS.Recent (RFC 7323 section 4.3): of what is at the left edge.
    if (number <= this.#wanted && ((stamp - this.#echo) | 0) > 0) this.#echo = stamp;
    const before = this.#wanted;
    this.#got.add(number);
    while (this.#got.has(this.#wanted)) this.#wanted++;
    if (this.#wanted === before && Math.max(highest, number) >= this.#wanted) this.truth.duplicateAcks++;
    const acked = this.#wanted;
    const [to, from] = this.#ends;
    const ack = (this.#first[0] + 1 + acked * MSS) >>> 0;
    const stamps = this.#stamps(this.#echo);
    const segment: Segment = { from, to, seq: 0, ack, stamps };
    if (this.#at === "receiver") this.#see(segment);
    this.#carry(() => {
      if (this.#at === "sender") this.#see(segment);
      this.#echoToReceiver = stamps[0];
      this.#hearAck(acked);
    });
  }

  #hearAck(acked: number): void {
    if (acked > this.#acked) {
      this.#acked = acked;
      this.#next = Math.max(this.#next, acked);
      this.#sameAcks = 0;
      this.#watchTimer(acked);
    } else if (acked === this.#acked && ++this.#sameAcks === 3) this.#sendOne(acked);
    this.#send();
  }

  #watchTimer(acked: number): void {
    this.#later(TIMEOUT_MS, () => {
      if (this.#acked !== acked) return;
      this.#next = acked;
      this.#send();
      this.#watchTimer(acked);
    });
  }

  #carry(arrive: () => void): void {
    const { lost, late, twice, delayMs } = this.#link;
    const happens = (share: number) => this.#random.below(10_000) < share * 10_000;
    if (happens(lost)) return;
    for (let copies = happens(twice) ? 2 : 1; copies > 0; copies--) {
      this.#later(delayMs + (happens(late) ? 2 * delayMs : 0) + this.#random.below(100) / 1000, arrive);
    }
  }

  #stamps(echo: number): readonly [number, number] {
    return [(2 ** 32 - 50 + Math.floor(this.#nowMs)) >>> 0, echo];
  }

  #see(segment: Segment): void {
    const timestampNs = DAY_NS + BigInt(Math.round(this.#nowMs * 1e6));
    this.seen.push({ data: segmentFrame(segment), timestampNs, peer: segment.from === this.#ends[0] ? 0 : 1 });
  }
}
