// Going back: after a NAK, a timeout or a lost response the requester goes on from the oldest PSN without an answer (IBTA volume 1,
// 9.7.5.2 and 9.7.6). Each time costs a retry, and any progress gives them all back.
import { QP_F_ASKED_AGAIN, QP_F_DEADLINE, RDMA_COUNT_LOST_RESPONSES, WC_RETRY_EXC_ERR } from "../layout";
import { activate, Endpoint, tally, time } from "./endpoint";
import { failSend } from "./fail";
import { psnDiff } from "./psn";
import { Qp } from "./qp";
import { isFetch, sendWqe } from "./wqe";

/** A timeout doubles with each that follows, so often at most. */
const BACKOFF_MAX: u32 = 6;

/** Starts the clock for what is without an answer; 0 is no clock. */
export function arm(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  if (q.timeoutUs == 0) return;
  q.deadlineUs = changetype<Endpoint>(endpoint).nowUs + (q.timeoutUs << q.backoff);
  q.flags |= QP_F_DEADLINE;
  time(endpoint, qp);
}

/** PSNs were answered: retries are as at first, and the clock starts anew if there are others. */
export function progress(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  q.retries = q.retriesMax;
  q.rnrRetries = q.rnrRetriesMax;
  q.backoff = 0;
  q.flags &= ~(QP_F_ASKED_AGAIN | QP_F_DEADLINE);
  // An answer to what is about to go out again: it need not.
  if (psnDiff(q.ackedPsn, q.nextPsn) > 0) goTo(qp, q.ackedPsn);
  if (q.nextPsn != q.ackedPsn) arm(endpoint, qp);
  if (q.sqSent != q.sqPosted) activate(endpoint, qp);
}

/** Goes on from the oldest PSN without an answer, at the cost of a retry; without one left the request fails. */
export function goBack(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  if (q.retries == 0) {
    failSend(endpoint, qp, WC_RETRY_EXC_ERR);
    return;
  }
  q.retries -= 1;
  goTo(qp, q.ackedPsn);
  q.flags &= ~QP_F_DEADLINE;
  activate(endpoint, qp);
}

/** A response was answered past: it is lost. The packets behind it say so again, and are not heard. */
export function askAgain(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  if ((q.flags & QP_F_ASKED_AGAIN) != 0) return;
  tally(endpoint, RDMA_COUNT_LOST_RESPONSES, 1);
  goBack(endpoint, qp);
  q.flags |= QP_F_ASKED_AGAIN;
}

export function backOff(qp: usize): void {
  const q = changetype<Qp>(qp);
  q.backoff = min(q.backoff + 1, BACKOFF_MAX);
}

/** The next packet is that of a PSN from acked to fresh. Counts the READs and atomics that are open before it. */
export function goTo(qp: usize, psn: u32): void {
  const q = changetype<Qp>(qp);
  let cursor = q.sqDone;
  let reads: u32 = 0;
  let packets: u32 = 0;
  for (; cursor != q.sqPosted; cursor++) {
    const wqe = sendWqe(qp, cursor);
    // Never sent: it has no PSNs yet.
    if (wqe.packets == 0) break;
    const into = psnDiff(psn, wqe.firstPsn);
    const isInside = into < (wqe.packets as i32);
    if (isInside) packets = into as u32;
    if (isFetch(wqe.opcode) && !(isInside && into == 0)) reads++;
    if (isInside) break;
  }
  q.sqSent = cursor;
  q.sqPackets = packets;
  q.reads = reads;
  q.nextPsn = psn;
}
