// Transfers in: receives over the slots of a region, their completions taken in bursts, and aggregates taken apart where they lie. What was
// taken is the host's until it takes the next: then the receives are posted again.
//
//   receiver  │ qp │ cq │ lkey │ slots │ strideBytes │ slotBytes │ slotMask │ messages │ messagesMax │ taken │ released │
//             │ count │ length │ imm │ data │ fault │ status │ transfers │ unused │
//
// taken and released count transfers, modulo 2^32. Receives complete in the order in which they were posted (IBTA volume 1, 9.5), so the
// next one's slot is taken & slotMask. A new receiver has released no slot yet.
import {
  MESSAGE_BYTES,
  QP_ERROR,
  QP_RESET,
  RECEIVER_BYTES,
  RECEIVER_COUNT,
  RECEIVER_CQ,
  RECEIVER_DATA,
  RECEIVER_FAULT,
  RECEIVER_IMM,
  RECEIVER_LENGTH,
  RECEIVER_LKEY,
  RECEIVER_MESSAGES,
  RECEIVER_MESSAGES_MAX,
  RECEIVER_QP,
  RECEIVER_RELEASED,
  RECEIVER_SLOT_BYTES,
  RECEIVER_SLOT_MASK,
  RECEIVER_SLOTS,
  RECEIVER_STATUS,
  RECEIVER_STRIDE_BYTES,
  RECEIVER_TAKEN,
  RECEIVER_TRANSFERS,
  TAKEN_AGGREGATE,
  TAKEN_BAD,
  TAKEN_NOTHING,
  TAKEN_WHOLE,
  WC_F_WITH_IMM,
  WC_RECV,
} from "../layout";
import { streamUnpackBurst } from "../path/stream-unpack";
import { Cq, Cqe, cqSuccess } from "./cq";
import { Qp } from "./qp";
import { recvWqe } from "./wqe";

@unmanaged
export class Receiver {
  qp: u32;
  cq: u32;
  lkey: u32;
  slots: u32;
  strideBytes: u32;
  slotBytes: u32;
  slotMask: u32;
  messages: u32;
  messagesMax: u32;
  taken: u32;
  released: u32;
  /** Of what was taken last: its messages, or its bytes and immediate, or its fault. */
  count: u32;
  length: u32;
  imm: u32;
  data: u32;
  fault: u32;
  /** Of the first completion that was no success. */
  status: u32;
  transfers: u32;
  unused0: u64;
  unused1: v128;
}

if (offsetof<Receiver>() != RECEIVER_BYTES) ERROR("Receiver: size");
if (offsetof<Receiver>("qp") != RECEIVER_QP) ERROR("Receiver: qp");
if (offsetof<Receiver>("cq") != RECEIVER_CQ) ERROR("Receiver: cq");
if (offsetof<Receiver>("lkey") != RECEIVER_LKEY) ERROR("Receiver: lkey");
if (offsetof<Receiver>("slots") != RECEIVER_SLOTS) ERROR("Receiver: slots");
if (offsetof<Receiver>("strideBytes") != RECEIVER_STRIDE_BYTES) ERROR("Receiver: strideBytes");
if (offsetof<Receiver>("slotBytes") != RECEIVER_SLOT_BYTES) ERROR("Receiver: slotBytes");
if (offsetof<Receiver>("slotMask") != RECEIVER_SLOT_MASK) ERROR("Receiver: slotMask");
if (offsetof<Receiver>("messages") != RECEIVER_MESSAGES) ERROR("Receiver: messages");
if (offsetof<Receiver>("messagesMax") != RECEIVER_MESSAGES_MAX) ERROR("Receiver: messagesMax");
if (offsetof<Receiver>("taken") != RECEIVER_TAKEN) ERROR("Receiver: taken");
if (offsetof<Receiver>("released") != RECEIVER_RELEASED) ERROR("Receiver: released");
if (offsetof<Receiver>("count") != RECEIVER_COUNT) ERROR("Receiver: count");
if (offsetof<Receiver>("length") != RECEIVER_LENGTH) ERROR("Receiver: length");
if (offsetof<Receiver>("imm") != RECEIVER_IMM) ERROR("Receiver: imm");
if (offsetof<Receiver>("data") != RECEIVER_DATA) ERROR("Receiver: data");
if (offsetof<Receiver>("fault") != RECEIVER_FAULT) ERROR("Receiver: fault");
if (offsetof<Receiver>("status") != RECEIVER_STATUS) ERROR("Receiver: status");
if (offsetof<Receiver>("transfers") != RECEIVER_TRANSFERS) ERROR("Receiver: transfers");

/** Posts the receives of all that was taken again; none on a queue pair that has ended. */
export function receiverRelease(receiver: usize): void {
  const r = changetype<Receiver>(receiver);
  const qp = r.qp as usize;
  const q = changetype<Qp>(qp);
  if (q.state == QP_ERROR || q.state == QP_RESET) return;
  for (; r.released != r.taken; r.released++) {
    const wqe = recvWqe(qp, q.rqPosted);
    wqe.wrId = r.released;
    wqe.lkey = r.lkey;
    wqe.address = slotAt(r, r.released);
    wqe.length = r.slotBytes;
    q.rqPosted += 1;
  }
}

/** Releases what was taken before, then takes the oldest transfer that has come, and says what it is (TAKEN_): count, or data, length and imm, or fault. */
export function receiverNext(receiver: usize): u32 {
  receiverRelease(receiver);
  const r = changetype<Receiver>(receiver);
  r.count = 0;
  r.transfers = 0;
  const entry = front(r);
  if (entry == 0) return TAKEN_NOTHING;
  const cqe = changetype<Cqe>(entry);
  const data = slotAt(r, r.taken);
  take(r);
  if ((cqe.flags & WC_F_WITH_IMM) != 0) {
    r.data = data;
    // Of a WRITE nothing is in the slot.
    r.length = cqe.opcode == WC_RECV ? cqe.length : 0;
    r.imm = cqe.imm;
    return TAKEN_WHOLE;
  }
  const count = streamUnpackBurst(data as usize, cqe.length, r.messages as usize, r.messagesMax);
  if (count < 0) {
    r.fault = -count as u32;
    return TAKEN_BAD;
  }
  r.count = count as u32;
  return TAKEN_AGGREGATE;
}

/**
 * Releases what was taken before, then takes aggregates, as many as are there and the records suffice for; what is none, or is not sound, is
 * left to receiverNext. Returns the messages, whose records stand one behind another.
 */
export function receiverBurst(receiver: usize): u32 {
  receiverRelease(receiver);
  const r = changetype<Receiver>(receiver);
  let messages: u32 = 0;
  r.transfers = 0;
  for (let entry = front(r); entry != 0; entry = front(r)) {
    const cqe = changetype<Cqe>(entry);
    if ((cqe.flags & WC_F_WITH_IMM) != 0) break;
    const out = (r.messages as usize) + (messages as usize) * MESSAGE_BYTES;
    const count = streamUnpackBurst(slotAt(r, r.taken) as usize, cqe.length, out, r.messagesMax - messages);
    if (count < 0) break;
    messages += count as u32;
    take(r);
  }
  r.count = messages;
  return messages;
}

/** The oldest completion that is a transfer; 0 when there is none. Those that say why there are no more are taken on the way. */
function front(r: Receiver): usize {
  const status = changetype<usize>(r) + RECEIVER_STATUS;
  const entry = cqSuccess(changetype<Cq>(r.cq as usize), changetype<Qp>(r.qp as usize).qpn, status);
  if (!ASC_NO_ASSERT && entry != 0) {
    assert(((changetype<Cqe>(entry).wrId ^ r.taken) & r.slotMask) == 0, "a receive completed out of its turn");
  }
  return entry;
}

function take(r: Receiver): void {
  changetype<Cq>(r.cq as usize).tail += 1;
  r.taken += 1;
  r.transfers += 1;
}

function slotAt(r: Receiver, number: u32): u32 {
  return r.slots + (number & r.slotMask) * r.strideBytes;
}
