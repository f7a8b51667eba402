// Unreliable datagrams (IBTA volume 1, 9.8.3): one packet each, to whom the work request says, and taken only with the queue key. In
// front of what arrives stands the place of the packet's IP header (annex A17.4.5.1).
import { load32be, store32be } from "../be";
import { Copy } from "../copy";
import {
  ACCESS_LOCAL_WRITE,
  DROP_IB_QKEY,
  DROP_RDMA_LENGTH,
  DROP_RDMA_NO_RECEIVE,
  FLAG_IPV4,
  GRH_BYTES,
  OK,
  WC_F_GRH,
  WC_F_SOLICITED,
  WC_F_WITH_IMM,
  WC_LOC_LEN_ERR,
  WC_LOC_PROT_ERR,
  WC_RECV,
  WC_SUCCESS,
  WR_F_SOLICITED,
  WR_SEND_WITH_IMM,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { BTH_FLAGS, dethQkey, dethSourceQpn, UD_BYTES } from "../wire/ib";
import { IPV4_BYTES } from "../wire/ipv4";
import { IMM_BYTES, OP_UD_SEND, OP_UD_SEND_IMM } from "../wire/rc";
import { Cqe } from "./cq";
import { completeReceive, completeSend, failSend } from "./fail";
import { BTH_SOLICITED, begin, finish, writeBth } from "./packet";
import { psnAdd } from "./psn";
import { Qp } from "./qp";
import { covers } from "./region";
import { recvWqe, SendWqe } from "./wqe";

const DETH_BYTES: u32 = 8;

/** Sends the oldest request, which completes at once; false when there is no room for it now. */
export function sendDatagram(endpoint: usize, qp: usize, wqe: SendWqe): bool {
  const q = changetype<Qp>(qp);
  const len = wqe.length;
  const isCovered = covers(endpoint, wqe.lkey, q.pd, wqe.address, len, 0);
  if (len > q.mtu || !isCovered) {
    failSend(endpoint, qp, isCovered ? WC_LOC_LEN_ERR : WC_LOC_PROT_ERR);
    return true;
  }
  const hasImmediate = wqe.opcode == WR_SEND_WITH_IMM;
  const m = begin(endpoint, DETH_BYTES + (hasImmediate ? IMM_BYTES : 0), len);
  if (m == 0) return false;
  const flags = (wqe.flags & WR_F_SOLICITED) != 0 ? BTH_SOLICITED : 0;
  let at = writeBth(m, hasImmediate ? OP_UD_SEND_IMM : OP_UD_SEND, flags, len, wqe.destQpn, q.nextPsn);
  store32be(at, wqe.qkey);
  store32be(at + 4, q.qpn);
  at += DETH_BYTES;
  if (hasImmediate) {
    store32be(at, wqe.imm);
    at += IMM_BYTES;
  }
  Copy.bytes(at, wqe.address as usize, len);
  finish(endpoint, wqe.path as usize, m, at + len);
  q.nextPsn = psnAdd(q.nextPsn, 1);
  q.freshPsn = q.nextPsn;
  q.ackedPsn = q.nextPsn;
  q.sqSent += 1;
  completeSend(endpoint, qp, WC_SUCCESS);
  return true;
}

/** Takes a datagram of len bytes of payload; or the cause for a drop, and nothing is written. */
export function takeDatagram(endpoint: usize, qp: usize, m: usize, op: u32, bth: usize, payload: usize, len: u32): u32 {
  const q = changetype<Qp>(qp);
  if (dethQkey(bth) != q.qkey) return DROP_IB_QKEY;
  if (q.rqPosted == q.rqDone) return DROP_RDMA_NO_RECEIVE;
  const wqe = recvWqe(qp, q.rqDone);
  const bytes = len + GRH_BYTES;
  if (wqe.length < bytes) return DROP_RDMA_LENGTH;
  if (!covers(endpoint, wqe.lkey, q.pd, wqe.address, bytes, ACCESS_LOCAL_WRITE)) return DROP_RDMA_NO_RECEIVE;
  const to = wqe.address as usize;
  const mbuf = changetype<Mbuf>(m);
  const ip = (mbuf.data + mbuf.l3) as usize;
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    memory.fill(to, 0, GRH_BYTES - IPV4_BYTES);
    memory.copy(to + GRH_BYTES - IPV4_BYTES, ip, IPV4_BYTES);
  } else {
    memory.copy(to, ip, GRH_BYTES);
  }
  Copy.bytes(to + GRH_BYTES, payload, len);
  const entry = completeReceive(endpoint, qp, WC_SUCCESS, WC_RECV, bytes);
  if (entry == 0) return OK;
  const cqe = changetype<Cqe>(entry);
  cqe.flags = WC_F_GRH;
  cqe.sourceQpn = dethSourceQpn(bth);
  if ((load<u8>(bth, BTH_FLAGS) & 0x80) != 0) cqe.flags |= WC_F_SOLICITED;
  if (op == OP_UD_SEND_IMM) {
    cqe.flags |= WC_F_WITH_IMM;
    cqe.imm = load32be(bth + UD_BYTES);
  }
  return OK;
}
