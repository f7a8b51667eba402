// What a responder sends: responses of READs and atomics in the order of their requests, then one acknowledgement or NAK for all that
// came (IBTA volume 1, 9.7.5). An acknowledgement must not overtake a response, since it would say that the response was sent.
import { store32be } from "../be";
import { Copy } from "../copy";
import {
  ACCESS_REMOTE_READ,
  RDMA_COUNT_ACKS_SENT,
  RDMA_COUNT_NAKS_SENT,
  RDMA_COUNT_RNR_SENT,
  REPLY_DUE,
} from "../layout";
import {
  AETH_BYTES,
  ATOMIC_ACK_BYTES,
  NAK_REMOTE_ACCESS,
  OP_ACKNOWLEDGE,
  OP_ATOMIC_ACKNOWLEDGE,
  OP_READ_FIRST,
  OP_READ_LAST,
  OP_READ_MIDDLE,
  OP_READ_ONLY,
  SYNDROME_ACK,
  SYNDROME_NAK,
  SYNDROME_RNR,
  store64be,
} from "../wire/rc";
import { Answer, answerAt } from "./answer";
import { tally, touch } from "./endpoint";
import { fail } from "./fail";
import { begin, finish, writeBth } from "./packet";
import { psnAdd } from "./psn";
import { Qp } from "./qp";
import { locate } from "./region";

/** A reply with this syndrome is due at the end of the burst, in place of any other. */
export function due(endpoint: usize, qp: usize, syndrome: u32): void {
  changetype<Qp>(qp).reply = REPLY_DUE | syndrome;
  touch(endpoint, qp);
}

/** Sends what the responder owes; false when some of it must wait. */
export function sendDue(endpoint: usize, qp: usize): bool {
  const q = changetype<Qp>(qp);
  while (q.answersTail != q.answersHead) {
    const answer = answerAt(qp, q.answersTail);
    while (answer.sent < answer.packets) {
      if (answer.key == 0 ? !sendAtomic(endpoint, qp, answer) : !sendRead(endpoint, qp, answer)) return false;
      // The key was withdrawn: nothing else is owed but the NAK.
      if (q.answersTail == q.answersHead) break;
    }
    if (q.answersTail != q.answersHead) q.answersTail += 1;
  }
  return q.reply == 0 || sendReply(endpoint, qp);
}

/** The next packet of a READ's response; what the key does not open any more ends the connection. */
function sendRead(endpoint: usize, qp: usize, answer: Answer): bool {
  const q = changetype<Qp>(qp);
  const sent = answer.sent;
  const off = sent * q.mtu;
  const len = min(q.mtu, answer.length - off);
  const psn = psnAdd(answer.psn, sent);
  let from: usize = 0;
  if (len != 0) {
    from = locate(endpoint, answer.key, q.pd, answer.va + (off as u64), len, ACCESS_REMOTE_READ);
    if (from == 0) {
      q.expectedPsn = psn;
      q.reply = REPLY_DUE | NAK_REMOTE_ACCESS;
      fail(endpoint, qp);
      return true;
    }
  }
  const isLast = sent + 1 == answer.packets;
  let op = isLast ? OP_READ_LAST : OP_READ_MIDDLE;
  if (sent == 0) op = isLast ? OP_READ_ONLY : OP_READ_FIRST;
  const headerBytes = op == OP_READ_MIDDLE ? 0 : AETH_BYTES;
  const m = begin(endpoint, headerBytes, len);
  if (m == 0) return false;
  let at = writeBth(m, op, 0, len, q.destQpn, psn);
  if (headerBytes != 0) at = writeAeth(at, SYNDROME_ACK, answer.msn);
  Copy.bytes(at, from, len);
  finish(endpoint, q.path as usize, m, at + len);
  answer.sent = sent + 1;
  return true;
}

function sendAtomic(endpoint: usize, qp: usize, answer: Answer): bool {
  const q = changetype<Qp>(qp);
  const m = begin(endpoint, AETH_BYTES + ATOMIC_ACK_BYTES, 0);
  if (m == 0) return false;
  const at = writeAeth(writeBth(m, OP_ATOMIC_ACKNOWLEDGE, 0, 0, q.destQpn, answer.psn), SYNDROME_ACK, answer.msn);
  store64be(at, answer.original);
  finish(endpoint, q.path as usize, m, at + ATOMIC_ACK_BYTES);
  answer.sent = 1;
  return true;
}

/** An acknowledgement names the last PSN that came, a NAK the one that is expected. */
function sendReply(endpoint: usize, qp: usize): bool {
  const q = changetype<Qp>(qp);
  const m = begin(endpoint, AETH_BYTES, 0);
  if (m == 0) return false;
  const syndrome = q.reply & 0xff;
  const psn = syndrome == SYNDROME_ACK ? psnAdd(q.expectedPsn, 0xffffff) : q.expectedPsn;
  const at = writeAeth(writeBth(m, OP_ACKNOWLEDGE, 0, 0, q.destQpn, psn), syndrome, q.msn);
  finish(endpoint, q.path as usize, m, at);
  q.reply = 0;
  let counter: u32 = RDMA_COUNT_ACKS_SENT;
  if ((syndrome & SYNDROME_NAK) == SYNDROME_NAK) counter = (RDMA_COUNT_NAKS_SENT as u32) + (syndrome & 7);
  else if ((syndrome & SYNDROME_NAK) == SYNDROME_RNR) counter = RDMA_COUNT_RNR_SENT;
  tally(endpoint, counter, 1);
  return true;
}

function writeAeth(at: usize, syndrome: u32, msn: u32): usize {
  store32be(at, (syndrome << 24) | msn);
  return at + AETH_BYTES;
}
