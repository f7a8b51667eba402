// SEND and WRITE at the responder (IBTA volume 1, 9.4.1, 9.4.3 and 9.7.4.1). Each checks first: is the packet one that may follow the last
// one, has it the length that its place demands, is there a receive, does a key cover every byte? Then the bytes are copied, once.
import { load32be } from "../be";
import { Copy } from "../copy";
import {
  ACCESS_LOCAL_WRITE,
  ACCESS_REMOTE_WRITE,
  INBOUND_NONE,
  INBOUND_SEND,
  INBOUND_WRITE,
  WC_F_SOLICITED,
  WC_F_WITH_IMM,
  WC_LOC_LEN_ERR,
  WC_LOC_PROT_ERR,
  WC_RECV,
  WC_RECV_RDMA_WITH_IMM,
  WC_SUCCESS,
} from "../layout";
import { BTH_BYTES, BTH_FLAGS } from "../wire/ib";
import {
  NAK_INVALID_REQUEST,
  NAK_REMOTE_ACCESS,
  NAK_REMOTE_OPERATION,
  opEnds,
  opHasImmediate,
  opHeaderBytes,
  opStarts,
  rethKey,
  rethLength,
  rethVa,
  SYNDROME_ACK,
  SYNDROME_RNR,
} from "../wire/rc";
import { Cqe } from "./cq";
import { completeReceive } from "./fail";
import { psnAdd } from "./psn";
import { Qp } from "./qp";
import { covers, locate } from "./region";
import { recvWqe } from "./wqe";

export function acceptSend(endpoint: usize, qp: usize, op: u32, bth: usize, payload: usize, len: u32): u32 {
  const q = changetype<Qp>(qp);
  if (!isInPlace(q, op, len, INBOUND_SEND)) return NAK_INVALID_REQUEST;
  if (q.rqPosted == q.rqDone) return SYNDROME_RNR | q.rnrTimer;
  const wqe = recvWqe(qp, q.rqDone);
  const before = opStarts(op) ? 0 : q.inboundBytes;
  if (wqe.length - before < len) {
    completeReceive(endpoint, qp, WC_LOC_LEN_ERR, WC_RECV, 0);
    return NAK_INVALID_REQUEST;
  }
  if (!covers(endpoint, wqe.lkey, q.pd, wqe.address + before, len, ACCESS_LOCAL_WRITE)) {
    completeReceive(endpoint, qp, WC_LOC_PROT_ERR, WC_RECV, 0);
    return NAK_REMOTE_OPERATION;
  }
  Copy.bytes((wqe.address + before) as usize, payload, len);
  q.inboundBytes = before + len;
  step(endpoint, qp, op, bth, INBOUND_SEND);
  return SYNDROME_ACK;
}

export function acceptWrite(endpoint: usize, qp: usize, op: u32, bth: usize, payload: usize, len: u32): u32 {
  const q = changetype<Qp>(qp);
  if (!isInPlace(q, op, len, INBOUND_WRITE)) return NAK_INVALID_REQUEST;
  if ((q.access & ACCESS_REMOTE_WRITE) == 0) return NAK_REMOTE_ACCESS;
  const reth = bth + BTH_BYTES;
  const starts = opStarts(op);
  const va = starts ? rethVa(reth) : q.writeVa;
  const key = starts ? rethKey(reth) : q.writeKey;
  const left = starts ? rethLength(reth) : q.writeLeft;
  // Payload and announced length agree: more is to come exactly when the message goes on.
  if (opEnds(op) ? left != len : left <= len) return NAK_INVALID_REQUEST;
  // The first packet asks for the whole message; the others ask again, for the key may have gone meanwhile. No bytes need no key.
  let to: usize = 0;
  if (left != 0) {
    to = locate(endpoint, key, q.pd, va, left, ACCESS_REMOTE_WRITE);
    if (to == 0) return NAK_REMOTE_ACCESS;
  }
  if (opHasImmediate(op) && q.rqPosted == q.rqDone) return SYNDROME_RNR | q.rnrTimer;
  Copy.bytes(to, payload, len);
  q.inboundBytes = (starts ? 0 : q.inboundBytes) + len;
  q.writeVa = va + (len as u64);
  q.writeKey = key;
  q.writeLeft = left - len;
  step(endpoint, qp, op, bth, INBOUND_WRITE);
  return SYNDROME_ACK;
}

/** May the packet follow the last one, and is its payload as long as its place demands (9.7.4.1.6)? */
function isInPlace(q: Qp, op: u32, len: u32, message: u32): bool {
  if (q.inbound != (opStarts(op) ? (INBOUND_NONE as u32) : message)) return false;
  if (!opEnds(op)) return len == q.mtu;
  return len <= q.mtu && (len != 0 || opStarts(op));
}

/** One PSN on; at a message's end one MSN, and a completion for what has taken a receive. */
function step(endpoint: usize, qp: usize, op: u32, bth: usize, message: u32): void {
  const q = changetype<Qp>(qp);
  q.expectedPsn = psnAdd(q.expectedPsn, 1);
  if (!opEnds(op)) {
    q.inbound = message;
    return;
  }
  q.inbound = INBOUND_NONE;
  q.msn = psnAdd(q.msn, 1);
  const hasImmediate = opHasImmediate(op);
  if (message == INBOUND_WRITE && !hasImmediate) return;
  const opcode = message == INBOUND_WRITE ? WC_RECV_RDMA_WITH_IMM : WC_RECV;
  const entry = completeReceive(endpoint, qp, WC_SUCCESS, opcode, q.inboundBytes);
  if (entry == 0) return;
  const cqe = changetype<Cqe>(entry);
  cqe.sourceQpn = q.destQpn;
  if ((load<u8>(bth, BTH_FLAGS) & 0x80) != 0) cqe.flags |= WC_F_SOLICITED;
  if (!hasImmediate) return;
  cqe.flags |= WC_F_WITH_IMM;
  // The immediate is the last header.
  cqe.imm = load32be(bth + BTH_BYTES + opHeaderBytes(op) - 4);
}
