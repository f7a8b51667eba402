/**
 * One end of a session with one peer, for the streams of one tenant: many streams' messages in few transfers, each stream exactly once
 * and in order, over a connection that may be lost and come back. No I/O, clock or randomness inside: the driver tells it what happened
 * and when, sends what `take` gives, and hands `takeEvents` on.
 *
 *   streams ─▶ queues by credit ─▶ aggregate │ whole │ control ─▶ connection ─▶ sequence, window ─▶ streams
 *                                  └── kept until acknowledged ──▶ replayed
 *
 * One end opened the session: it opens the streams too, and connects again. Streams the other way have a session of their own.
 *
 * An end can go on elsewhere: what `snapshot` gives `restore` takes in (docs/migration-state-streams.md).
 */
import { earliest } from "../../earliest.js";
import type { StateRefusal } from "../../migrate/state/part.js";
import { refusing } from "../../migrate/state/refusal.js";
import type { StreamErrorCode } from "../agent/stream.js";
import type { AggregateMessage } from "../aggregate/codec.js";
import type { Framing } from "../estimate/wire-cost.js";
import type { Control } from "./control.js";
import { ControlQueue } from "./control-queue.js";
import { type AggregatorCounters, Tally } from "./counters.js";
import type { StreamEvent } from "./event.js";
import { type Hello, isSamePeer, type PeerTerms } from "./hello.js";
import { InFlight } from "./in-flight.js";
import { Inbound } from "./inbound.js";
import { type AggregatorLimits, type AggregatorOptions, aggregatorLimits } from "./options.js";
import { Outbound } from "./outbound.js";
import { SessionReader, writeSession } from "./state/snapshot.js";
import { type SessionRole, Streams } from "./streams.js";
import { type Transfer, transferOf } from "./transfer.js";

export interface SessionOptions extends AggregatorOptions {
  readonly role: SessionRole;
  /** Drawn by the driver, 1 to 2^64 - 1. */
  readonly session: bigint;
  /** 32 bits; 0 by default. */
  readonly tenant?: number | undefined;
}

/**
 * new: not connected so far. open. lost: the connection is gone, and may come back. ended: nothing of it is left.
 */
export type SessionState = "new" | "open" | "lost" | "ended";

const UNKNOWN_FRAMING: Framing = { operation: "send", mtuBytes: 1024, ipVersion: 4 };

export class Aggregator {
  readonly role: SessionRole;
  readonly session: bigint;
  readonly tenant: number;
  readonly limits: AggregatorLimits;
  readonly #tally = new Tally(UNKNOWN_FRAMING);
  readonly #outbound: Outbound;
  readonly #streams: Streams;
  readonly #inbound: Inbound;
  readonly #inFlight = new InFlight();
  readonly #controls = new ControlQueue();
  #events: StreamEvent[] = [];
  #state: SessionState = "new";
  #peer: PeerTerms | undefined;
  #received = 0;
  #lostMs: number | undefined;
  /** When something was sent last. */
  #sentMs = 0;
  #nowMs = 0;

  /** Throws ConfigError. */
  constructor({ role, session, tenant = 0, ...options }: SessionOptions) {
    this.role = role;
    this.session = session;
    this.tenant = tenant;
    this.limits = aggregatorLimits(options);
    this.#outbound = new Outbound(this.limits);
    const control = (record: Control) => this.#tell(record);
    const event = (told: StreamEvent) => void this.#events.push(told);
    const sent = (writes: number, atMs: number) => this.#tally.addMessages(writes, this.#nowMs - atMs);
    const parts = { role, limits: this.limits, outbound: this.#outbound, control, event, sent };
    this.#streams = new Streams(parts);
    this.#inbound = new Inbound(role, this.#streams, this.#tally, event);
  }

  /**
   * The session that a snapshot was taken of, as it was, or why there is none. Limits and tenant are those of the end that takes it in. Bytes
   * may come from anywhere; nothing besides is looked at or changed.
   */
  static restore(
    bytes: Uint8Array,
    nowMs: number,
    limits: AggregatorOptions & Pick<SessionOptions, "tenant">,
  ): Aggregator | StateRefusal {
    return refusing("session", () => {
      const reader = new SessionReader(bytes);
      const restored = new Aggregator({ ...limits, role: reader.role, session: reader.session });
      restored.#goOn(reader, nowMs);
      return restored;
    });
  }

  /** All there is of it, for `restore`, events that were not taken included; at the same time it is the same bytes. */
  snapshot(nowMs: number): Uint8Array {
    const [state, peer, received] = [this.#state, this.#peer, this.#received];
    const [lostMs, sentMs, events] = [this.#lostMs, this.#sentMs, this.#events];
    return writeSession(this.#parts, { state, peer, received, lostMs, sentMs, events }, nowMs);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Streams whose user has not had the last event. */
  get streams(): number {
    return this.#streams.count;
  }

  /** Ids of streams whose users have heard of them, and are to hear more. */
  get toldStreams(): Set<number> {
    const ids = new Set<number>();
    for (const { id, isClosed } of this.#streams.states) if (!isClosed) ids.add(id);
    for (const { type, stream } of this.#events) if (type === "close") ids.add(stream);
    for (const { type, stream } of this.#events) if (type === "incoming") ids.delete(stream);
    return ids;
  }

  /** Numbers of streams in use: the peer may not be done with one whose user is. */
  get numbers(): number {
    return this.#streams.size;
  }

  get counters(): AggregatorCounters {
    return this.#tally.read();
  }

  /** Bytes held: written and not sent, or sent and not acknowledged. */
  get heldBytes(): number {
    return this.#streams.queuedBytes + this.#inFlight.bytes;
  }

  /** What to tell the peer when connecting, or when it does. */
  get hello(): Hello {
    const { windowBytes, transferBytes, messagesMax, streamsMax } = this.limits;
    return {
      session: this.session,
      peerSession: this.#peer?.session ?? 0n,
      received: this.#received,
      windowBytes,
      transferBytes,
      messagesMax,
      streamsMax,
      tenant: this.tenant,
    };
  }

  /**
   * There is a connection, and the peer said this. The session goes on where it was, or ends, which returns false: the peer is another
   * one than before, or does not know what this one knows.
   */
  connected(peer: Hello, framing: Framing): boolean {
    if (this.#state === "ended") return false;
    const isKnown =
      this.#state === "new"
        ? peer.peerSession === 0n || peer.peerSession === this.session
        : peer.peerSession === this.session && this.#peer !== undefined && isSamePeer(peer, this.#peer);
    if (!isKnown || !this.#inFlight.resume(peer.received)) {
      this.fail("ECONNRESET");
      return false;
    }
    this.#agree(peer);
    this.#tally.framing = framing;
    this.#state = "open";
    this.#lostMs = undefined;
    return true;
  }

  /** The connection is gone, after everything that it brought was told. */
  lost(nowMs: number): void {
    if (this.#state !== "open") return;
    this.#state = "lost";
    this.#lostMs = nowMs;
  }

  /** Ends the session, and every stream with it. */
  fail(error: StreamErrorCode): void {
    this.#state = "ended";
    this.#lostMs = undefined;
    this.#streams.failAll(error);
    this.#controls.clear();
    this.#inFlight.clear();
  }

  /** Opener: a new stream to a port, from a port, 0 to 65535 each; undefined: there are as many as the two ends can have. */
  open(port: number, fromPort: number): number | undefined {
    return this.#state === "ended" ? undefined : this.#streams.open(port, fromPort);
  }

  /** Taker, after the event *incoming*. */
  accept(stream: number): void {
    const state = this.#streams.get(stream);
    if (state) this.#streams.accept(state);
  }

  refuse(stream: number): void {
    const state = this.#streams.get(stream);
    if (state) this.#streams.refuse(state);
  }

  /** One message; its bytes are copied. Returns how many were taken: fewer when the room ends, and *writable* follows. */
  write(stream: number, bytes: Uint8Array, nowMs: number, isUrgent = false): number {
    const state = this.#streams.get(stream);
    if (!state?.isWritable) return 0;
    const taken = Math.min(bytes.length, this.limits.sendBufferBytes - state.queue.bytes);
    if (taken > 0) state.queue.add(bytes.subarray(0, taken), nowMs, isUrgent);
    if (taken < bytes.length) state.wantsRoom = true;
    this.#outbound.wake(state);
    return taken;
  }

  end(stream: number): void {
    const state = this.#streams.get(stream);
    if (state) this.#streams.end(state);
  }

  /** Breaks the stream off. The event *close* follows, without an error. */
  reset(stream: number): void {
    const state = this.#streams.get(stream);
    if (state) this.#streams.reset(state);
  }

  /** So many of a stream's bytes were used. */
  consumed(stream: number, bytes: number): void {
    const state = this.#streams.get(stream);
    if (state) this.#streams.consumed(state, bytes);
  }

  /** The next transfer to send, or undefined: nothing is due now. */
  take(nowMs: number): Transfer | undefined {
    if (this.#state !== "open") return undefined;
    this.#nowMs = nowMs;
    const again = this.#inFlight.replay();
    if (again) {
      this.#tally.sent.replayed++;
      return again;
    }
    if (this.#inFlight.count >= this.limits.transfersMax) return undefined;
    const transfer =
      this.#controls.take(this.#outbound.transferBytes) ??
      this.#outbound.take(nowMs, !this.#inFlight.hasData, this.#streams.count === 1) ??
      this.#keepAlive(nowMs);
    if (!transfer) return undefined;
    this.#sentMs = nowMs;
    this.#inFlight.add(transfer);
    this.#tally.addTransfer(transfer);
    if (transfer.kind === "aggregate") this.#settle(transfer.messages);
    else if (transfer.kind === "whole") this.#madeRoom(transfer.stream);
    return transfer;
  }

  /** The oldest so many transfers that were taken have arrived at the peer's adapter. */
  acknowledged(count: number): void {
    this.#inFlight.acknowledge(count);
  }

  /** A transfer without an immediate arrived: its messages, or undefined for one that is damaged. A session that ended hears nothing. */
  aggregate(messages: readonly AggregateMessage[] | undefined): void {
    if (this.#state === "ended") return;
    this.#received = (this.#received + 1) >>> 0;
    if (!messages) this.#tally.arrived.badAggregates++;
    else for (const message of messages) this.#inbound.message(message);
  }

  /** A transfer with an immediate arrived. */
  immediate(imm: number, bytes: Uint8Array): void {
    // A stream that opened now would have a user that nothing ever tells of its end.
    if (this.#state === "ended") return;
    this.#received = (this.#received + 1) >>> 0;
    const transfer = transferOf(imm, bytes);
    if (transfer?.kind === "control") this.#inbound.controls(bytes);
    else if (transfer?.kind === "whole") this.#inbound.whole(transfer);
    else this.#tally.arrived.badControls++;
  }

  /** Time has passed: a connection that did not come back ends the session. */
  tick(nowMs: number): void {
    if (this.#lostMs !== undefined && nowMs - this.#lostMs >= this.limits.resumeMs) this.fail("ETIMEDOUT");
  }

  /** When `take` or `tick` has something to do if nothing else happens; undefined: never. */
  get nextMs(): number | undefined {
    if (this.#lostMs !== undefined) return this.#lostMs + this.limits.resumeMs;
    if (this.#state !== "open" || this.#inFlight.count >= this.limits.transfersMax) return undefined;
    return earliest([this.#outbound.dueMs, this.#isQuiet ? this.#sentMs + this.limits.keepAliveMs : undefined]);
  }

  /** What happened since the last call. */
  takeEvents(): StreamEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #goOn(reader: SessionReader, nowMs: number): void {
    const { state, received, lostMs, sentMs, events } = reader.read(this.#parts, nowMs);
    this.#state = state;
    this.#received = received;
    this.#lostMs = lostMs;
    this.#sentMs = sentMs;
    this.#events = [...events];
  }

  get #parts() {
    const { role, session, tenant, limits } = this;
    const [tally, outbound, streams, inFlight] = [this.#tally, this.#outbound, this.#streams, this.#inFlight];
    const agree = (peer: PeerTerms) => this.#agree(peer);
    return { role, session, tenant, limits, tally, outbound, streams, inFlight, controls: this.#controls, agree };
  }

  #agree(peer: PeerTerms): void {
    this.#peer = peer;
    this.#outbound.agree(peer);
    this.#streams.agree(peer.windowBytes, peer.streamsMax);
  }

  /**
   * Streams, or their numbers, wait for the peer, and nothing is under way by which it would show that it is gone. A taker waits for a peer
   * without streams too: one that asked for a session and went would have its connection for ever.
   */
  get #isQuiet(): boolean {
    return (this.role === "taker" || this.#streams.size > 0) && this.#inFlight.count === 0;
  }

  /** No records, which only have to arrive. */
  #keepAlive(nowMs: number): Transfer | undefined {
    const isDue = this.#isQuiet && nowMs - this.#sentMs >= this.limits.keepAliveMs;
    return isDue ? { kind: "control", bytes: new Uint8Array() } : undefined;
  }

  #tell(record: Control): void {
    if (!this.#controls.add(record)) this.fail("ECONNRESET");
  }

  #settle(messages: readonly AggregateMessage[]): void {
    for (const { stream, fin, rst } of messages) {
      const state = this.#streams.find(stream);
      if ((fin || rst) && state) this.#streams.settle(state);
      this.#madeRoom(stream);
    }
  }

  #madeRoom(stream: number): void {
    const state = this.#streams.find(stream);
    if (!state?.wantsRoom || state.isClosed || state.queue.bytes * 2 > this.limits.sendBufferBytes) return;
    state.wantsRoom = false;
    this.#events.push({ type: "writable", stream: state.id });
  }
}
