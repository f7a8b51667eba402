/**
 * One connection of the communication manager, active or passive, without timers, randomness or I/O: events and the time go in,
 * actions come out. Ids are handed in; whoever owns a clock comes back at `nextMs`.
 *
 * MADs never throw: what changes nothing is counted by cause (`ignored`). Calls that come too late, because the peer was faster,
 * do nothing.
 */
import { ConfigError } from "../../errors.js";
import type { CmAction } from "./action.js";
import { connect, receiveRep } from "./active.js";
import { type CmMad, decodeCmMad } from "./codec.js";
import type { CommunicationIds, Rej } from "./messages.js";
import { type AcceptOptions, type ConnectOptions, checkIdentity } from "./options.js";
import { accept, becomeReady, delay, type ListenOptions, receiveReq } from "./passive.js";
import { REJ_REASON, type RejReason } from "./reason.js";
import {
  type CmIdentity,
  type CmIgnoredCause,
  type CmState,
  type ConnectionRecord,
  ignore,
  NOTHING,
  newRecord,
  remoteQpnOf,
  send,
} from "./record.js";
import { disconnect, expire, guidBytes, receiveDrep, receiveDreq, receiveMra, receiveRej, reject } from "./release.js";
import { answerStray } from "./stray.js";

export class CmConnection {
  readonly #record: ConnectionRecord;
  #listen: ListenOptions = {};

  /** Throws ConfigError. record is what a connection of that identity knew elsewhere. */
  constructor(identity: CmIdentity, record: ConnectionRecord = newRecord(checkIdentity(identity))) {
    this.#record = record;
  }

  /** @internal What it knows now. */
  get record(): Readonly<ConnectionRecord> {
    return this.#record;
  }

  get state(): CmState {
    return this.#record.state;
  }

  get localCommunicationId(): number {
    return this.#record.identity.localCommunicationId;
  }

  /** 0 while it is not known. */
  get remoteCommunicationId(): number {
    return this.#record.remoteCommunicationId;
  }

  /** The peer's queue pair, once it has said so. */
  get remoteQpn(): number | undefined {
    return remoteQpnOf(this.#record);
  }

  /** When to call `tick`; undefined: no timer runs. */
  get nextMs(): number | undefined {
    return this.#record.deadlineMs;
  }

  /** Received MADs that changed nothing, by cause. */
  get ignored(): Readonly<Record<CmIgnoredCause, number>> {
    return { ...this.#record.ignored };
  }

  /** Active: asks the peer for a connection. Throws ConfigError, also when it is not IDLE. */
  connect(options: ConnectOptions, nowMs: number): CmAction[] {
    this.#checkIdle();
    this.#advance(nowMs);
    return connect(this.#record, options);
  }

  /** Passive: takes the first REQ that comes. Throws ConfigError when it is not IDLE. */
  listen(options: ListenOptions = {}): void {
    this.#checkIdle();
    this.#listen = options;
    this.#record.state = "LISTEN";
  }

  /** A MAD of the peer, 256 bytes or what came instead. */
  receive(mad: Uint8Array, nowMs: number): CmAction[] {
    const decoded = decodeCmMad(mad);
    this.#advance(nowMs);
    return typeof decoded === "string" ? ignore(this.#record, decoded) : this.receiveDecoded(decoded, nowMs);
  }

  /** The same for who has decoded it. */
  receiveDecoded(mad: CmMad, nowMs: number): CmAction[] {
    this.#advance(nowMs);
    const record = this.#record;
    const { message } = mad;
    if (record.state === "IDLE") return this.#answerStray(mad);
    if (message.type === "REQ") return receiveReq(record, mad, message, this.#listen);
    if (!this.#isOurs(message, message.type === "REJ" ? message : undefined)) return ignore(record, "other-connection");
    switch (message.type) {
      case "REP":
        return record.isActive ? receiveRep(record, mad, message) : ignore(record, "unexpected");
      case "RTU":
        return becomeReady(record, message.privateData);
      case "MRA":
        return receiveMra(record, message);
      case "REJ":
        return receiveRej(record, message);
      case "DREQ":
        return receiveDreq(record, mad, message);
      case "DREP":
        return receiveDrep(record, message.privateData);
      default:
        return this.#answerStray(mad);
    }
  }

  /** Passive: takes the request. Throws ConfigError. */
  accept(options: AcceptOptions, nowMs: number): CmAction[] {
    this.#advance(nowMs);
    return accept(this.#record, options);
  }

  /** Passive: turns the request down. Throws ConfigError for more than 148 bytes of private data. */
  reject(reason: RejReason, nowMs: number, privateData: Uint8Array = NOTHING): CmAction[] {
    this.#advance(nowMs);
    return reject(this.#record, reason, privateData);
  }

  /** Passive: asks the peer to wait for 4.096 us x 2^serviceTimeout. Throws ConfigError outside 0-31. */
  delay(serviceTimeout: number, nowMs: number): CmAction[] {
    this.#advance(nowMs);
    return delay(this.#record, serviceTimeout);
  }

  /** Passive: a packet has come on the queue pair, so the peer is ready though its RTU is not here yet. */
  communicationEstablished(nowMs: number): CmAction[] {
    this.#advance(nowMs);
    return this.#record.state === "REP_SENT" ? becomeReady(this.#record, NOTHING) : [];
  }

  /** Ends the connection, or the attempt. Throws ConfigError for more private data than the message has room for. */
  disconnect(nowMs: number, privateData: Uint8Array = NOTHING): CmAction[] {
    this.#advance(nowMs);
    return disconnect(this.#record, privateData);
  }

  /** Time has passed. Calling it early or often does no harm. */
  tick(nowMs: number): CmAction[] {
    this.#advance(nowMs);
    const { deadlineMs } = this.#record;
    return deadlineMs !== undefined && deadlineMs <= this.#record.nowMs ? expire(this.#record) : [];
  }

  #advance(nowMs: number): void {
    if (!Number.isFinite(nowMs)) throw new ConfigError("nowMs", nowMs, "a finite number of milliseconds");
    this.#record.nowMs = Math.max(this.#record.nowMs, nowMs);
  }

  #checkIdle(): void {
    if (this.#record.state !== "IDLE") throw new ConfigError("state", this.#record.state, "IDLE");
  }

  /** The message names this connection by both ends' ids, as far as they are known. */
  #isOurs(ids: CommunicationIds, rej?: Rej): boolean {
    const { remoteCommunicationId, req, isActive, state } = this.#record;
    const isTheirs = ids.localCommunicationId === remoteCommunicationId;
    if (ids.remoteCommunicationId === this.localCommunicationId) {
      // While the REP is awaited, its sender's id is not known yet; later a REP may be of another exchange.
      return isTheirs || (isActive && (state === "REQ_SENT" || "startingPsn" in ids));
    }
    if (!isTheirs || !rej || rej.reason !== REJ_REASON.timeout || !req || isActive) return false;
    // The peer has given up without having learnt our id: it is known by its GUID.
    const guid = guidBytes(req.localCaGuid);
    return ids.remoteCommunicationId === 0 && guid.every((byte, i) => rej.additionalInfo[i] === byte);
  }

  #answerStray(mad: CmMad): CmAction[] {
    this.#record.ignored.unexpected++;
    const answer = answerStray(mad);
    return answer ? [send(answer)] : [];
  }
}
