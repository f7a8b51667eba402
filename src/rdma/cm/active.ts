/** The active side of establishment: REQ out, REP in, RTU out (IBTA volume 1, 12.9.7.1). */
import type { CmAction } from "./action.js";
import type { CmMad } from "./codec.js";
import type { Rep } from "./messages.js";
import { type ConnectOptions, packetLifeTimeOf, reqOf } from "./options.js";
import { ackTimeout, mtuBytes, type PathMtuBytes, timeMs } from "./quantity.js";
import { ask, type ConnectionRecord, idsOf, ignore, NOTHING, send, settle, tell } from "./record.js";
import type { Req } from "./req.js";
import { answerStray } from "./stray.js";

/** Sends the REQ. Throws ConfigError, and nothing has changed. */
export function connect(record: ConnectionRecord, options: ConnectOptions): CmAction[] {
  const req = reqOf(record.identity, options);
  const lifeTime = packetLifeTimeOf(options);
  const next = {
    ...record,
    isActive: true,
    req,
    localQpn: req.localQpn,
    lifeTime,
    ackTimeout: req.primary.localAckTimeout,
    answerWaitMs: timeMs(req.remoteCmResponseTimeout) + 2 * timeMs(lifeTime),
  };
  const sent = ask(next, record.transactionId, { type: "REQ", ...req });
  Object.assign(record, next, { state: "REQ_SENT" });
  return [sent];
}

/** The peer has accepted: this end is ready and says so. A second REP means that the RTU was lost. */
export function receiveRep(record: ConnectionRecord, mad: CmMad, rep: Rep): CmAction[] {
  if (record.state === "REQ_SENT") return establish(record, mad.transactionId, rep);
  const isAgain = rep.localCommunicationId === record.remoteCommunicationId;
  if (isAgain && record.state === "ESTABLISHED" && record.answer) return [send(record.answer)];
  if (isAgain && record.state === "DREQ_SENT") return ignore(record, "unexpected");
  // A REP of an exchange that is over, or of another that grew out of a duplicate of the REQ.
  record.ignored.unexpected++;
  const answer = answerStray(mad);
  return answer ? [send(answer)] : [];
}

function establish(record: ConnectionRecord, transactionId: bigint, rep: Rep): CmAction[] {
  const req = record.req as Req;
  settle(record, "ESTABLISHED");
  record.rep = rep;
  record.remoteCommunicationId = rep.localCommunicationId;
  record.ackTimeout = ackTimeout(record.lifeTime, rep.targetAckDelay);
  const rtu = tell(transactionId, { type: "RTU", ...idsOf(record), privateData: NOTHING });
  record.answer = rtu.mad;
  return [
    {
      type: "qp",
      state: "RTR",
      parameters: {
        destQpn: rep.localQpn,
        rqPsn: req.startingPsn,
        pathMtuBytes: mtuBytes(req.pathPacketPayloadMtu) as PathMtuBytes,
        // Never more than was offered, whatever the peer says.
        maxDestRdAtomic: Math.min(rep.initiatorDepth, req.responderResources),
      },
    },
    {
      type: "qp",
      state: "RTS",
      parameters: {
        sqPsn: rep.startingPsn,
        maxRdAtomic: Math.min(rep.responderResources, req.initiatorDepth),
        timeout: record.ackTimeout,
        retryCount: req.retryCount,
        rnrRetryCount: rep.rnrRetryCount,
      },
    },
    rtu,
    { type: "established", privateData: rep.privateData },
  ];
}
