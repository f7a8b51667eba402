/** A queue pair of a section: what its state allows, and what its queues, its peer's requests and its PSNs say of each other. */
import * as layout from "../../../../assembly/layout.js";
import { demand } from "../../../migrate/state/refusal.js";
import type { RdmaDevice } from "../../verbs/device.js";
import { MTUS } from "../../verbs/modify.js";
import type { AnswerImage, DeviceImage, QpImage, ReceiveImage, SendImage } from "./image.js";
import { checkPath } from "./path.js";
import { packetsOf, requesterOf } from "./requester.js";

/** Fields that RTS sets. */
const REQUESTER = ["window", "readsMax", "retriesMax", "rnrRetriesMax", "timeoutUs"] as const;
const REQUESTER_STATE = ["retries", "rnrRetries", "backoff", "oldestPsn", "ackedPsn", "nextPsn", "freshPsn"] as const;
const RESPONDER = ["expectedPsn", "msn", "reply"] as const;
const NAK_FIRST = 0x60;
const NAK_LAST = 0x63;
const SYNDROME_ACK = 0x1f;
const SYNDROME_RNR = 0x20;

/** Refuses (refusal.ts). */
export function checkQp(qp: QpImage, path: string, image: DeviceImage, device: RdmaDevice): void {
  const { state, type } = qp;
  const zero = (...names: readonly (keyof QpImage)[]) => {
    for (const name of names) demand(qp[name] === 0, `${path}.${name}`, qp[name], `0 in state ${state}`);
  };
  const none = (...names: readonly ("sends" | "receives" | "answers" | "atomics")[]) => {
    for (const name of names)
      demand(qp[name].length === 0, `${path}.${name}`, `${qp[name].length} of them`, "none here");
  };
  const isRequesting = state === layout.QP_RTS || state === layout.QP_SQD;
  const isError = state === layout.QP_ERROR;
  const isUp = state >= layout.QP_RTR && !isError;
  const { completionQueues, protectionDomains } = image;
  demand(qp.pd <= protectionDomains, `${path}.pd`, qp.pd, `at most ${protectionDomains}`);
  for (const name of ["sendCq", "recvCq"] as const) {
    demand(qp[name] < completionQueues.length, `${path}.${name}`, qp[name], `below ${completionQueues.length}`);
  }
  checkMtu(qp, path, isUp, isError, device);
  checkFlags(qp, path, isRequesting, isUp);
  if (state === layout.QP_RESET) zero("access", "qkey");
  if (state < layout.QP_RTR) zero("mtu", "rnrTimer", ...RESPONDER);
  if (state < layout.QP_RTS) zero(...REQUESTER, ...REQUESTER_STATE);
  if (!isRequesting) none("sends");
  if (state === layout.QP_RESET || isError) none("receives");
  if (!isUp || type === layout.QP_UD) none("answers");
  if (state < layout.QP_RTR || type === layout.QP_UD) none("atomics");
  if (type === layout.QP_UD) zero("destQpn", ...RESPONDER);
  if (isRequesting) checkRequester(qp, path);
  else demand(qp.oldestPsn === qp.ackedPsn, `${path}.oldestPsn`, qp.oldestPsn, `ackedPsn, ${qp.ackedPsn}`);
  checkInbound(qp, path, isUp && type === layout.QP_RC);
  checkReply(qp, path);
  for (const [i, send] of qp.sends.entries()) checkSend(send, `${path}.sends[${i}]`, qp, image);
  for (const [i, receive] of qp.receives.entries()) checkPlace(receive, `${path}.receives[${i}]`, image);
  for (const [i, answer] of qp.answers.entries()) checkAnswer(answer, `${path}.answers[${i}]`, qp.mtu);
}

/** A path MTU from RTR on, and of a connection the path with it. A queue pair in ERROR may never have been there. */
function checkMtu(qp: QpImage, path: string, isUp: boolean, isError: boolean, device: RdmaDevice): void {
  const { mtu, type } = qp;
  const { maxMtu = 0, endpoint } = device;
  const isThere = MTUS.some((known) => known === mtu) && mtu <= maxMtu;
  const mayLack = !isUp && mtu === 0;
  demand(mayLack || (isThere && (isUp || isError)), `${path}.mtu`, mtu, `a path MTU, at most ${maxMtu}, from RTR on`);
  const hasPath = type === layout.QP_RC && mtu !== 0;
  demand(
    (qp.path !== undefined) === hasPath,
    `${path}.path`,
    qp.path ? "there" : "not there",
    "a connection's, from RTR on",
  );
  if (qp.path) checkPath(qp.path, `${path}.path`, endpoint.owner.pool.shape.headroomBytes);
  else demand(qp.destQpn === 0, `${path}.destQpn`, qp.destQpn, "0 without a path");
}

function checkFlags({ flags, type, ...qp }: QpImage, path: string, isRequesting: boolean, isUp: boolean): void {
  const requesting = layout.QP_F_DEADLINE | layout.QP_F_RNR_WAIT | layout.QP_F_ASKED_AGAIN;
  const isRc = type === layout.QP_RC;
  const allowed = (isRc && isRequesting ? requesting : 0) | (isRc && isUp ? layout.QP_F_NAK_SENT : 0);
  demand((flags & ~allowed) === 0, `${path}.flags`, flags, `of ${allowed}`);
  const deadlineMax = (flags & layout.QP_F_DEADLINE) === 0 ? 0 : qp.timeoutUs * 2 ** qp.backoff;
  demand(qp.deadlineInUs <= deadlineMax, `${path}.deadlineInUs`, qp.deadlineInUs, `at most ${deadlineMax}`);
  const isWaiting = (flags & layout.QP_F_RNR_WAIT) !== 0;
  demand(isWaiting || qp.resumeInUs === 0, `${path}.resumeInUs`, qp.resumeInUs, "0 unless it waits for a receiver");
}

function checkRequester(qp: QpImage, path: string): void {
  demand(qp.window > 0, `${path}.window`, qp.window, "from 1 to 4096");
  demand(qp.readsMax > 0, `${path}.readsMax`, qp.readsMax, "from 1 to 16");
  demand(qp.retries <= qp.retriesMax, `${path}.retries`, qp.retries, `at most ${qp.retriesMax}`);
  demand(qp.rnrRetries <= qp.rnrRetriesMax, `${path}.rnrRetries`, qp.rnrRetries, `at most ${qp.rnrRetriesMax}`);
  const { reads } = requesterOf(qp, path);
  demand(reads <= qp.readsMax, `${path}.readsMax`, qp.readsMax, `at least ${reads}, which are open`);
}

/** A message of the peer's that has come in part: as many bytes as whole packets, in the oldest receive, or of a WRITE. */
function checkInbound(qp: QpImage, path: string, mayBe: boolean): void {
  const { inbound, inboundBytes, writeLeft, writeVa, writeKey } = qp;
  demand(mayBe || inbound === layout.INBOUND_NONE, `${path}.inbound`, inbound, "0 in this state");
  if (inbound !== layout.INBOUND_WRITE) {
    demand(writeLeft === 0 && writeVa === 0n && writeKey === 0, `${path}.writeLeft`, writeLeft, "0 without a WRITE");
  }
  if (inbound === layout.INBOUND_NONE) {
    demand(inboundBytes === 0, `${path}.inboundBytes`, inboundBytes, "0 without a message");
    return;
  }
  const isWhole = inboundBytes > 0 && inboundBytes % qp.mtu === 0;
  demand(isWhole, `${path}.inboundBytes`, inboundBytes, `a multiple of the path MTU, ${qp.mtu}`);
  if (inbound === layout.INBOUND_WRITE) {
    const bound = "from 1, and at most 4294967295 with what has come";
    demand(writeLeft > 0 && inboundBytes + writeLeft < 2 ** 32, `${path}.writeLeft`, writeLeft, bound);
    return;
  }
  const room = qp.receives[0]?.length ?? 0;
  demand(inboundBytes <= room, `${path}.inboundBytes`, inboundBytes, `at most ${room}, the oldest receive's`);
}

function checkReply({ reply, path: route }: QpImage, path: string): void {
  if (reply === 0) return;
  const syndrome = reply & 0xff;
  const isRnr = syndrome >= SYNDROME_RNR && syndrome <= SYNDROME_RNR + 31;
  const isNak = syndrome >= NAK_FIRST && syndrome <= NAK_LAST;
  const isSound = (reply & layout.REPLY_DUE) !== 0 && (syndrome === SYNDROME_ACK || isRnr || isNak);
  demand(isSound && route !== undefined, `${path}.reply`, reply, "an AETH's syndrome with 0x100, on a connection");
}

function checkSend(send: SendImage, path: string, { type }: QpImage, image: DeviceImage): void {
  const { opcode, length } = send;
  const isSend = opcode === layout.WR_SEND || opcode === layout.WR_SEND_WITH_IMM;
  checkPlace(send, path, image);
  if (type === layout.QP_UD) {
    demand(isSend, `${path}.opcode`, opcode, "a SEND's, of datagrams");
    const { length: there } = image.addresses;
    demand(send.address < there, `${path}.address`, send.address, `below ${there}`);
  } else {
    const isBare = send.address === 0 && send.destQpn === 0 && send.qkey === 0;
    demand(isBare, `${path}.address`, send.address, "0, with destQpn and qkey, of a connection");
  }
  demand(!isSend || (send.rkey === 0 && send.va === 0n), `${path}.rkey`, send.rkey, "0, as va, of a SEND");
  const isAtomic = opcode >= layout.WR_ATOMIC_CMP_AND_SWP;
  demand(!isAtomic || length === 8, `${path}.length`, length, "8 of an atomic");
  const hasOperands = send.compareAdd !== 0n || send.swap !== 0n;
  demand(isAtomic || !hasOperands, `${path}.swap`, send.swap, "0, as compareAdd, but for an atomic");
}

/** The region of a request is there and has all of its bytes; or the request has none. */
function checkPlace(place: SendImage | ReceiveImage, path: string, { regions }: DeviceImage): void {
  const { lkey, offset, length } = place;
  if (lkey === 0) {
    demand(offset === 0, `${path}.offset`, offset, "0 without a region");
    return;
  }
  const region = regions.get(lkey);
  demand(region !== undefined, `${path}.lkey`, lkey, "a region's");
  const room = region?.length ?? 0;
  demand(offset + length <= room, `${path}.offset`, offset, `such that ${length} bytes end in the region's ${room}`);
}

function checkAnswer({ key, length, packets, sent, va, original }: AnswerImage, path: string, mtu: number): void {
  const isAtomic = key === 0;
  const needed = isAtomic ? 1 : packetsOf(length, mtu);
  demand(packets === needed, `${path}.packets`, packets, `${needed}, of ${length} bytes`);
  demand(sent < packets, `${path}.sent`, sent, `below ${packets}`);
  demand(!isAtomic || (length === 0 && va === 0n), `${path}.length`, length, "0 of an atomic, as va");
  demand(isAtomic || original === 0n, `${path}.original`, original, "0 of a READ");
}
