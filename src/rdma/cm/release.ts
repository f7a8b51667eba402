/** How a connection ends: REJ, DREQ and DREP, and time to forget (IBTA volume 1, 12.9.7 to 12.9.9, 12.10). */
import type { CmAction, CmEnd, CmReason } from "./action.js";
import { type CmMad, encodeCmMad } from "./codec.js";
import { ABOUT_OTHER, ABOUT_REP, ABOUT_REQ, type Dreq, type Mra, type Rej } from "./messages.js";
import { timeMs } from "./quantity.js";
import { REJ_REASON, type RejReason, rejReasonName } from "./reason.js";
import {
  ask,
  bounded,
  type ConnectionRecord,
  idsOf,
  ignore,
  isOpen,
  NOTHING,
  remoteQpnOf,
  send,
  settle,
} from "./record.js";
import { answerStray } from "./stray.js";

const QP_ERROR: CmAction = { type: "qp", state: "ERROR" };

/** Turns the request down. Nothing when none is open any more. */
export function reject(record: ConnectionRecord, reason: RejReason, privateData: Uint8Array): CmAction[] {
  if (record.state !== "REQ_RCVD") return [];
  const rej = encodeRej(record, ABOUT_REQ, reason, privateData);
  const actions = end(record, "rejected", "local", reason, NOTHING);
  record.answer = rej;
  return [send(rej), ...actions];
}

/** Ends what there is: with DREQ once established, with REJ before. */
export function disconnect(record: ConnectionRecord, privateData: Uint8Array): CmAction[] {
  switch (record.state) {
    case "REQ_SENT":
      return giveUp(record, "consumer-reject");
    case "REQ_RCVD":
      return reject(record, "consumer-reject", privateData);
    case "REP_SENT": {
      const rej = encodeRej(record, ABOUT_OTHER, "consumer-reject", privateData);
      return [send(rej), ...end(record, "rejected", "local", "consumer-reject", NOTHING)];
    }
    case "ESTABLISHED": {
      const remoteQpn = remoteQpnOf(record) ?? 0;
      const dreq = { type: "DREQ", ...idsOf(record), remoteQpn, privateData } as const;
      const sent = ask(record, record.identity.transactionId, dreq);
      record.state = "DREQ_SENT";
      record.answer = undefined;
      return [QP_ERROR, sent];
    }
    default:
      return [];
  }
}

/** The peer ends the connection, and gets an answer however often it asks. */
export function receiveDreq(record: ConnectionRecord, mad: CmMad, dreq: Dreq): CmAction[] {
  const answer = answerStray(mad);
  const drep = answer ? [send(answer)] : [];
  const isOver = record.state === "TIMEWAIT" || record.state === "CLOSED";
  if (isOver) return drep;
  const isEnding = record.state === "DREQ_SENT";
  if (!(isOpen(record.state) || isEnding) || dreq.remoteQpn !== record.localQpn) return ignore(record, "unexpected");
  return [...drep, ...end(record, "disconnected", isEnding ? "local" : "peer", "requested", dreq.privateData)];
}

export function receiveDrep(record: ConnectionRecord, privateData: Uint8Array): CmAction[] {
  if (record.state !== "DREQ_SENT") return ignore(record, "unexpected");
  return end(record, "disconnected", "local", "requested", privateData);
}

export function receiveRej(record: ConnectionRecord, rej: Rej): CmAction[] {
  const reason = rejReasonName(rej.reason);
  switch (record.state) {
    case "REQ_SENT":
    case "REQ_RCVD":
    case "REP_SENT":
      return end(record, "rejected", "peer", reason, rej.privateData);
    case "ESTABLISHED":
      return end(record, "disconnected", "peer", reason, rej.privateData);
    case "DREQ_SENT":
      return end(record, "disconnected", "local", reason, rej.privateData);
    default:
      return ignore(record, "unexpected");
  }
}

/** The peer has what was sent and needs longer: the deadline is put off, so often and so far as is reasonable. */
export function receiveMra(record: ConnectionRecord, mra: Mra): CmAction[] {
  const about = record.state === "REQ_SENT" ? ABOUT_REQ : record.state === "REP_SENT" ? ABOUT_REP : undefined;
  const { outstanding } = record;
  if (!outstanding || mra.messageMraed !== about || outstanding.extensionsLeft === 0) {
    return ignore(record, "unexpected");
  }
  outstanding.extensionsLeft--;
  record.remoteCommunicationId = mra.localCommunicationId;
  const ackMs = bounded(record, timeMs(record.ackTimeout));
  record.deadlineMs = record.nowMs + bounded(record, timeMs(mra.serviceTimeout)) + ackMs;
  return [];
}

/** The deadline has come: once more, or no more. */
export function expire(record: ConnectionRecord): CmAction[] {
  const { outstanding } = record;
  if (outstanding && outstanding.retriesLeft > 0) {
    outstanding.retriesLeft--;
    record.deadlineMs = record.nowMs + record.answerWaitMs;
    return [send(outstanding.mad)];
  }
  switch (record.state) {
    case "REQ_SENT":
    case "REP_SENT":
      return giveUp(record, "timeout");
    case "REQ_RCVD":
      return reject(record, "timeout", NOTHING);
    case "DREQ_SENT":
      return end(record, "disconnected", "local", "timeout", NOTHING);
    default:
      settle(record, "CLOSED");
      return [{ type: "closed" }];
  }
}

/** Stops waiting for the peer, and says so: by the adapter's GUID, as the peer's id may not be known (12.6.7.2, reason 4). */
function giveUp(record: ConnectionRecord, reason: "timeout" | "consumer-reject"): CmAction[] {
  const rej = encodeRej(record, ABOUT_OTHER, "timeout", NOTHING);
  return [send(rej), ...end(record, "rejected", "local", reason, NOTHING)];
}

/** To TIMEWAIT: what the queue pair had under way dies meanwhile, and late messages are still answered. */
function end(
  record: ConnectionRecord,
  type: "rejected" | "disconnected",
  by: CmEnd,
  reason: CmReason | "requested",
  privateData: Uint8Array,
): CmAction[] {
  // Before, the queue pair is still in INIT; in DREQ_SENT it is in ERROR already.
  const toError = isOpen(record.state) ? [QP_ERROR] : [];
  settle(record, "TIMEWAIT");
  record.answer = undefined;
  record.deadlineMs = record.nowMs + bounded(record, timeMs(record.ackTimeout));
  return [...toError, { type, by, reason, privateData } as CmAction];
}

function encodeRej(record: ConnectionRecord, about: number, reason: RejReason, privateData: Uint8Array): Uint8Array {
  const additionalInfo = reason === "timeout" ? guidBytes(record.identity.caGuid) : NOTHING;
  const rest = { messageRejected: about, reason: REJ_REASON[reason], additionalInfo, privateData };
  const { transactionId } = record;
  return encodeCmMad({ transactionId, message: { type: "REJ", ...idsOf(record), ...rest } });
}

export function guidBytes(guid: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, guid);
  return new Uint8Array(view.buffer);
}
