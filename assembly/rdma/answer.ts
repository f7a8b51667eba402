// What a responder owes: READs and atomics whose responses are not all sent yet, in the order of their requests, and the results of the
// last atomics, which a duplicate gets again without a second execution (IBTA volume 1, 9.4.5 and 9.7.1.3).
//
//   answer  │ key │ length │ va 64 │ psn │ packets │ sent │ msn │ original 64 │      key 0: an atomic's
//   atomic  │ original 64 │ psn │ valid │
//
// An answer has READ's key, not its memory's address: each packet looks again whether the key still opens it.
import {
  ANSWER_BYTES,
  ANSWER_KEY,
  ANSWER_LENGTH,
  ANSWER_MSN,
  ANSWER_ORIGINAL,
  ANSWER_PACKETS,
  ANSWER_PSN,
  ANSWER_SENT,
  ANSWER_VA,
  ANSWERS_MAX,
  ATOMIC_BYTES,
  ATOMIC_ORIGINAL,
  ATOMIC_PSN,
  ATOMIC_VALID,
} from "../layout";
import { Qp } from "./qp";

@unmanaged
export class Answer {
  key: u32;
  length: u32;
  va: u64;
  psn: u32;
  packets: u32;
  sent: u32;
  msn: u32;
  original: u64;
}

if (offsetof<Answer>() != ANSWER_BYTES) ERROR("Answer: size");
if (offsetof<Answer>("key") != ANSWER_KEY) ERROR("Answer: key");
if (offsetof<Answer>("length") != ANSWER_LENGTH) ERROR("Answer: length");
if (offsetof<Answer>("va") != ANSWER_VA) ERROR("Answer: va");
if (offsetof<Answer>("psn") != ANSWER_PSN) ERROR("Answer: psn");
if (offsetof<Answer>("packets") != ANSWER_PACKETS) ERROR("Answer: packets");
if (offsetof<Answer>("sent") != ANSWER_SENT) ERROR("Answer: sent");
if (offsetof<Answer>("msn") != ANSWER_MSN) ERROR("Answer: msn");
if (offsetof<Answer>("original") != ANSWER_ORIGINAL) ERROR("Answer: original");

@unmanaged
export class Atomic {
  original: u64;
  psn: u32;
  valid: u32;
}

if (offsetof<Atomic>() != ATOMIC_BYTES) ERROR("Atomic: size");
if (offsetof<Atomic>("original") != ATOMIC_ORIGINAL) ERROR("Atomic: original");
if (offsetof<Atomic>("psn") != ATOMIC_PSN) ERROR("Atomic: psn");
if (offsetof<Atomic>("valid") != ATOMIC_VALID) ERROR("Atomic: valid");

const MASK: u32 = ANSWERS_MAX - 1;

export function answerAt(qp: usize, cursor: u32): Answer {
  return changetype<Answer>((changetype<Qp>(qp).answers as usize) + ((cursor & MASK) as usize) * ANSWER_BYTES);
}

/** A new answer at the end; 0 when as many are due as a requester may ask for. */
export function pushAnswer(qp: usize): usize {
  const q = changetype<Qp>(qp);
  const head = q.answersHead;
  if (head - q.answersTail > MASK) return 0;
  q.answersHead = head + 1;
  const answer = answerAt(qp, head);
  answer.sent = 0;
  answer.msn = q.msn;
  return changetype<usize>(answer);
}

export function rememberAtomic(qp: usize, psn: u32, original: u64): void {
  const q = changetype<Qp>(qp);
  const atomic = changetype<Atomic>((q.atomics as usize) + ((q.atomicsHead & MASK) as usize) * ATOMIC_BYTES);
  q.atomicsHead += 1;
  atomic.original = original;
  atomic.psn = psn;
  atomic.valid = 1;
}

/** The atomic that was executed for a PSN; 0 when it is not remembered. */
export function recallAtomic(qp: usize, psn: u32): usize {
  const first = changetype<Qp>(qp).atomics as usize;
  for (let i: usize = 0; i < (ANSWERS_MAX as usize); i++) {
    const atomic = changetype<Atomic>(first + i * ATOMIC_BYTES);
    if (atomic.valid != 0 && atomic.psn == psn) return changetype<usize>(atomic);
  }
  return 0;
}
