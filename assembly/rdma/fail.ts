// Completions, and the end of a queue pair: ERROR, in which all that was posted comes back unexecuted (IBTA volume 1, 10.3.1 and
// 10.8.6). Whatever completes leaves its queue first, so that a flush on the way cannot complete it again.
import { ringEnqueue } from "../dma/ring";
import {
  INBOUND_NONE,
  QP_ERROR,
  QP_F_ACTIVE,
  QP_F_TIMED,
  QP_F_TOUCHED,
  RDMA_COUNT_CQ_OVERRUNS,
  RDMA_COUNT_ERRORS,
  RDMA_COUNT_FLUSHED,
  WC_RECV,
  WC_SUCCESS,
  WC_WR_FLUSH_ERR,
  WR_F_SIGNALED,
} from "../layout";
import { Cqe, cqPush } from "./cq";
import { Endpoint, tally } from "./endpoint";
import { Qp } from "./qp";
import { isFetch, recvWqe, sendWqe } from "./wqe";

/** A completion on a queue; 0 when it is full, and the queue pair has gone to ERROR. */
function push(endpoint: usize, qp: usize, cq: usize, wrId: u32, status: u32, opcode: u32, length: u32): usize {
  const entry = cqPush(cq);
  if (entry == 0) {
    tally(endpoint, RDMA_COUNT_CQ_OVERRUNS, 1);
    fail(endpoint, qp);
    return 0;
  }
  const cqe = changetype<Cqe>(entry);
  cqe.wrId = wrId;
  cqe.status = status;
  cqe.opcode = opcode;
  cqe.length = length;
  cqe.imm = 0;
  cqe.qpn = changetype<Qp>(qp).qpn;
  cqe.sourceQpn = 0;
  cqe.flags = 0;
  return entry;
}

/** Completes the oldest request of the send queue. A success that nobody asked to hear of leaves no entry. */
export function completeSend(endpoint: usize, qp: usize, status: u32): void {
  const q = changetype<Qp>(qp);
  const wqe = sendWqe(qp, q.sqDone);
  q.sqDone += 1;
  if (isFetch(wqe.opcode)) q.reads -= 1;
  if (status == WC_SUCCESS && (wqe.flags & WR_F_SIGNALED) == 0) return;
  push(endpoint, qp, q.sendCq as usize, wqe.wrId, status, wqe.opcode, wqe.length);
}

/** Completes the oldest receive; the entry's other fields are the caller's. 0 when there is no entry. */
export function completeReceive(endpoint: usize, qp: usize, status: u32, opcode: u32, length: u32): usize {
  const q = changetype<Qp>(qp);
  const wrId = recvWqe(qp, q.rqDone).wrId;
  q.rqDone += 1;
  return push(endpoint, qp, q.recvCq as usize, wrId, status, opcode, length);
}

/** The oldest request failed: it completes with the status, and the queue pair goes to ERROR. */
export function failSend(endpoint: usize, qp: usize, status: u32): void {
  const q = changetype<Qp>(qp);
  if (q.sqDone != q.sqPosted) completeSend(endpoint, qp, status);
  fail(endpoint, qp);
}

/** To ERROR, once. A reply that is due still goes out: the peer has to learn why. */
export function fail(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  if (q.state == QP_ERROR) return;
  q.state = QP_ERROR;
  q.flags &= QP_F_ACTIVE | QP_F_TOUCHED | QP_F_TIMED;
  q.inbound = INBOUND_NONE;
  q.answersTail = q.answersHead;
  ringEnqueue(changetype<Endpoint>(endpoint).events as usize, q.qpn);
  tally(endpoint, RDMA_COUNT_ERRORS, 1);
  flush(endpoint, qp);
}

/** Completes all that is posted as flushed. */
export function flush(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  let flushed: u32 = 0;
  for (; q.sqDone != q.sqPosted; flushed++) completeSend(endpoint, qp, WC_WR_FLUSH_ERR);
  q.sqSent = q.sqPosted;
  q.sqPackets = 0;
  for (; q.rqDone != q.rqPosted; flushed++) completeReceive(endpoint, qp, WC_WR_FLUSH_ERR, WC_RECV, 0);
  tally(endpoint, RDMA_COUNT_FLUSHED, flushed);
}
