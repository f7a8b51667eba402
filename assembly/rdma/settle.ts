// What comes back to the requester: acknowledgements and NAKs, READ responses, atomics' results (IBTA volume 1, 9.7.5 and 9.7.6). Any of
// them answers for all PSNs before its own, but for READs and atomics, whose answer is their data.
import { Copy } from "../copy";
import {
  ACCESS_LOCAL_WRITE,
  QP_ERROR,
  QP_F_DEADLINE,
  QP_F_RNR_WAIT,
  RDMA_COUNT_ACKS_RECEIVED,
  RDMA_COUNT_NAKS_RECEIVED,
  RDMA_COUNT_RNR_RECEIVED,
  RDMA_COUNT_STALE_RESPONSES,
  WC_BAD_RESP_ERR,
  WC_LOC_PROT_ERR,
  WC_REM_ACCESS_ERR,
  WC_REM_INV_REQ_ERR,
  WC_REM_OP_ERR,
  WC_RNR_RETRY_EXC_ERR,
  WC_SUCCESS,
  WR_RDMA_READ,
} from "../layout";
import { BTH_BYTES } from "../wire/ib";
import {
  AETH_BYTES,
  aethSyndrome,
  load64be,
  NAK_INVALID_REQUEST,
  NAK_REMOTE_ACCESS,
  NAK_SEQUENCE,
  OP_ACKNOWLEDGE,
  OP_ATOMIC_ACKNOWLEDGE,
  OP_READ_LAST,
  OP_READ_ONLY,
} from "../wire/rc";
import { Endpoint, tally, time } from "./endpoint";
import { completeSend, failSend } from "./fail";
import { psnAdd, psnDiff, psnSpan } from "./psn";
import { Qp } from "./qp";
import { covers } from "./region";
import { askAgain, goBack, goTo, progress } from "./retry";
import { isFetch, SendWqe, sendWqe } from "./wqe";

/** Retries of receivers that are not ready: this many is without end. */
const ENDLESS: u32 = 7;

/** A response, in a packet whose headers are there. One for PSNs that are answered, or never went out, is not heard (9.7.6.1). */
export function settle(endpoint: usize, qp: usize, op: u32, psn: u32, bth: usize, payload: usize, len: u32): void {
  const q = changetype<Qp>(qp);
  if (psnDiff(psn, q.ackedPsn) < 0 || psnDiff(psn, q.freshPsn) >= 0) {
    tally(endpoint, RDMA_COUNT_STALE_RESPONSES, 1);
    return;
  }
  if (op == OP_ACKNOWLEDGE) {
    const syndrome = aethSyndrome(bth + BTH_BYTES);
    const kind = (syndrome >> 5) & 3;
    if (kind == 0) {
      tally(endpoint, RDMA_COUNT_ACKS_RECEIVED, 1);
      if (!advance(endpoint, qp, psnAdd(psn, 1))) askAgain(endpoint, qp);
    } else if (kind != 2 && isNext(endpoint, qp, psn)) {
      if (kind == 1) waitForReceiver(endpoint, qp, syndrome & 31);
      else obeyNak(endpoint, qp, syndrome);
    }
    return;
  }
  if (!isNext(endpoint, qp, psn)) return;
  const wqe = sendWqe(qp, q.sqDone);
  if (op == OP_ATOMIC_ACKNOWLEDGE) takeOriginal(endpoint, qp, wqe, load64be(bth + BTH_BYTES + AETH_BYTES));
  else takeData(endpoint, qp, wqe, op, payload, len);
}

/** True when, with all before it answered, the PSN is the oldest without an answer. */
function isNext(endpoint: usize, qp: usize, psn: u32): bool {
  if (advance(endpoint, qp, psn)) return changetype<Qp>(qp).state != QP_ERROR;
  askAgain(endpoint, qp);
  return false;
}

/** All PSNs before this one are answered; false when one of them must be answered by data, and was not. */
function advance(endpoint: usize, qp: usize, psn: u32): bool {
  const q = changetype<Qp>(qp);
  let isWhole = true;
  const before = q.ackedPsn;
  while (q.ackedPsn != psn && q.state != QP_ERROR) {
    const wqe = sendWqe(qp, q.sqDone);
    if (isFetch(wqe.opcode)) {
      isWhole = false;
      break;
    }
    const end = psnAdd(wqe.firstPsn, wqe.packets);
    if (psnDiff(psn, end) < 0) {
      q.ackedPsn = psn;
    } else {
      q.ackedPsn = end;
      completeSend(endpoint, qp, WC_SUCCESS);
    }
  }
  if (q.ackedPsn != before && q.state != QP_ERROR) progress(endpoint, qp);
  return isWhole;
}

/** Asks again when the receiver may be ready. */
function waitForReceiver(endpoint: usize, qp: usize, code: u32): void {
  const q = changetype<Qp>(qp);
  tally(endpoint, RDMA_COUNT_RNR_RECEIVED, 1);
  if (q.rnrRetriesMax != ENDLESS) {
    if (q.rnrRetries == 0) {
      failSend(endpoint, qp, WC_RNR_RETRY_EXC_ERR);
      return;
    }
    q.rnrRetries -= 1;
  }
  goTo(qp, q.ackedPsn);
  q.flags = (q.flags & ~QP_F_DEADLINE) | QP_F_RNR_WAIT;
  q.resumeUs = changetype<Endpoint>(endpoint).nowUs + rnrUs(code);
  time(endpoint, qp);
}

/** Table 45: from 10 us, by halves of powers of two; code 0 is the longest. */
function rnrUs(code: u32): u32 {
  if (code == 0) return 655360;
  if (code == 1) return 10;
  return (code & 1) == 0 ? 20 << ((code >> 1) - 1) : 30 << ((code - 3) >> 1);
}

function obeyNak(endpoint: usize, qp: usize, syndrome: u32): void {
  tally(endpoint, (RDMA_COUNT_NAKS_RECEIVED as u32) + min<u32>(syndrome & 31, 4), 1);
  if (syndrome == NAK_SEQUENCE) goBack(endpoint, qp);
  else if (syndrome == NAK_INVALID_REQUEST) failSend(endpoint, qp, WC_REM_INV_REQ_ERR);
  else failSend(endpoint, qp, syndrome == NAK_REMOTE_ACCESS ? WC_REM_ACCESS_ERR : WC_REM_OP_ERR);
}

/** The next bytes of a READ. Their number is known beforehand, so a response can neither be short nor write elsewhere. */
function takeData(endpoint: usize, qp: usize, wqe: SendWqe, op: u32, payload: usize, len: u32): void {
  const q = changetype<Qp>(qp);
  const index = psnSpan(q.ackedPsn, wqe.firstPsn);
  const off = index * q.mtu;
  const isLast = op == OP_READ_LAST || op == OP_READ_ONLY;
  if (wqe.opcode != WR_RDMA_READ || len != min(q.mtu, wqe.length - off) || isLast != (index + 1 == wqe.packets)) {
    failSend(endpoint, qp, WC_BAD_RESP_ERR);
    return;
  }
  const to = wqe.address + off;
  if (!covers(endpoint, wqe.lkey, q.pd, to, len, ACCESS_LOCAL_WRITE)) {
    failSend(endpoint, qp, WC_LOC_PROT_ERR);
    return;
  }
  Copy.bytes(to as usize, payload, len);
  answered(endpoint, qp, isLast);
}

/** What stood where an atomic was executed. */
function takeOriginal(endpoint: usize, qp: usize, wqe: SendWqe, original: u64): void {
  if (!isFetch(wqe.opcode) || wqe.opcode == WR_RDMA_READ) {
    failSend(endpoint, qp, WC_BAD_RESP_ERR);
    return;
  }
  if (!covers(endpoint, wqe.lkey, changetype<Qp>(qp).pd, wqe.address, 8, ACCESS_LOCAL_WRITE)) {
    failSend(endpoint, qp, WC_LOC_PROT_ERR);
    return;
  }
  store<u64>(wqe.address as usize, original);
  answered(endpoint, qp, true);
}

function answered(endpoint: usize, qp: usize, isLast: bool): void {
  const q = changetype<Qp>(qp);
  q.ackedPsn = psnAdd(q.ackedPsn, 1);
  if (isLast) completeSend(endpoint, qp, WC_SUCCESS);
  if (q.state != QP_ERROR) progress(endpoint, qp);
}
