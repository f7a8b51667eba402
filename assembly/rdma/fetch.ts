// READ and atomics at the responder (IBTA volume 1, 9.4.4 and 9.4.5). A READ is checked as a whole and answered packet by packet
// later; an atomic is executed now, and its result kept for a duplicate.
import { ACCESS_REMOTE_ATOMIC, ACCESS_REMOTE_READ, INBOUND_NONE } from "../layout";
import { BTH_BYTES } from "../wire/ib";
import {
  atomicCompare,
  atomicSwapAdd,
  NAK_INVALID_REQUEST,
  NAK_REMOTE_ACCESS,
  OP_FETCH_ADD,
  rethKey,
  rethLength,
  rethVa,
  SYNDROME_ACK,
  SYNDROME_RNR,
} from "../wire/rc";
import { Answer, pushAnswer, rememberAtomic } from "./answer";
import { touch } from "./endpoint";
import { psnAdd } from "./psn";
import { Qp } from "./qp";
import { locate } from "./region";

/** Most bytes of a message (9.3.3.1). */
const MESSAGE_BYTES_MAX: u32 = 0x80000000;

/** Packets of a message of that many bytes: one of none, too. */
export function packetsOf(length: u32, mtu: u32): u32 {
  return length == 0 ? 1 : (length - 1) / mtu + 1;
}

export function acceptRead(endpoint: usize, qp: usize, bth: usize, len: u32): u32 {
  const q = changetype<Qp>(qp);
  const reth = bth + BTH_BYTES;
  const length = rethLength(reth);
  if (q.inbound != INBOUND_NONE || len != 0 || length > MESSAGE_BYTES_MAX) return NAK_INVALID_REQUEST;
  if ((q.access & ACCESS_REMOTE_READ) == 0) return NAK_REMOTE_ACCESS;
  const key = rethKey(reth);
  const va = rethVa(reth);
  if (length != 0 && locate(endpoint, key, q.pd, va, length, ACCESS_REMOTE_READ) == 0) return NAK_REMOTE_ACCESS;
  const answer = pushAnswer(qp);
  if (answer == 0) return SYNDROME_RNR | q.rnrTimer;
  const a = changetype<Answer>(answer);
  // Of no bytes no key is looked at; any but an atomic's 0 will do.
  a.key = length == 0 ? 1 : key;
  a.va = va;
  a.length = length;
  a.packets = packetsOf(length, q.mtu);
  move(endpoint, qp, a, a.packets);
  return SYNDROME_ACK;
}

export function acceptAtomic(endpoint: usize, qp: usize, op: u32, bth: usize, len: u32): u32 {
  const q = changetype<Qp>(qp);
  const eth = bth + BTH_BYTES;
  const va = rethVa(eth);
  if (q.inbound != INBOUND_NONE || len != 0 || (va & 7) != 0) return NAK_INVALID_REQUEST;
  if ((q.access & ACCESS_REMOTE_ATOMIC) == 0) return NAK_REMOTE_ACCESS;
  const at = locate(endpoint, rethKey(eth), q.pd, va, 8, ACCESS_REMOTE_ATOMIC);
  if (at == 0) return NAK_REMOTE_ACCESS;
  const answer = pushAnswer(qp);
  if (answer == 0) return SYNDROME_RNR | q.rnrTimer;
  const original = load<u64>(at);
  const operand = atomicSwapAdd(eth);
  if (op == OP_FETCH_ADD) store<u64>(at, original + operand);
  else if (original == atomicCompare(eth)) store<u64>(at, operand);
  rememberAtomic(qp, q.expectedPsn, original);
  const a = changetype<Answer>(answer);
  a.key = 0;
  a.packets = 1;
  a.original = original;
  move(endpoint, qp, a, 1);
  return SYNDROME_ACK;
}

/** The request is executed: its response takes so many PSNs, and counts it. */
function move(endpoint: usize, qp: usize, answer: Answer, packets: u32): void {
  const q = changetype<Qp>(qp);
  answer.psn = q.expectedPsn;
  q.expectedPsn = psnAdd(q.expectedPsn, packets);
  q.msn = psnAdd(q.msn, 1);
  answer.msn = q.msn;
  touch(endpoint, qp);
}
