// What the host does to a queue pair once it has written the records: new work requests, a state that lets it send, the end.
import { QP_ERROR, SEND_WQE_PACKETS } from "../layout";
import { activate } from "./endpoint";
import { fail, flush } from "./fail";
import { isRequesting, Qp } from "./qp";
import { sendWqe } from "./wqe";

/** n requests stand behind the posted ones of the send queue. In ERROR they come back at once. */
export function rdmaPostSend(endpoint: usize, qp: usize, n: u32): void {
  const q = changetype<Qp>(qp);
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(changetype<usize>(sendWqe(qp, q.sqPosted)), 0, SEND_WQE_PACKETS);
    q.sqPosted += 1;
  }
  rdmaResume(endpoint, qp);
}

/** n receives stand behind the posted ones of the receive queue. */
export function rdmaPostReceive(endpoint: usize, qp: usize, n: u32): void {
  const q = changetype<Qp>(qp);
  q.rqPosted += n;
  if (q.state == QP_ERROR) flush(endpoint, qp);
}

/** The queue pair's state has changed: it sends what it may. */
export function rdmaResume(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  if (q.state == QP_ERROR) flush(endpoint, qp);
  else if (isRequesting(q) && q.sqSent != q.sqPosted) activate(endpoint, qp);
}

/** To ERROR: all that is posted comes back as flushed. */
export function rdmaFail(endpoint: usize, qp: usize): void {
  fail(endpoint, qp);
}
