/** The passive side of establishment: REQ in, REP out, RTU in (IBTA volume 1, 12.9.7.2). */
import type { CmAction } from "./action.js";
import type { CmMad } from "./codec.js";
import { ABOUT_REQ } from "./messages.js";
import { type AcceptOptions, repOf } from "./options.js";
import { mtuBytes, type PathMtuBytes, timeMs } from "./quantity.js";
import type { RejReason } from "./reason.js";
import { ask, bounded, type ConnectionRecord, idsOf, ignore, NOTHING, send, settle, tell } from "./record.js";
import type { Req } from "./req.js";
import { rejection } from "./stray.js";

/** What a listener takes. */
export interface ListenOptions {
  /** Any service when absent. */
  readonly serviceId?: bigint | undefined;
  /** The longest path MTU; 4096 by default. */
  readonly maxPathMtuBytes?: PathMtuBytes | undefined;
}

const RELIABLE_CONNECTION = 0;

/** A first REQ asks the user, one that this end cannot serve is rejected, and a duplicate gets its answer again. */
export function receiveReq(record: ConnectionRecord, mad: CmMad, req: Req, listen: ListenOptions): CmAction[] {
  if (record.state !== "LISTEN") return answerDuplicate(record, mad, req);
  const problem = problemOf(req, listen);
  const remoteCommunicationId = req.localCommunicationId;
  if (problem) {
    const ids = { localCommunicationId: 0, remoteCommunicationId };
    return [send(rejection(mad.transactionId, ABOUT_REQ, problem, ids))];
  }
  const { localAckTimeout } = req.primary;
  // Time until the peer has given up: there is no point in a user's answer then.
  const peerWaitMs = bounded(record, timeMs(req.remoteCmResponseTimeout) + timeMs(localAckTimeout));
  const patienceMs = peerWaitMs * (req.maxCmRetries + 1);
  Object.assign(record, {
    state: "REQ_RCVD",
    req,
    remoteCommunicationId,
    transactionId: mad.transactionId,
    ackTimeout: localAckTimeout,
    answerWaitMs: bounded(record, timeMs(req.localCmResponseTimeout) + timeMs(localAckTimeout)),
    deadlineMs: record.nowMs + patienceMs,
  } satisfies Partial<ConnectionRecord>);
  return [{ type: "requested", req }];
}

/** The user needs longer than the REQ allows: the peer is told to wait (MRA). */
export function delay(record: ConnectionRecord, serviceTimeout: number): CmAction[] {
  if (record.state !== "REQ_RCVD") return [];
  const about = { messageMraed: ABOUT_REQ, serviceTimeout, privateData: NOTHING };
  const mra = tell(record.transactionId, { type: "MRA", ...idsOf(record), ...about });
  record.answer = mra.mad;
  record.deadlineMs = (record.deadlineMs ?? record.nowMs) + timeMs(serviceTimeout);
  return [mra];
}

/** Ready to receive, and the REP goes out until an RTU comes. Throws ConfigError, and nothing has changed. */
export function accept(record: ConnectionRecord, options: AcceptOptions): CmAction[] {
  if (record.state !== "REQ_RCVD") return [];
  const req = record.req as Req;
  const rep = repOf(record.identity, req, options);
  const sent = ask(record, record.transactionId, { type: "REP", ...rep });
  record.state = "REP_SENT";
  record.rep = rep;
  record.localQpn = rep.localQpn;
  record.answer = record.outstanding?.mad;
  const parameters = {
    destQpn: req.localQpn,
    rqPsn: rep.startingPsn,
    pathMtuBytes: mtuBytes(req.pathPacketPayloadMtu) as PathMtuBytes,
    maxDestRdAtomic: rep.responderResources,
  };
  return [{ type: "qp", state: "RTR", parameters }, sent];
}

/** The RTU, or the first packet on the queue pair, which says the same: ready to send. */
export function becomeReady(record: ConnectionRecord, privateData: Uint8Array): CmAction[] {
  if (record.state !== "REP_SENT" || !record.rep) return ignore(record, "unexpected");
  const { startingPsn: sqPsn, retryCount, rnrRetryCount } = record.req as Req;
  const { initiatorDepth: maxRdAtomic } = record.rep;
  settle(record, "ESTABLISHED");
  const parameters = { sqPsn, maxRdAtomic, timeout: record.ackTimeout, retryCount, rnrRetryCount };
  return [
    { type: "qp", state: "RTS", parameters },
    { type: "established", privateData },
  ];
}

/** Why a REQ cannot be served, if so. */
function problemOf(req: Req, { serviceId, maxPathMtuBytes = 4096 }: ListenOptions): RejReason | undefined {
  if (serviceId !== undefined && req.serviceId !== serviceId) return "invalid-service-id";
  if (req.transportServiceType !== RELIABLE_CONNECTION) return "invalid-transport-service-type";
  const mtu = mtuBytes(req.pathPacketPayloadMtu);
  return mtu === undefined || mtu > maxPathMtuBytes ? "invalid-path-mtu" : undefined;
}

function answerDuplicate(record: ConnectionRecord, { transactionId }: CmMad, req: Req): CmAction[] {
  const isSame =
    !record.isActive &&
    record.req?.localCommunicationId === req.localCommunicationId &&
    record.req.localCaGuid === req.localCaGuid;
  if (!isSame) return ignore(record, "other-connection");
  record.ignored.unexpected++;
  const { state, answer } = record;
  const isOver = state === "TIMEWAIT" || state === "CLOSED";
  if (isOver && !answer) return [send(rejection(transactionId, ABOUT_REQ, "stale-connection", idsOf(record)))];
  // Once it is established, the REQ's sender has its answer.
  return answer && state !== "ESTABLISHED" ? [send(answer)] : [];
}
