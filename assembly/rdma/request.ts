// The requester: work requests become packets, as far as the window, the READs that may be open, and room allow (IBTA volume 1,
// 9.7.3 and 9.7.4.2). Where it goes on after a loss is retry.ts's to say; what comes back is settle.ts's.
import { store32be } from "../be";
import { Copy } from "../copy";
import {
  ACCESS_LOCAL_WRITE,
  QP_F_DEADLINE,
  QP_F_RNR_WAIT,
  QP_SQD,
  QP_UD,
  RDMA_COUNT_SENT_AGAIN,
  WC_LOC_PROT_ERR,
  WR_ATOMIC_CMP_AND_SWP,
  WR_ATOMIC_FETCH_AND_ADD,
  WR_F_FENCE,
  WR_F_SOLICITED,
  WR_RDMA_READ,
  WR_RDMA_WRITE_WITH_IMM,
  WR_SEND_WITH_IMM,
} from "../layout";
import {
  IMM_BYTES,
  OP_COMPARE_SWAP,
  OP_FETCH_ADD,
  OP_READ_REQUEST,
  OP_SEND_FIRST,
  OP_WRITE_FIRST,
  opHasImmediate,
  opHeaderBytes,
  opStarts,
  RETH_BYTES,
  store64be,
} from "../wire/rc";
import { sendDatagram } from "./datagram";
import { tally } from "./endpoint";
import { failSend } from "./fail";
import { packetsOf } from "./fetch";
import { BTH_ACK_REQUEST, BTH_SOLICITED, begin, finish, writeBth } from "./packet";
import { psnAdd, psnDiff, psnSpan } from "./psn";
import { isRequesting, Qp } from "./qp";
import { covers } from "./region";
import { arm } from "./retry";
import { isFetch, SendWqe, sendWqe } from "./wqe";

/** Sends what may go now; false when there is more that only lacks room. */
export function sendRequests(endpoint: usize, qp: usize): bool {
  const q = changetype<Qp>(qp);
  while (isRequesting(q) && q.sqSent != q.sqPosted) {
    const wqe = sendWqe(qp, q.sqSent);
    // Draining: what was begun goes on, what was sent before is sent again, nothing else begins (10.3.1.5).
    if (q.state == QP_SQD && q.sqPackets == 0 && q.nextPsn == q.freshPsn) return true;
    if (q.type == QP_UD) {
      if (!sendDatagram(endpoint, qp, wqe)) return false;
      continue;
    }
    if ((q.flags & QP_F_RNR_WAIT) != 0 || psnSpan(q.nextPsn, q.ackedPsn) >= q.window) return true;
    const fetches = isFetch(wqe.opcode);
    if (q.sqPackets == 0 && q.reads != 0) {
      // What fetches waits for one of the others at the limit, what is fenced for all of them.
      if ((wqe.flags & WR_F_FENCE) != 0 || (fetches && q.reads >= q.readsMax)) return true;
    }
    if (!covers(endpoint, wqe.lkey, q.pd, wqe.address, wqe.length, fetches ? ACCESS_LOCAL_WRITE : 0)) {
      // Its turn to fail comes when all before it is done.
      if (q.sqSent == q.sqDone) failSend(endpoint, qp, WC_LOC_PROT_ERR);
      return true;
    }
    if (!(fetches ? sendFetch(endpoint, qp, wqe) : sendData(endpoint, qp, wqe))) return false;
  }
  return true;
}

/** The next packet of a SEND or WRITE. */
function sendData(endpoint: usize, qp: usize, wqe: SendWqe): bool {
  const q = changetype<Qp>(qp);
  const packets = packetsOf(wqe.length, q.mtu);
  const index = q.sqPackets;
  const isLast = index + 1 == packets;
  const op = operation(wqe.opcode, index == 0, isLast);
  const off = index * q.mtu;
  const len = min(q.mtu, wqe.length - off);
  const m = begin(endpoint, opHeaderBytes(op), len);
  if (m == 0) return false;
  let psn = q.nextPsn;
  // Asked for at the end, and where the window would close without an answer.
  if (isLast || psnSpan(psn, q.ackedPsn) + 1 >= q.window) psn |= BTH_ACK_REQUEST;
  const flags = isLast && (wqe.flags & WR_F_SOLICITED) != 0 ? BTH_SOLICITED : 0;
  let at = writeBth(m, op, flags, len, q.destQpn, psn);
  if (op >= OP_WRITE_FIRST && opStarts(op)) {
    at = writeReth(at, wqe.va, wqe.rkey, wqe.length);
  }
  if (opHasImmediate(op)) {
    store32be(at, wqe.imm);
    at += IMM_BYTES;
  }
  Copy.bytes(at, (wqe.address + off) as usize, len);
  finish(endpoint, q.path as usize, m, at + len);
  wqe.packets = packets;
  move(endpoint, qp, wqe, 1, packets);
  return true;
}

/** READ and atomics: one packet, which takes the PSNs of its response. A READ whose response broke off asks for the rest only. */
function sendFetch(endpoint: usize, qp: usize, wqe: SendWqe): bool {
  const q = changetype<Qp>(qp);
  const isRead = wqe.opcode == WR_RDMA_READ;
  const packets = isRead ? packetsOf(wqe.length, q.mtu) : 1;
  let op = OP_READ_REQUEST;
  if (wqe.opcode == WR_ATOMIC_CMP_AND_SWP) op = OP_COMPARE_SWAP;
  else if (wqe.opcode == WR_ATOMIC_FETCH_AND_ADD) op = OP_FETCH_ADD;
  const m = begin(endpoint, opHeaderBytes(op), 0);
  if (m == 0) return false;
  const had = q.sqPackets;
  const off = had * q.mtu;
  let at = writeBth(m, op, 0, 0, q.destQpn, q.nextPsn | BTH_ACK_REQUEST);
  at = writeReth(at, wqe.va + (off as u64), wqe.rkey, wqe.length - off);
  if (!isRead) {
    // The RETH's length is where an AtomicETH has its first operand.
    const isSwap = op == OP_COMPARE_SWAP;
    at -= 4;
    store64be(at, isSwap ? wqe.swap : wqe.compareAdd);
    store64be(at + 8, isSwap ? wqe.compareAdd : 0);
    at += 16;
  }
  finish(endpoint, q.path as usize, m, at);
  wqe.packets = packets;
  if (had == 0) q.reads += 1;
  move(endpoint, qp, wqe, packets - had, packets);
  return true;
}

/** A packet that takes so many PSNs of the request's has gone out. */
function move(endpoint: usize, qp: usize, wqe: SendWqe, psns: u32, packets: u32): void {
  const q = changetype<Qp>(qp);
  if (q.sqPackets == 0) wqe.firstPsn = q.nextPsn;
  if (q.nextPsn != q.freshPsn) tally(endpoint, RDMA_COUNT_SENT_AGAIN, 1);
  q.nextPsn = psnAdd(q.nextPsn, psns);
  if (psnDiff(q.nextPsn, q.freshPsn) > 0) q.freshPsn = q.nextPsn;
  q.sqPackets += psns;
  if (q.sqPackets == packets) {
    q.sqSent += 1;
    q.sqPackets = 0;
  }
  if ((q.flags & QP_F_DEADLINE) == 0) arm(endpoint, qp);
}

/** FIRST, MIDDLE, LAST or ONLY of a SEND or WRITE, with its immediate where that goes. */
function operation(opcode: u32, isFirst: bool, isLast: bool): u32 {
  const base = opcode <= (WR_RDMA_WRITE_WITH_IMM as u32) ? OP_WRITE_FIRST : OP_SEND_FIRST;
  if (!isLast) return isFirst ? base : base + 1;
  const imm: u32 = opcode == WR_RDMA_WRITE_WITH_IMM || opcode == WR_SEND_WITH_IMM ? 1 : 0;
  return base + (isFirst ? 4 : 2) + imm;
}

function writeReth(at: usize, va: u64, key: u32, length: u32): usize {
  store64be(at, va);
  store32be(at + 8, key);
  store32be(at + 12, length);
  return at + RETH_BYTES;
}
