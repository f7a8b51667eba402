/**
 * What goes next, and when. Streams with something to send take turns, a message each, so that one with much does not hold up the
 * others. A transfer goes at once when none with bytes is under way: then nothing is saved by waiting, and a lone sender pays no
 * delay. Otherwise it goes when
 *
 *   an aggregate is full (bytes, messages) │ its oldest message has the age │ a message is urgent │ a stream ends
 *
 * and, as soon as what is under way has arrived, in any case: batches grow by themselves with the load.
 */
import { SUB_HEADER_BYTES } from "../../../assembly/layout.js";
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import type { AggregateMessage } from "../aggregate/codec.js";
import type { AggregatorLimits } from "./options.js";
import type { StreamState } from "./stream-state.js";
import type { Transfer } from "./transfer.js";
import { Turns } from "./turns.js";

/** What the peer takes at most. */
export interface PeerLimits {
  readonly transferBytes: number;
  readonly messagesMax: number;
}

export class Outbound {
  readonly #limits: AggregatorLimits;
  readonly #ring = new Turns();
  #aggregateBytes: number;
  #transferBytes: number;
  #messagesMax: number;

  constructor(limits: AggregatorLimits) {
    this.#limits = limits;
    this.#aggregateBytes = limits.aggregateBytes;
    this.#transferBytes = limits.transferBytes;
    this.#messagesMax = limits.messagesMax;
  }

  agree({ transferBytes, messagesMax }: PeerLimits): void {
    this.#transferBytes = Math.min(this.#limits.transferBytes, transferBytes);
    this.#aggregateBytes = Math.min(this.#limits.aggregateBytes, transferBytes);
    this.#messagesMax = Math.min(this.#limits.messagesMax, messagesMax);
  }

  /** A transfer at most, as agreed. */
  get transferBytes(): number {
    return this.#transferBytes;
  }

  /** An aggregate at most, and how many messages it has at most, as agreed. */
  get aggregateBytes(): number {
    return this.#aggregateBytes;
  }

  get messagesMax(): number {
    return this.#messagesMax;
  }

  /** The stream may have something to send now. */
  wake(state: StreamState): void {
    if (state.isReady || !state.hasWork) return;
    state.isReady = true;
    this.#ring.push(state);
  }

  /** Nothing of the stream is to go any more. */
  remove(state: StreamState): void {
    if (!state.isReady) return;
    state.isReady = false;
    this.#ring.remove(state);
  }

  /** When waiting ends if nothing else happens; undefined: nothing waits. */
  get dueMs(): number | undefined {
    let oldestMs: number | undefined;
    for (const { queue } of this.#ring) oldestMs = Math.min(oldestMs ?? Number.POSITIVE_INFINITY, queue.frontMs ?? 0);
    return oldestMs === undefined ? undefined : oldestMs + this.#limits.ageMs;
  }

  /** The next transfer, if it is time; isIdle: no bytes of streams are under way. */
  take(nowMs: number, isIdle: boolean, isAlone: boolean): Transfer | undefined {
    const { first } = this.#ring;
    if (first === undefined) return undefined;
    if (isAlone && first.nextBytes > 0) return this.#takeWhole(first);
    if (this.#bypasses(first)) return this.#takeWhole(first);
    return isIdle || this.#isDue(nowMs) ? this.#takeAggregate() : undefined;
  }

  /** Into a snapshot: how many have something to send 16, and their numbers in turn, 16 each. */
  write(out: SectionWriter): void {
    const ring = Uint16Array.from(this.#ring, ({ stream }) => stream);
    out.u16(ring.length);
    for (const stream of ring) out.u16(stream);
  }

  /** From a snapshot: whoever has something to send has a turn. */
  read(from: SectionReader, states: ReadonlyMap<number, StreamState>): void {
    for (let left = from.u16("turns", states.size); left > 0; left--) {
      const stream = from.u16("turn");
      const state = states.get(stream);
      if (!state?.hasWork || state.isReady) from.refuse("turn", stream, "a stream with something to send, once");
      this.wake(state);
    }
    for (const { stream, hasWork, isReady } of states.values()) {
      from.check(hasWork === isReady, "turn", stream, "in turn, for it has something to send");
    }
  }

  #isDue(nowMs: number): boolean {
    let bytes = 0;
    let messages = 0;
    for (const state of this.#ring) {
      const { frontMs } = state.queue;
      if (state.isUrgent || this.#bypasses(state)) return true;
      if (frontMs !== undefined && nowMs - frontMs >= this.#limits.ageMs) return true;
      messages++;
      bytes += SUB_HEADER_BYTES + Math.min(state.queue.bytes, state.credit);
      if (messages >= this.#messagesMax || bytes >= this.#aggregateBytes) return true;
    }
    return false;
  }

  #bypasses(state: StreamState): boolean {
    return state.nextBytes > Math.min(this.#limits.bypassBytes, this.#aggregateBytes - SUB_HEADER_BYTES);
  }

  #takeWhole(state: StreamState): Transfer {
    this.#ring.remove(state);
    const whole = state.takeWhole(this.#transferBytes);
    this.#goOn(state);
    return whole;
  }

  #takeAggregate(): Transfer {
    const messages: AggregateMessage[] = [];
    let room = this.#aggregateBytes;
    for (let state = this.#ring.first; state !== undefined; state = this.#ring.first) {
      const isFull = messages.length === this.#messagesMax || room < SUB_HEADER_BYTES + state.nextBytes;
      if (isFull || this.#bypasses(state)) break;
      this.#ring.remove(state);
      const message = state.takeMessage();
      room -= SUB_HEADER_BYTES + message.data.length;
      messages.push(message);
      this.#goOn(state);
    }
    return { kind: "aggregate", messages };
  }

  #goOn(state: StreamState): void {
    state.isReady = state.hasWork;
    if (state.isReady) this.#ring.push(state);
  }
}
