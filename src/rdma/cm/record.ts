/**
 * What a connection knows, and the few things that all its parts do with it: answer, send and wait, give up waiting.
 *
 *            connect                    REP                          disconnect
 *   IDLE ─────────────▶ REQ_SENT ─────────────▶ ESTABLISHED ─────────────────────▶ DREQ_SENT
 *                           │                    ▲     │ DREQ, REJ                     │ DREP, DREQ, REJ, timeout
 *          REQ              │   accept      RTU  │     │                               │
 *   LISTEN ───▶ REQ_RCVD ───┼─────▶ REP_SENT ────┘     │                               │
 *                  └────────┴──────────┴───────────────┴────────▶ TIMEWAIT ◀───────────┘      then CLOSED
 *                        REJ, timeout, cancel
 *
 * (IBTA volume 1, 12.9.7. States in which an MRA was received or sent are REQ_SENT, REP_SENT and REQ_RCVD with a later deadline.)
 */
import type { CmAction } from "./action.js";
import { type CmMessage, encodeCmMad } from "./codec.js";
import type { MadCause } from "./mad.js";
import type { Rep } from "./messages.js";
import type { Req } from "./req.js";

export type CmState =
  | "IDLE"
  | "LISTEN"
  | "REQ_SENT"
  | "REQ_RCVD"
  | "REP_SENT"
  | "ESTABLISHED"
  | "DREQ_SENT"
  | "TIMEWAIT"
  | "CLOSED";

/** Why a received MAD changed nothing. */
export type CmIgnoredCause =
  | MadCause
  /** It names another connection. */
  | "other-connection"
  /** Nothing that waits for it, such as a second RTU. */
  | "unexpected";

/** Who this end is, and the names that its owner has drawn for the connection. */
export interface CmIdentity {
  /** 32 bits, not 0: no other connection of this end has it. */
  readonly localCommunicationId: number;
  /** 64 bits: of the MADs that begin an exchange, here REQ and DREQ. */
  readonly transactionId: bigint;
  /** 64 bits: the channel adapter. */
  readonly caGuid: bigint;
  /** Time code: how long this end may take to acknowledge; 15 (0.13 s) by default, as Linux. */
  readonly caAckDelay?: number | undefined;
  /** The longest time that a peer's word (in its REQ or an MRA) can make this end wait for one thing; a minute by default. */
  readonly maxServiceTimeoutMs?: number | undefined;
}

/** A MAD that waits for an answer. */
export interface Outstanding {
  readonly mad: Uint8Array;
  retriesLeft: number;
  /** MRAs of the peer that may still put the deadline off. */
  extensionsLeft: number;
}

export interface ConnectionRecord {
  readonly identity: Required<CmIdentity>;
  state: CmState;
  nowMs: number;
  deadlineMs: number | undefined;
  /** 0 until the peer has said it. */
  remoteCommunicationId: number;
  /** The REQ: this end's when active, the peer's when passive. */
  req: Req | undefined;
  isActive: boolean;
  /** Of the REQ: that of what answers it. */
  transactionId: bigint;
  /** Time code: a packet's life time on the way, when active. */
  lifeTime: number;
  /** How long the peer may take to answer a message, ways included. */
  answerWaitMs: number;
  /** The REP: the peer's when active, this end's when passive. */
  rep: Rep | undefined;
  /** The user's queue pair, from connect or accept. */
  localQpn: number | undefined;
  /** Time code: twice the way and the peer's delay; how long to wait for acknowledgements, and in TIMEWAIT. */
  ackTimeout: number;
  outstanding: Outstanding | undefined;
  /** The last answer to a REQ or a REP, which a duplicate gets again. */
  answer: Uint8Array | undefined;
  readonly ignored: Record<CmIgnoredCause, number>;
}

type SendAction = Extract<CmAction, { type: "send" }>;

export const NOTHING = new Uint8Array();

export function newRecord(identity: Required<CmIdentity>): ConnectionRecord {
  return {
    identity,
    state: "IDLE",
    nowMs: Number.NEGATIVE_INFINITY,
    deadlineMs: undefined,
    remoteCommunicationId: 0,
    req: undefined,
    isActive: false,
    transactionId: identity.transactionId,
    lifeTime: 0,
    answerWaitMs: 0,
    rep: undefined,
    localQpn: undefined,
    ackTimeout: 0,
    outstanding: undefined,
    answer: undefined,
    ignored: {
      "bad-length": 0,
      "bad-base-version": 0,
      "other-class": 0,
      "bad-class-version": 0,
      "bad-method": 0,
      "unknown-attribute": 0,
      "bad-length-field": 0,
      "other-connection": 0,
      unexpected: 0,
    },
  };
}

/** The ids as this end writes them. */
export function idsOf(record: ConnectionRecord) {
  const { identity, remoteCommunicationId } = record;
  return { localCommunicationId: identity.localCommunicationId, remoteCommunicationId };
}

/** This end's queue pair is in RTR or RTS. */
export function isOpen(state: CmState): boolean {
  return state === "REP_SENT" || state === "ESTABLISHED";
}

/** The peer's queue pair, once it has said so. */
export function remoteQpnOf({ isActive, rep, req }: ConnectionRecord): number | undefined {
  return isActive ? rep?.localQpn : req?.localQpn;
}

export function send(mad: Uint8Array): SendAction {
  return { type: "send", mad: mad.slice() };
}

/** Sends a message that nobody answers. */
export function tell(transactionId: bigint, message: CmMessage): SendAction {
  return { type: "send", mad: encodeCmMad({ transactionId, message }) };
}

/** Sends a message that is sent again until it is answered or the retries are used up. */
export function ask(record: ConnectionRecord, transactionId: bigint, message: CmMessage): CmAction {
  const mad = encodeCmMad({ transactionId, message });
  const retries = record.req?.maxCmRetries ?? 0;
  record.outstanding = { mad, retriesLeft: retries, extensionsLeft: retries + 1 };
  record.deadlineMs = record.nowMs + record.answerWaitMs;
  return send(mad);
}

/** A time of the peer's choice, which may be hours, as far as it is reasonable: a connection that nobody uses has a place, too. */
export function bounded({ identity }: ConnectionRecord, ms: number): number {
  return Math.min(ms, identity.maxServiceTimeoutMs);
}

/** Waits for nothing any more. */
export function settle(record: ConnectionRecord, state: CmState): void {
  record.state = state;
  record.outstanding = undefined;
  record.deadlineMs = undefined;
}

/** Nothing came, or nothing is to be done about it: counted. */
export function ignore(record: ConnectionRecord, cause: CmIgnoredCause): CmAction[] {
  record.ignored[cause]++;
  return [];
}
