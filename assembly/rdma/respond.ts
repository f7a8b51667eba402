// The responder of a reliable connection: is a request the one that is expected, one that was here before, or too early (IBTA volume 1,
// 9.7.1 and 9.7.4)? Only what is expected, sound and permitted changes anything. A request that breaks the rules gets a NAK, and the
// queue pair goes to ERROR (9.9.3, class C).
import {
  ACCESS_REMOTE_READ,
  QP_F_NAK_SENT,
  RDMA_COUNT_DUPLICATES,
  RDMA_COUNT_OUT_OF_SEQUENCE,
  REPLY_DUE,
} from "../layout";
import { BTH_BYTES, BTH_PSN } from "../wire/ib";
import {
  NAK_INVALID_REQUEST,
  NAK_SEQUENCE,
  OP_READ_REQUEST,
  opIsAtomic,
  opIsKnown,
  opIsSend,
  opIsWrite,
  rethKey,
  rethLength,
  rethVa,
  SYNDROME_ACK,
  SYNDROME_NAK,
  SYNDROME_RNR,
} from "../wire/rc";
import { acceptSend, acceptWrite } from "./accept";
import { Answer, Atomic, pushAnswer, recallAtomic } from "./answer";
import { tally, touch } from "./endpoint";
import { fail } from "./fail";
import { acceptAtomic, acceptRead, packetsOf } from "./fetch";
import { psnAdd, psnDiff } from "./psn";
import { Qp } from "./qp";
import { locate } from "./region";
import { due } from "./reply";

/** A request of len bytes of payload, in a packet whose BTH and other headers are there. */
export function respond(endpoint: usize, qp: usize, op: u32, psn: u32, bth: usize, payload: usize, len: u32): void {
  const q = changetype<Qp>(qp);
  const ahead = psnDiff(psn, q.expectedPsn);
  if (ahead < 0) {
    tally(endpoint, RDMA_COUNT_DUPLICATES, 1);
    repeat(endpoint, qp, op, psn, bth);
    return;
  }
  if (ahead > 0) {
    tally(endpoint, RDMA_COUNT_OUT_OF_SEQUENCE, 1);
    // One NAK for each gap (9.7.5.2.1).
    if ((q.flags & QP_F_NAK_SENT) != 0) return;
    q.flags |= QP_F_NAK_SENT;
    due(endpoint, qp, NAK_SEQUENCE);
    return;
  }
  // The gap is closed, and a NAK that has not gone out yet says by now no more than an acknowledgement.
  q.flags &= ~QP_F_NAK_SENT;
  if (q.reply != 0) q.reply = REPLY_DUE | SYNDROME_ACK;
  const syndrome = execute(endpoint, qp, op, bth, payload, len);
  if (syndrome == SYNDROME_ACK) {
    const isAsked = (load<u8>(bth, BTH_PSN) & 0x80) != 0;
    if (isAsked && op < OP_READ_REQUEST) due(endpoint, qp, SYNDROME_ACK);
    return;
  }
  due(endpoint, qp, syndrome);
  // Until it comes again, what follows it is too early.
  if ((syndrome & SYNDROME_NAK) == SYNDROME_RNR) q.flags |= QP_F_NAK_SENT;
  else fail(endpoint, qp);
}

/** Executes the expected request; SYNDROME_ACK when all is well, otherwise the NAK, and nothing has moved. */
function execute(endpoint: usize, qp: usize, op: u32, bth: usize, payload: usize, len: u32): u32 {
  if (opIsSend(op)) return acceptSend(endpoint, qp, op, bth, payload, len);
  if (opIsWrite(op)) return acceptWrite(endpoint, qp, op, bth, payload, len);
  if (op == OP_READ_REQUEST) return acceptRead(endpoint, qp, bth, len);
  if (opIsKnown(op) && opIsAtomic(op)) return acceptAtomic(endpoint, qp, op, bth, len);
  return NAK_INVALID_REQUEST;
}

/** A request that was executed before: its answer was lost, or it was late (9.7.1.3, 9.7.4.3.1). What cannot be answered again is dropped. */
function repeat(endpoint: usize, qp: usize, op: u32, psn: u32, bth: usize): void {
  const q = changetype<Qp>(qp);
  if (op < OP_READ_REQUEST) {
    if (q.reply == 0) due(endpoint, qp, SYNDROME_ACK);
    return;
  }
  const eth = bth + BTH_BYTES;
  if (op == OP_READ_REQUEST) {
    // Again from memory, as the standard says, if the request is part of one that was here.
    const length = rethLength(eth);
    const packets = packetsOf(length, q.mtu);
    if (psnDiff(psnAdd(psn, packets), q.expectedPsn) > 0 || (q.access & ACCESS_REMOTE_READ) == 0) return;
    if (length != 0 && locate(endpoint, rethKey(eth), q.pd, rethVa(eth), length, ACCESS_REMOTE_READ) == 0) return;
    owe(endpoint, qp, psn, length == 0 ? 1 : rethKey(eth), rethVa(eth), length, packets, 0);
    return;
  }
  if (!opIsKnown(op) || !opIsAtomic(op)) return;
  const atomic = recallAtomic(qp, psn);
  if (atomic != 0) owe(endpoint, qp, psn, 0, 0, 0, 1, changetype<Atomic>(atomic).original);
}

function owe(endpoint: usize, qp: usize, psn: u32, key: u32, va: u64, length: u32, packets: u32, original: u64): void {
  const answer = pushAnswer(qp);
  if (answer == 0) return;
  const a = changetype<Answer>(answer);
  a.key = key;
  a.va = va;
  a.length = length;
  a.psn = psn;
  a.packets = packets;
  a.original = original;
  touch(endpoint, qp);
}
