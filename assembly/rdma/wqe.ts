// Work requests: what the host posts, on a send queue and on a receive queue (IBTA volume 1, 10.8). Each names one run of bytes, as
// the address in memory and the local key that must cover it when it is used.
//
//   send  │ wrId │ opcode │ flags │ lkey │ address │ length │ imm │ rkey │ va 64 │ firstPsn │ packets │ compareAdd 64 │ swap 64 │
//         │ path │ destQpn │ qkey │                                              datagrams only
//   recv  │ wrId │ lkey │ address │ length │
//
// firstPsn and packets are the data plane's: the PSNs that the request takes, those of a READ's response counted with it.
import {
  RECV_WQE_ADDRESS,
  RECV_WQE_BYTES,
  RECV_WQE_LENGTH,
  RECV_WQE_LKEY,
  RECV_WQE_WR_ID,
  SEND_WQE_ADDRESS,
  SEND_WQE_BYTES,
  SEND_WQE_COMPARE_ADD,
  SEND_WQE_DEST_QPN,
  SEND_WQE_FIRST_PSN,
  SEND_WQE_FLAGS,
  SEND_WQE_IMM,
  SEND_WQE_LENGTH,
  SEND_WQE_LKEY,
  SEND_WQE_OPCODE,
  SEND_WQE_PACKETS,
  SEND_WQE_PATH,
  SEND_WQE_QKEY,
  SEND_WQE_RKEY,
  SEND_WQE_SWAP,
  SEND_WQE_VA,
  SEND_WQE_WR_ID,
  WR_RDMA_READ,
} from "../layout";
import { Qp } from "./qp";

@unmanaged
export class SendWqe {
  wrId: u32;
  opcode: u32;
  flags: u32;
  lkey: u32;
  address: u32;
  length: u32;
  imm: u32;
  rkey: u32;
  va: u64;
  firstPsn: u32;
  packets: u32;
  compareAdd: u64;
  swap: u64;
  path: u32;
  destQpn: u32;
  qkey: u32;
  unused: u32;
}

if (offsetof<SendWqe>() != SEND_WQE_BYTES) ERROR("SendWqe: size");
if (offsetof<SendWqe>("wrId") != SEND_WQE_WR_ID) ERROR("SendWqe: wrId");
if (offsetof<SendWqe>("opcode") != SEND_WQE_OPCODE) ERROR("SendWqe: opcode");
if (offsetof<SendWqe>("flags") != SEND_WQE_FLAGS) ERROR("SendWqe: flags");
if (offsetof<SendWqe>("lkey") != SEND_WQE_LKEY) ERROR("SendWqe: lkey");
if (offsetof<SendWqe>("address") != SEND_WQE_ADDRESS) ERROR("SendWqe: address");
if (offsetof<SendWqe>("length") != SEND_WQE_LENGTH) ERROR("SendWqe: length");
if (offsetof<SendWqe>("imm") != SEND_WQE_IMM) ERROR("SendWqe: imm");
if (offsetof<SendWqe>("rkey") != SEND_WQE_RKEY) ERROR("SendWqe: rkey");
if (offsetof<SendWqe>("va") != SEND_WQE_VA) ERROR("SendWqe: va");
if (offsetof<SendWqe>("firstPsn") != SEND_WQE_FIRST_PSN) ERROR("SendWqe: firstPsn");
if (offsetof<SendWqe>("packets") != SEND_WQE_PACKETS) ERROR("SendWqe: packets");
if (offsetof<SendWqe>("compareAdd") != SEND_WQE_COMPARE_ADD) ERROR("SendWqe: compareAdd");
if (offsetof<SendWqe>("swap") != SEND_WQE_SWAP) ERROR("SendWqe: swap");
if (offsetof<SendWqe>("path") != SEND_WQE_PATH) ERROR("SendWqe: path");
if (offsetof<SendWqe>("destQpn") != SEND_WQE_DEST_QPN) ERROR("SendWqe: destQpn");
if (offsetof<SendWqe>("qkey") != SEND_WQE_QKEY) ERROR("SendWqe: qkey");

@unmanaged
export class RecvWqe {
  wrId: u32;
  lkey: u32;
  address: u32;
  length: u32;
}

if (offsetof<RecvWqe>() != RECV_WQE_BYTES) ERROR("RecvWqe: size");
if (offsetof<RecvWqe>("wrId") != RECV_WQE_WR_ID) ERROR("RecvWqe: wrId");
if (offsetof<RecvWqe>("lkey") != RECV_WQE_LKEY) ERROR("RecvWqe: lkey");
if (offsetof<RecvWqe>("address") != RECV_WQE_ADDRESS) ERROR("RecvWqe: address");
if (offsetof<RecvWqe>("length") != RECV_WQE_LENGTH) ERROR("RecvWqe: length");

export function sendWqe(qp: usize, cursor: u32): SendWqe {
  const q = changetype<Qp>(qp);
  return changetype<SendWqe>((q.sq as usize) + ((cursor & q.sqMask) as usize) * SEND_WQE_BYTES);
}

export function recvWqe(qp: usize, cursor: u32): RecvWqe {
  const q = changetype<Qp>(qp);
  return changetype<RecvWqe>((q.rq as usize) + ((cursor & q.rqMask) as usize) * RECV_WQE_BYTES);
}

/** READs and atomics: the response carries what was asked for. */
export function isFetch(opcode: u32): bool {
  return opcode >= (WR_RDMA_READ as u32);
}
