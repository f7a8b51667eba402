// Transfers out: messages packed into the slots of a region, each aggregate one SEND, posted and completed in bursts without a JavaScript
// object. What a slot holds stays as it is until the peer has acknowledged it, so that it can be sent again on another queue pair.
//
//   sender    │ endpoint │ qp │ cq │ lkey │ slots │ strideBytes │ slotMask │ transfers │ aggregate 16 │
//             │ sent 64 │ acked 64 │ messagesSent 64 │ messagesAcked 64 │ status │ unused │
//   transfer  │ length │ messages │ flags │ imm │      one a slot
//
// sent and acked count transfers; transfer number n is in slot n & slotMask, and n is its work request's id. Nobody else posts sends on the
// queue pair, or takes from the completion queue.
import {
  SENDER_ACKED,
  SENDER_AGGREGATE,
  SENDER_BYTES,
  SENDER_CQ,
  SENDER_ENDPOINT,
  SENDER_LKEY,
  SENDER_MESSAGES_ACKED,
  SENDER_MESSAGES_SENT,
  SENDER_QP,
  SENDER_SENT,
  SENDER_SLOT_MASK,
  SENDER_SLOTS,
  SENDER_STATUS,
  SENDER_STRIDE_BYTES,
  SENDER_TRANSFERS,
  TRANSFER_BYTES,
  TRANSFER_F_WHOLE,
  TRANSFER_FLAGS,
  TRANSFER_IMM,
  TRANSFER_LENGTH,
  TRANSFER_MESSAGES,
  WR_F_SIGNALED,
  WR_SEND,
  WR_SEND_WITH_IMM,
} from "../layout";
import { Aggregate, Message } from "../path/stream";
import { streamOpen, streamPackBurst } from "../path/stream-pack";
import { Cq, Cqe, cqSuccess } from "./cq";
import { rdmaResume } from "./post";
import { isRequesting, Qp } from "./qp";
import { sendWqe } from "./wqe";

@unmanaged
export class Sender {
  endpoint: u32;
  qp: u32;
  cq: u32;
  lkey: u32;
  slots: u32;
  strideBytes: u32;
  slotMask: u32;
  transfers: u32;
  aggregate0: u64;
  aggregate1: u64;
  sent: u64;
  acked: u64;
  messagesSent: u64;
  messagesAcked: u64;
  /** Of the first completion that was no success. */
  status: u32;
  unused0: u32;
  unused1: u64;
}

if (offsetof<Sender>() != SENDER_BYTES) ERROR("Sender: size");
if (offsetof<Sender>("endpoint") != SENDER_ENDPOINT) ERROR("Sender: endpoint");
if (offsetof<Sender>("qp") != SENDER_QP) ERROR("Sender: qp");
if (offsetof<Sender>("cq") != SENDER_CQ) ERROR("Sender: cq");
if (offsetof<Sender>("lkey") != SENDER_LKEY) ERROR("Sender: lkey");
if (offsetof<Sender>("slots") != SENDER_SLOTS) ERROR("Sender: slots");
if (offsetof<Sender>("strideBytes") != SENDER_STRIDE_BYTES) ERROR("Sender: strideBytes");
if (offsetof<Sender>("slotMask") != SENDER_SLOT_MASK) ERROR("Sender: slotMask");
if (offsetof<Sender>("transfers") != SENDER_TRANSFERS) ERROR("Sender: transfers");
if (offsetof<Sender>("aggregate0") != SENDER_AGGREGATE) ERROR("Sender: aggregate");
if (offsetof<Sender>("sent") != SENDER_SENT) ERROR("Sender: sent");
if (offsetof<Sender>("acked") != SENDER_ACKED) ERROR("Sender: acked");
if (offsetof<Sender>("messagesSent") != SENDER_MESSAGES_SENT) ERROR("Sender: messagesSent");
if (offsetof<Sender>("messagesAcked") != SENDER_MESSAGES_ACKED) ERROR("Sender: messagesAcked");
if (offsetof<Sender>("status") != SENDER_STATUS) ERROR("Sender: status");

@unmanaged
export class Transfer {
  length: u32;
  messages: u32;
  flags: u32;
  imm: u32;
}

if (offsetof<Transfer>() != TRANSFER_BYTES) ERROR("Transfer: size");
if (offsetof<Transfer>("length") != TRANSFER_LENGTH) ERROR("Transfer: length");
if (offsetof<Transfer>("messages") != TRANSFER_MESSAGES) ERROR("Transfer: messages");
if (offsetof<Transfer>("flags") != TRANSFER_FLAGS) ERROR("Transfer: flags");
if (offsetof<Transfer>("imm") != TRANSFER_IMM) ERROR("Transfer: imm");

/** Transfers that can be posted now: as there are free slots and places in the send queue; none in a state that does not send. */
export function senderRoom(sender: usize): u32 {
  const s = changetype<Sender>(sender);
  const q = changetype<Qp>(s.qp as usize);
  if (!isRequesting(q)) return 0;
  const slots = s.slotMask + 1 - ((s.sent - s.acked) as u32);
  return min(slots, q.sqMask + 1 - (q.sqPosted - q.sqDone));
}

/**
 * Packs n messages (records) into aggregates of at most roomBytes, from the front, and posts each as a SEND; returns how many messages: fewer
 * when the room for transfers ends, or before a message that no aggregate of roomBytes can hold; sender.aggregate.fault says when it has no
 * form.
 */
export function senderPack(sender: usize, messages: usize, n: u32, roomBytes: u32): u32 {
  const s = changetype<Sender>(sender);
  const aggregate = sender + SENDER_AGGREGATE;
  const a = changetype<Aggregate>(aggregate);
  a.fault = 0;
  let packed: u32 = 0;
  for (let room = senderRoom(sender); room > 0 && packed < n; room--) {
    streamOpen(aggregate, slotAt(s, s.sent as u32), roomBytes);
    const some = streamPackBurst(aggregate, messages + (packed as usize) * offsetof<Message>(), n - packed);
    if (some == 0) break;
    packed += some;
    put(s, a.end, some, 0, 0);
  }
  if (packed != 0) rdmaResume(s.endpoint as usize, s.qp as usize);
  return packed;
}

/** Posts what the caller wrote to the next slot, for which there is room: with TRANSFER_F_WHOLE with its immediate. */
export function senderPost(sender: usize, length: u32, messages: u32, flags: u32, imm: u32): void {
  const s = changetype<Sender>(sender);
  if (!ASC_NO_ASSERT) assert(senderRoom(sender) > 0 && length <= s.strideBytes, "a transfer without a slot");
  put(s, length, messages, flags, imm);
  rdmaResume(s.endpoint as usize, s.qp as usize);
}

/** Takes all completions; returns how many transfers they say the peer has. sender.status is the first bad one's. */
export function senderComplete(sender: usize): u32 {
  const s = changetype<Sender>(sender);
  const qpn = changetype<Qp>(s.qp as usize).qpn;
  const cq = changetype<Cq>(s.cq as usize);
  let done: u32 = 0;
  let messages: u64 = 0;
  const status = sender + SENDER_STATUS;
  for (let entry = cqSuccess(cq, qpn, status); entry != 0; entry = cqSuccess(cq, qpn, status)) {
    const wrId = changetype<Cqe>(entry).wrId;
    cq.tail += 1;
    if (!ASC_NO_ASSERT) assert(wrId == (s.acked as u32) + done, "a transfer acknowledged out of its turn");
    messages += transferAt(s, wrId).messages;
    done++;
  }
  s.acked += done as u64;
  s.messagesAcked += messages;
  return done;
}

/** Where the bytes of a transfer lie. */
function slotAt(s: Sender, number: u32): usize {
  return (s.slots as usize) + ((number & s.slotMask) as usize) * s.strideBytes;
}

function transferAt(s: Sender, number: u32): Transfer {
  return changetype<Transfer>((s.transfers as usize) + ((number & s.slotMask) as usize) * TRANSFER_BYTES);
}

/** The next transfer, and the work request for it behind the posted ones. */
function put(s: Sender, length: u32, messages: u32, flags: u32, imm: u32): void {
  const number = s.sent as u32;
  const transfer = transferAt(s, number);
  transfer.length = length;
  transfer.messages = messages;
  transfer.flags = flags;
  transfer.imm = imm;
  const qp = s.qp as usize;
  const q = changetype<Qp>(qp);
  const wqe = sendWqe(qp, q.sqPosted);
  wqe.wrId = number;
  wqe.opcode = (flags & TRANSFER_F_WHOLE) != 0 ? WR_SEND_WITH_IMM : WR_SEND;
  wqe.flags = WR_F_SIGNALED;
  wqe.lkey = s.lkey;
  wqe.address = slotAt(s, number) as u32;
  wqe.length = length;
  wqe.imm = imm;
  wqe.packets = 0;
  q.sqPosted += 1;
  s.sent += 1;
  s.messagesSent += messages as u64;
}
