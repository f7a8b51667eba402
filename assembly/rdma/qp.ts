// A queue pair: the state of one end of a connection, or of a place that datagrams go to (IBTA volume 1, 10.2 and 10.3).
//
//   who it is      │ state type qpn destQpn mtu pd access qkey path sendCq recvCq flags │
//   requester      │ sq: posted ≥ sent ≥ done, cursors that run free │ PSNs: acked ≤ next ≤ fresh │ retries, deadline, backoff │
//   responder      │ expected PSN, MSN │ rq: posted ≥ done │ message under way │ reply that is due │ answers │ atomics │
//
// The request that sends now is sq[sent], of which sqPackets PSNs have gone out. acked is the oldest PSN without an answer, next the
// one that goes out next, and fresh one more than the highest that ever went out: going back moves next, never fresh.
import {
  QP_ACCESS,
  QP_ACKED_PSN,
  QP_ANSWERS,
  QP_ANSWERS_HEAD,
  QP_ANSWERS_TAIL,
  QP_ATOMICS,
  QP_ATOMICS_HEAD,
  QP_BACKOFF,
  QP_BYTES,
  QP_DEADLINE_US,
  QP_DEST_QPN,
  QP_EXPECTED_PSN,
  QP_FLAGS,
  QP_FRESH_PSN,
  QP_INBOUND,
  QP_INBOUND_BYTES,
  QP_MSN,
  QP_MTU,
  QP_NEXT_PSN,
  QP_PATH,
  QP_PD,
  QP_QKEY,
  QP_QPN,
  QP_READS,
  QP_READS_MAX,
  QP_RECV_CQ,
  QP_REPLY,
  QP_RESUME_US,
  QP_RETRIES,
  QP_RETRIES_MAX,
  QP_RNR_RETRIES,
  QP_RNR_RETRIES_MAX,
  QP_RNR_TIMER,
  QP_RQ,
  QP_RQ_DONE,
  QP_RQ_MASK,
  QP_RQ_POSTED,
  QP_RTR,
  QP_RTS,
  QP_SEND_CQ,
  QP_SQ,
  QP_SQ_DONE,
  QP_SQ_MASK,
  QP_SQ_PACKETS,
  QP_SQ_POSTED,
  QP_SQ_SENT,
  QP_SQD,
  QP_STATE,
  QP_TIMEOUT_US,
  QP_TYPE,
  QP_WINDOW,
  QP_WRITE_KEY,
  QP_WRITE_LEFT,
  QP_WRITE_VA,
} from "../layout";

@unmanaged
export class Qp {
  state: u32;
  type: u32;
  qpn: u32;
  destQpn: u32;
  mtu: u32;
  pd: u32;
  access: u32;
  qkey: u32;
  path: u32;
  sendCq: u32;
  recvCq: u32;
  flags: u32;
  sq: u32;
  sqMask: u32;
  sqPosted: u32;
  sqSent: u32;
  sqDone: u32;
  sqPackets: u32;
  nextPsn: u32;
  freshPsn: u32;
  ackedPsn: u32;
  /** Most PSNs without an answer. */
  window: u32;
  /** READs and atomics without their answer. */
  reads: u32;
  readsMax: u32;
  retries: u32;
  retriesMax: u32;
  rnrRetries: u32;
  /** 7 is without end (9.7.5.2.8). */
  rnrRetriesMax: u32;
  /** 0 is never. */
  timeoutUs: u32;
  deadlineUs: u32;
  /** Timeouts since the last progress: each doubles the next one. */
  backoff: u32;
  /** When a receiver that was not ready may be asked again. */
  resumeUs: u32;
  expectedPsn: u32;
  /** Messages completed, 24 bits. */
  msn: u32;
  rq: u32;
  rqMask: u32;
  rqPosted: u32;
  rqDone: u32;
  inbound: u32;
  inboundBytes: u32;
  writeVa: u64;
  writeLeft: u32;
  writeKey: u32;
  /** What a RNR NAK asks the requester to wait: table 45's code. */
  rnrTimer: u32;
  reply: u32;
  answers: u32;
  answersHead: u32;
  answersTail: u32;
  atomics: u32;
  atomicsHead: u32;
  unused0: u32;
  unused1: v128;
  unused2: v128;
  unused3: v128;
}

if (offsetof<Qp>() != QP_BYTES) ERROR("Qp: size");
if (offsetof<Qp>("state") != QP_STATE) ERROR("Qp: state");
if (offsetof<Qp>("type") != QP_TYPE) ERROR("Qp: type");
if (offsetof<Qp>("qpn") != QP_QPN) ERROR("Qp: qpn");
if (offsetof<Qp>("destQpn") != QP_DEST_QPN) ERROR("Qp: destQpn");
if (offsetof<Qp>("mtu") != QP_MTU) ERROR("Qp: mtu");
if (offsetof<Qp>("pd") != QP_PD) ERROR("Qp: pd");
if (offsetof<Qp>("access") != QP_ACCESS) ERROR("Qp: access");
if (offsetof<Qp>("qkey") != QP_QKEY) ERROR("Qp: qkey");
if (offsetof<Qp>("path") != QP_PATH) ERROR("Qp: path");
if (offsetof<Qp>("sendCq") != QP_SEND_CQ) ERROR("Qp: sendCq");
if (offsetof<Qp>("recvCq") != QP_RECV_CQ) ERROR("Qp: recvCq");
if (offsetof<Qp>("flags") != QP_FLAGS) ERROR("Qp: flags");
if (offsetof<Qp>("sq") != QP_SQ) ERROR("Qp: sq");
if (offsetof<Qp>("sqMask") != QP_SQ_MASK) ERROR("Qp: sqMask");
if (offsetof<Qp>("sqPosted") != QP_SQ_POSTED) ERROR("Qp: sqPosted");
if (offsetof<Qp>("sqSent") != QP_SQ_SENT) ERROR("Qp: sqSent");
if (offsetof<Qp>("sqDone") != QP_SQ_DONE) ERROR("Qp: sqDone");
if (offsetof<Qp>("sqPackets") != QP_SQ_PACKETS) ERROR("Qp: sqPackets");
if (offsetof<Qp>("nextPsn") != QP_NEXT_PSN) ERROR("Qp: nextPsn");
if (offsetof<Qp>("freshPsn") != QP_FRESH_PSN) ERROR("Qp: freshPsn");
if (offsetof<Qp>("ackedPsn") != QP_ACKED_PSN) ERROR("Qp: ackedPsn");
if (offsetof<Qp>("window") != QP_WINDOW) ERROR("Qp: window");
if (offsetof<Qp>("reads") != QP_READS) ERROR("Qp: reads");
if (offsetof<Qp>("readsMax") != QP_READS_MAX) ERROR("Qp: readsMax");
if (offsetof<Qp>("retries") != QP_RETRIES) ERROR("Qp: retries");
if (offsetof<Qp>("retriesMax") != QP_RETRIES_MAX) ERROR("Qp: retriesMax");
if (offsetof<Qp>("rnrRetries") != QP_RNR_RETRIES) ERROR("Qp: rnrRetries");
if (offsetof<Qp>("rnrRetriesMax") != QP_RNR_RETRIES_MAX) ERROR("Qp: rnrRetriesMax");
if (offsetof<Qp>("timeoutUs") != QP_TIMEOUT_US) ERROR("Qp: timeoutUs");
if (offsetof<Qp>("deadlineUs") != QP_DEADLINE_US) ERROR("Qp: deadlineUs");
if (offsetof<Qp>("backoff") != QP_BACKOFF) ERROR("Qp: backoff");
if (offsetof<Qp>("resumeUs") != QP_RESUME_US) ERROR("Qp: resumeUs");
if (offsetof<Qp>("expectedPsn") != QP_EXPECTED_PSN) ERROR("Qp: expectedPsn");
if (offsetof<Qp>("msn") != QP_MSN) ERROR("Qp: msn");
if (offsetof<Qp>("rq") != QP_RQ) ERROR("Qp: rq");
if (offsetof<Qp>("rqMask") != QP_RQ_MASK) ERROR("Qp: rqMask");
if (offsetof<Qp>("rqPosted") != QP_RQ_POSTED) ERROR("Qp: rqPosted");
if (offsetof<Qp>("rqDone") != QP_RQ_DONE) ERROR("Qp: rqDone");
if (offsetof<Qp>("inbound") != QP_INBOUND) ERROR("Qp: inbound");
if (offsetof<Qp>("inboundBytes") != QP_INBOUND_BYTES) ERROR("Qp: inboundBytes");
if (offsetof<Qp>("writeVa") != QP_WRITE_VA) ERROR("Qp: writeVa");
if (offsetof<Qp>("writeLeft") != QP_WRITE_LEFT) ERROR("Qp: writeLeft");
if (offsetof<Qp>("writeKey") != QP_WRITE_KEY) ERROR("Qp: writeKey");
if (offsetof<Qp>("rnrTimer") != QP_RNR_TIMER) ERROR("Qp: rnrTimer");
if (offsetof<Qp>("reply") != QP_REPLY) ERROR("Qp: reply");
if (offsetof<Qp>("answers") != QP_ANSWERS) ERROR("Qp: answers");
if (offsetof<Qp>("answersHead") != QP_ANSWERS_HEAD) ERROR("Qp: answersHead");
if (offsetof<Qp>("answersTail") != QP_ANSWERS_TAIL) ERROR("Qp: answersTail");
if (offsetof<Qp>("atomics") != QP_ATOMICS) ERROR("Qp: atomics");
if (offsetof<Qp>("atomicsHead") != QP_ATOMICS_HEAD) ERROR("Qp: atomicsHead");

/** True where the responder takes requests (10.3.1). */
export function isResponding(qp: Qp): bool {
  return qp.state >= (QP_RTR as u32) && qp.state <= (QP_SQD as u32);
}

/** True where the requester may send, and takes responses. */
export function isRequesting(qp: Qp): bool {
  return qp.state == QP_RTS || qp.state == QP_SQD;
}
