// Time: what waits for an answer too long is sent again, and who was told to wait asks again (IBTA volume 1, 9.7.6.1.3 and 9.7.5.2.8).
import { ringCount, ringDequeueBurst } from "../dma/ring";
import { QP_F_DEADLINE, QP_F_RNR_WAIT, QP_F_TIMED, RDMA_COUNT_TIMEOUTS } from "../layout";
import { activate, Endpoint, tally, time } from "./endpoint";
import { isRequesting, Qp } from "./qp";
import { backOff, goBack } from "./retry";

/** It is nowUs, in microseconds that wrap at 2^32. Returns how many queue pairs still wait for a time to come. */
export function rdmaTick(endpoint: usize, nowUs: u32): u32 {
  const e = changetype<Endpoint>(endpoint);
  e.nowUs = nowUs;
  const ring = e.timed as usize;
  let waiting: u32 = 0;
  for (let turns = ringCount(ring); turns > 0; turns--) {
    ringDequeueBurst(ring, e.list as usize, 1);
    const qp = load<u32>(e.list as usize) as usize;
    const q = changetype<Qp>(qp);
    // It may have got its answers, or have ended, since it was put in.
    q.flags &= ~QP_F_TIMED;
    if ((q.flags & (QP_F_DEADLINE | QP_F_RNR_WAIT)) == 0 || !isRequesting(q)) continue;
    if ((q.flags & QP_F_RNR_WAIT) != 0) resume(endpoint, qp, nowUs);
    else if (isPast(nowUs, q.deadlineUs)) {
      tally(endpoint, RDMA_COUNT_TIMEOUTS, 1);
      backOff(qp);
      goBack(endpoint, qp);
    }
    if ((q.flags & (QP_F_DEADLINE | QP_F_RNR_WAIT)) != 0) time(endpoint, qp);
    waiting++;
  }
  return waiting;
}

function resume(endpoint: usize, qp: usize, nowUs: u32): void {
  const q = changetype<Qp>(qp);
  if (!isPast(nowUs, q.resumeUs)) return;
  q.flags &= ~QP_F_RNR_WAIT;
  activate(endpoint, qp);
}

function isPast(nowUs: u32, dueUs: u32): bool {
  return ((nowUs - dueUs) as i32) >= 0;
}
