/** What a connection asks of its driver: MADs to send, transitions of the queue pair, and what the user has to know. */
import type { PathMtuBytes } from "./quantity.js";
import type { RejReason } from "./reason.js";
import type { Req } from "./req.js";

export type CmEnd = "local" | "peer";

/** Why a connection did not come about, or was cut: a REJ's reason. A code without a name is "reason-" and its number. */
export type CmReason = RejReason | `reason-${number}`;

/** Ready to receive: attributes that ibv_modify_qp needs from INIT to RTR. */
export interface RtrParameters {
  readonly destQpn: number;
  /** The first PSN to expect. */
  readonly rqPsn: number;
  readonly pathMtuBytes: PathMtuBytes;
  /** Responder resources: READs and atomics that the peer may have under way here. */
  readonly maxDestRdAtomic: number;
}

/** Ready to send: attributes from RTR to RTS. */
export interface RtsParameters {
  /** The first PSN to send. */
  readonly sqPsn: number;
  /** Initiator depth: READs and atomics that may be under way to the peer. */
  readonly maxRdAtomic: number;
  /** Local ACK timeout: a time code. */
  readonly timeout: number;
  readonly retryCount: number;
  /** 7: without end. */
  readonly rnrRetryCount: number;
}

/** States that a connection brings its queue pair to. */
export type QueuePairState = "RTR" | "RTS" | "ERROR";

export type CmAction =
  /** Send the MAD, 256 bytes, to the peer's queue pair 1. */
  | { readonly type: "send"; readonly mad: Uint8Array }
  /** Bring the queue pair, which stands in INIT, to a state. */
  | { readonly type: "qp"; readonly state: "RTR"; readonly parameters: RtrParameters }
  | { readonly type: "qp"; readonly state: "RTS"; readonly parameters: RtsParameters }
  | { readonly type: "qp"; readonly state: "ERROR" }
  /** Somebody wants to connect: accept, reject, or delay. */
  | { readonly type: "requested"; readonly req: Req }
  /** Both ends are ready; private data is that of the REP (active) or the RTU (passive). */
  | { readonly type: "established"; readonly privateData: Uint8Array }
  /** There will be no connection. */
  | { readonly type: "rejected"; readonly by: CmEnd; readonly reason: CmReason; readonly privateData: Uint8Array }
  /**
   * The connection is over: "requested" by a DREQ, because this end's was not answered ("timeout"), or by a REJ. A passive end that
   * never saw the RTU may be told so without *established*.
   */
  | {
      readonly type: "disconnected";
      readonly by: CmEnd;
      readonly reason: CmReason | "requested";
      readonly privateData: Uint8Array;
    }
  /** No packet of the connection is under way any more: its ids and its queue pair's number may be used again. */
  | { readonly type: "closed" };
