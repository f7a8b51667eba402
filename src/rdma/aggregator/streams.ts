/**
 * The streams of one end of a session. The opener opens them; the taker accepts or refuses, and closes last: once it has said *closed*
 * it sends nothing more of the stream, so that its number can be another stream's.
 *
 *   opener: open ─▶ accept ─▶ bytes … FIN or RST ─▶ (closed arrives) number free
 *   taker:  (open arrives) ─▶ accept ─▶ bytes … FIN or RST ─▶ closed
 */
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import type { StreamErrorCode } from "../agent/stream.js";
import type { Control } from "./control.js";
import type { StreamEvent } from "./event.js";
import type { AggregatorLimits } from "./options.js";
import type { Outbound } from "./outbound.js";
import { StreamNumbers } from "./stream-numbers.js";
import { CREDIT_MAX, STREAM_BYTES_MIN, StreamState } from "./stream-state.js";

export type SessionRole = "opener" | "taker";

export interface StreamsParts {
  readonly role: SessionRole;
  readonly limits: AggregatorLimits;
  readonly outbound: Outbound;
  readonly control: (control: Control) => void;
  readonly event: (event: StreamEvent) => void;
  /** The last byte of so many writes goes, the first of which was at atMs. */
  readonly sent: (writes: number, atMs: number) => void;
}

/** Of a snapshot: nobody has given out as many, and as many more fit. */
const IDS_MAX = 2 ** 47;

export class Streams {
  readonly #parts: StreamsParts;
  /** By their numbers on the wire, with those that only the peer is not done with. */
  readonly #states = new Map<number, StreamState>();
  /** Those whose user has not had the last event. */
  readonly #open = new Map<number, StreamState>();
  readonly #numbers: StreamNumbers;
  /** What the peer gives a new stream. */
  #creditBytes = 0;
  #nextId = 0;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
    this.#numbers = new StreamNumbers(parts.limits.streamsMax);
  }

  /** What the peer takes. */
  agree(windowBytes: number, streamsMax: number): void {
    this.#creditBytes = windowBytes;
    this.#numbers.limit(streamsMax);
  }

  /** Streams whose user has not had the last event. */
  get count(): number {
    return this.#open.size;
  }

  /** Numbers in use, with those that wait for the peer to be done. */
  get size(): number {
    return this.#states.size;
  }

  /** In the order in which they were opened. */
  get states(): Iterable<StreamState> {
    return this.#states.values();
  }

  /** Below it are the ids that were given out. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Bytes that wait to be sent. */
  get queuedBytes(): number {
    return [...this.#states.values()].reduce((sum, { queue }) => sum + queue.bytes, 0);
  }

  /** By its id, which no other stream of this end ever has. */
  get(id: number): StreamState | undefined {
    return this.#open.get(id);
  }

  /** By its number on the wire. */
  find(stream: number): StreamState | undefined {
    return this.#states.get(stream);
  }

  /** Opener: a new stream's id; undefined: there are as many as the two ends can have. */
  open(port: number, fromPort: number): number | undefined {
    const stream = this.#numbers.take();
    if (stream === undefined) return undefined;
    this.#parts.control({ type: "open", stream, value: ((fromPort << 16) | port) >>> 0 });
    return this.#add(stream).id;
  }

  /** Taker: the peer's new stream, whose number is free. */
  incoming(stream: number, ports: number): void {
    if (stream >= this.#parts.limits.streamsMax) {
      this.#parts.control({ type: "refuse", stream, value: 0 });
      return;
    }
    const { id } = this.#add(stream);
    this.#parts.event({ type: "incoming", stream: id, port: ports & 0xffff, fromPort: ports >>> 16 });
  }

  accept(state: StreamState): void {
    if (state.isOpen || state.isClosed) return;
    state.isOpen = true;
    state.credit = this.#creditBytes;
    this.#parts.control({ type: "accept", stream: state.stream, value: 0 });
    // Its user may have written, or ended it, while it was being taken.
    this.#parts.outbound.wake(state);
  }

  refuse(state: StreamState): void {
    if (!state.isOpen && !state.isClosed) this.#refuse(state);
  }

  /** Opener: the peer has taken it. */
  accepted(state: StreamState): void {
    state.isOpen = true;
    state.credit = this.#creditBytes;
    if (!state.isClosed) this.#parts.event({ type: "open", stream: state.id });
    this.#parts.outbound.wake(state);
  }

  credit(state: StreamState, bytes: number): void {
    state.credit = Math.min(state.credit + bytes, CREDIT_MAX);
    this.#parts.outbound.wake(state);
  }

  end(state: StreamState): void {
    if (!state.isWritable) return;
    state.fin = "queued";
    this.#parts.outbound.wake(state);
  }

  /** The user used bytes: half a window at a time, the peer is told so. */
  consumed(state: StreamState, bytes: number): void {
    state.unreported = Math.min(state.unreported + bytes, this.#parts.limits.windowBytes - state.windowLeft);
    if (state.isRemoteEnded || state.unreported * 2 < this.#parts.limits.windowBytes) return;
    this.#parts.control({ type: "credit", stream: state.stream, value: state.unreported });
    state.windowLeft += state.unreported;
    state.unreported = 0;
  }

  /** Breaks it off. The user's last event tells why; the peer learns only that it is. */
  reset(state: StreamState, error?: StreamErrorCode): void {
    this.#close(state, error);
    state.queue.clear();
    if (this.#parts.role === "taker" && !state.isOpen) {
      this.#refuse(state);
      return;
    }
    if (state.isDone && state.isRemoteEnded) return;
    state.rst = "queued";
    this.#parts.outbound.remove(state);
    this.#parts.outbound.wake(state);
  }

  /** The peer broke it off. */
  broken(state: StreamState): void {
    state.isRemoteEnded = true;
    state.queue.clear();
    state.rst = "sent";
    this.#parts.outbound.remove(state);
    this.#close(state, "ECONNRESET");
    this.settle(state);
  }

  /** Something of the stream ended: it may be over. */
  settle(state: StreamState): void {
    if (state.fin === "sent" && state.rst === "none" && state.isRemoteEnded) this.#close(state, undefined);
    // The opener's number rests until the taker is done.
    if (this.#parts.role === "opener" || !state.isClosed || !state.isDone) return;
    this.#parts.control({ type: "closed", stream: state.stream, value: 0 });
    this.#drop(state);
  }

  /** Opener: the taker is done with it, or would not have it. */
  released(state: StreamState, error: StreamErrorCode): void {
    this.#close(state, error);
    this.#drop(state);
    this.#numbers.give(state.stream);
  }

  /** The session is over. */
  failAll(error: StreamErrorCode): void {
    for (const state of this.#states.values()) this.#close(state, error);
    for (const state of this.#states.values()) {
      this.#drop(state);
      this.#numbers.give(state.stream);
    }
  }

  /** Into a snapshot: nextId 48, how many streams 16, those, the opener's numbers, and who has something to send, in turn. */
  write(out: SectionWriter, nowMs: number): void {
    out.u48(this.#nextId);
    out.u16(this.#states.size);
    for (const state of this.#states.values()) state.write(out, nowMs);
    if (this.#parts.role === "opener") this.#numbers.write(out);
    this.#parts.outbound.write(out);
  }

  /** From a snapshot, into none. */
  read(from: SectionReader, nowMs: number): void {
    const { role, limits, outbound } = this.#parts;
    this.#nextId = from.u48("nextId", IDS_MAX);
    const count = from.entries("streams", from.u16("streams", limits.streamsMax), STREAM_BYTES_MIN);
    let lastId = -1;
    from.list("streams", count, () => {
      lastId = this.#read(from, lastId, nowMs).id;
    });
    if (role === "opener") {
      this.#numbers.read(from, limits.streamsMax, this.#states);
    }
    outbound.read(from, this.#states);
  }

  /** One whose id is above the last one's. */
  #read(from: SectionReader, lastId: number, nowMs: number): StreamState {
    const { role, limits, sent } = this.#parts;
    const id = from.within("id", from.u48("id"), lastId + 1, this.#nextId - 1);
    const stream = from.u16("stream", limits.streamsMax - 1);
    from.check(!this.#states.has(stream), "stream", stream, "a number that no other stream has");
    const state = new StreamState(id, stream, limits.windowBytes, sent);
    state.read(from, limits, nowMs);
    const isTaker = role === "taker";
    const isGone = state.isClosed && state.isDone && state.rst !== "queued";
    from.check(!(isTaker && isGone), "flags", "closed", "one that goes on: what is over is gone");
    from.check(!(isTaker && state.isClosed && !state.isOpen), "flags", "closed", "open: what is refused is gone");
    this.#states.set(stream, state);
    if (!state.isClosed) this.#open.set(id, state);
    return state;
  }

  #refuse(state: StreamState): void {
    this.#parts.control({ type: "refuse", stream: state.stream, value: 0 });
    this.#drop(state);
  }

  #add(stream: number): StreamState {
    const state = new StreamState(this.#nextId++, stream, this.#parts.limits.windowBytes, this.#parts.sent);
    this.#states.set(stream, state);
    this.#open.set(state.id, state);
    return state;
  }

  #close(state: StreamState, error: StreamErrorCode | undefined): void {
    if (state.isClosed) return;
    state.isClosed = true;
    this.#open.delete(state.id);
    this.#parts.event({ type: "close", stream: state.id, error });
  }

  #drop(state: StreamState): void {
    state.isClosed = true;
    this.#open.delete(state.id);
    this.#parts.outbound.remove(state);
    this.#states.delete(state.stream);
  }
}
