// Time: what waits for an answer too long is sent again, and who was told to wait asks again (IBTA volume 1, 9.7.6.1.3 and 9.7.5.2.8).
import { QP_F_DEADLINE, QP_F_RNR_WAIT, RDMA_COUNT_TIMEOUTS } from "../layout";
import { activate, Endpoint, tally } from "./endpoint";
import { isRequesting, Qp } from "./qp";
import { backOff, goBack } from "./retry";

/** It is nowUs, in microseconds that wrap at 2^32. Returns how many queue pairs still wait for a time to come. */
export function rdmaTick(endpoint: usize, nowUs: u32): u32 {
  const e = changetype<Endpoint>(endpoint);
  e.nowUs = nowUs;
  let waiting: u32 = 0;
  const end = (e.qps as usize) + (((e.qpMask + 1) as usize) << 2);
  for (let slot = e.qps as usize; slot < end; slot += 4) {
    const qp = load<u32>(slot) as usize;
    if (qp == 0) continue;
    const q = changetype<Qp>(qp);
    if ((q.flags & (QP_F_DEADLINE | QP_F_RNR_WAIT)) == 0 || !isRequesting(q)) continue;
    if ((q.flags & QP_F_RNR_WAIT) != 0) resume(endpoint, qp, nowUs);
    else if (isPast(nowUs, q.deadlineUs)) {
      tally(endpoint, RDMA_COUNT_TIMEOUTS, 1);
      backOff(qp);
      goBack(endpoint, qp);
    }
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
