/** A queue pair as a section says. Cursors of its queues, which nobody sees, begin with 0. */
import * as layout from "../../../../assembly/layout.js";
import type { Address } from "../../verbs/address.js";
import type { CompletionQueue } from "../../verbs/completion.js";
import type { RdmaDevice } from "../../verbs/device.js";
import { writePath } from "../../verbs/path.js";
import type { ProtectionDomain } from "../../verbs/protection-domain.js";
import type { QpImage, ReceiveImage, SendImage } from "./image.js";
import { pathOptions } from "./path.js";
import { type Requester, requesterOf } from "./requester.js";

const NOT_REQUESTING: Requester = { begun: [], sent: 0, sentPackets: 0, reads: 0 };

export function putQp(device: RdmaDevice, image: QpImage, nowUs: number): void {
  const { endpoint } = device;
  const { arena } = endpoint.owner;
  const { memory } = device.createQp({
    qpn: image.qpn,
    type: image.type === layout.QP_UD ? "ud" : "rc",
    pd: device.protectionDomain(image.pd) as ProtectionDomain,
    sendCq: device.completionQueue(image.sendCq) as CompletionQueue,
    recvCq: device.completionQueue(image.recvCq) as CompletionQueue,
  });
  if (image.path) writePath(endpoint, memory.path, pathOptions(image.path));
  const isRequesting = image.state === layout.QP_RTS || image.state === layout.QP_SQD;
  const requester = isRequesting ? requesterOf(image, "") : NOT_REQUESTING;
  for (const [field, value] of words(image, requester, nowUs)) arena.u32[(memory.ptr + field) >> 2] = value;
  arena.u64[(memory.ptr + layout.QP_WRITE_VA) >> 3] = image.writeVa;
  for (const [i, send] of image.sends.entries()) {
    putSend(device, memory.sq + i * layout.SEND_WQE_BYTES, image.type === layout.QP_UD, send, requester.begun[i]);
  }
  for (const [i, receive] of image.receives.entries()) {
    putReceive(device, memory.rq + i * layout.RECV_WQE_BYTES, receive);
  }
  putAnswers(device, memory.answers, image);
  for (const [i, { psn, original }] of image.atomics.entries()) {
    const at = memory.atomics + i * layout.ATOMIC_BYTES;
    arena.u64[(at + layout.ATOMIC_ORIGINAL) >> 3] = original;
    arena.u32[(at + layout.ATOMIC_PSN) >> 2] = psn;
    arena.u32[(at + layout.ATOMIC_VALID) >> 2] = 1;
  }
}

function words(image: QpImage, requester: Requester, nowUs: number): readonly (readonly [number, number])[] {
  const { flags } = image;
  const at = (flag: number, inUs: number) => ((flags & flag) === 0 ? 0 : nowUs + inUs);
  return [
    [layout.QP_STATE, image.state],
    [layout.QP_DEST_QPN, image.destQpn],
    [layout.QP_MTU, image.mtu],
    [layout.QP_ACCESS, image.access],
    [layout.QP_QKEY, image.qkey],
    [layout.QP_FLAGS, flags],
    [layout.QP_SQ_POSTED, image.sends.length],
    [layout.QP_SQ_SENT, requester.sent],
    [layout.QP_SQ_PACKETS, requester.sentPackets],
    [layout.QP_NEXT_PSN, image.nextPsn],
    [layout.QP_FRESH_PSN, image.freshPsn],
    [layout.QP_ACKED_PSN, image.ackedPsn],
    [layout.QP_WINDOW, image.window],
    [layout.QP_READS, requester.reads],
    [layout.QP_READS_MAX, image.readsMax],
    [layout.QP_RETRIES, image.retries],
    [layout.QP_RETRIES_MAX, image.retriesMax],
    [layout.QP_RNR_RETRIES, image.rnrRetries],
    [layout.QP_RNR_RETRIES_MAX, image.rnrRetriesMax],
    [layout.QP_TIMEOUT_US, image.timeoutUs],
    [layout.QP_DEADLINE_US, at(layout.QP_F_DEADLINE, image.deadlineInUs)],
    [layout.QP_BACKOFF, image.backoff],
    [layout.QP_RESUME_US, at(layout.QP_F_RNR_WAIT, image.resumeInUs)],
    [layout.QP_EXPECTED_PSN, image.expectedPsn],
    [layout.QP_MSN, image.msn],
    [layout.QP_RQ_POSTED, image.receives.length],
    [layout.QP_INBOUND, image.inbound],
    [layout.QP_INBOUND_BYTES, image.inboundBytes],
    [layout.QP_WRITE_LEFT, image.writeLeft],
    [layout.QP_WRITE_KEY, image.writeKey],
    [layout.QP_RNR_TIMER, image.rnrTimer],
    [layout.QP_REPLY, image.reply],
    [layout.QP_ANSWERS_HEAD, image.answers.length],
    [layout.QP_ATOMICS_HEAD, image.atomics.length],
  ];
}

function putSend(
  device: RdmaDevice,
  at: number,
  isDatagram: boolean,
  send: SendImage,
  begun: Requester["begun"][number] | undefined,
): void {
  const { u32, u64 } = device.endpoint.owner.arena;
  for (const [field, value] of [
    [layout.SEND_WQE_WR_ID, send.wrId],
    [layout.SEND_WQE_OPCODE, send.opcode],
    [layout.SEND_WQE_FLAGS, send.flags],
    [layout.SEND_WQE_LKEY, send.lkey],
    [layout.SEND_WQE_ADDRESS, addressOf(device, send)],
    [layout.SEND_WQE_LENGTH, send.length],
    [layout.SEND_WQE_IMM, send.imm],
    [layout.SEND_WQE_RKEY, send.rkey],
    [layout.SEND_WQE_FIRST_PSN, begun?.firstPsn ?? 0],
    [layout.SEND_WQE_PACKETS, begun?.packets ?? 0],
    [layout.SEND_WQE_PATH, isDatagram ? (device.address(send.address) as Address).ptr : 0],
    [layout.SEND_WQE_DEST_QPN, send.destQpn],
    [layout.SEND_WQE_QKEY, send.qkey],
  ] as const) {
    u32[(at + field) >> 2] = value;
  }
  u64[(at + layout.SEND_WQE_VA) >> 3] = send.va;
  u64[(at + layout.SEND_WQE_COMPARE_ADD) >> 3] = send.compareAdd;
  u64[(at + layout.SEND_WQE_SWAP) >> 3] = send.swap;
}

function putReceive(device: RdmaDevice, at: number, receive: ReceiveImage): void {
  const { u32 } = device.endpoint.owner.arena;
  u32[(at + layout.RECV_WQE_WR_ID) >> 2] = receive.wrId;
  u32[(at + layout.RECV_WQE_LKEY) >> 2] = receive.lkey;
  u32[(at + layout.RECV_WQE_ADDRESS) >> 2] = addressOf(device, receive);
  u32[(at + layout.RECV_WQE_LENGTH) >> 2] = receive.length;
}

/** Without a region an address that none has. */
function addressOf(device: RdmaDevice, { lkey, offset }: SendImage | ReceiveImage): number {
  const region = device.region(lkey);
  return region ? region.address + offset : 0;
}

function putAnswers(device: RdmaDevice, first: number, { answers }: QpImage): void {
  const { u32, u64 } = device.endpoint.owner.arena;
  for (const [i, answer] of answers.entries()) {
    const at = first + i * layout.ANSWER_BYTES;
    for (const [field, value] of [
      [layout.ANSWER_KEY, answer.key],
      [layout.ANSWER_LENGTH, answer.length],
      [layout.ANSWER_PSN, answer.psn],
      [layout.ANSWER_PACKETS, answer.packets],
      [layout.ANSWER_SENT, answer.sent],
      [layout.ANSWER_MSN, answer.msn],
    ] as const) {
      u32[(at + field) >> 2] = value;
    }
    u64[(at + layout.ANSWER_VA) >> 3] = answer.va;
    u64[(at + layout.ANSWER_ORIGINAL) >> 3] = answer.original;
  }
}
