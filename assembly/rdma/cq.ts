// Completion queues: a ring of completions that the data plane fills and the host empties (IBTA volume 1, 10.10).
//
//   queue  │ entries │ mask │ head │ tail │ overruns 64 │ unused 64 │
//   entry  │ wrId │ status │ opcode │ length │ imm │ qpn │ sourceQpn │ flags │
//
// A full queue loses the completion, which is counted; the queue pair whose it was is of no use any more (fail.ts).
import {
  CQ_BYTES,
  CQ_ENTRIES,
  CQ_HEAD,
  CQ_MASK,
  CQ_OVERRUNS,
  CQ_TAIL,
  CQE_BYTES,
  CQE_FLAGS,
  CQE_IMM,
  CQE_LENGTH,
  CQE_OPCODE,
  CQE_QPN,
  CQE_SOURCE_QPN,
  CQE_STATUS,
  CQE_WR_ID,
  WC_SUCCESS,
} from "../layout";

@unmanaged
export class Cq {
  entries: u32;
  mask: u32;
  head: u32;
  tail: u32;
  overruns: u64;
  unused: u64;
}

if (offsetof<Cq>() != CQ_BYTES) ERROR("Cq: size");
if (offsetof<Cq>("entries") != CQ_ENTRIES) ERROR("Cq: entries");
if (offsetof<Cq>("mask") != CQ_MASK) ERROR("Cq: mask");
if (offsetof<Cq>("head") != CQ_HEAD) ERROR("Cq: head");
if (offsetof<Cq>("tail") != CQ_TAIL) ERROR("Cq: tail");
if (offsetof<Cq>("overruns") != CQ_OVERRUNS) ERROR("Cq: overruns");

@unmanaged
export class Cqe {
  wrId: u32;
  status: u32;
  opcode: u32;
  length: u32;
  imm: u32;
  qpn: u32;
  sourceQpn: u32;
  flags: u32;
}

if (offsetof<Cqe>() != CQE_BYTES) ERROR("Cqe: size");
if (offsetof<Cqe>("wrId") != CQE_WR_ID) ERROR("Cqe: wrId");
if (offsetof<Cqe>("status") != CQE_STATUS) ERROR("Cqe: status");
if (offsetof<Cqe>("opcode") != CQE_OPCODE) ERROR("Cqe: opcode");
if (offsetof<Cqe>("length") != CQE_LENGTH) ERROR("Cqe: length");
if (offsetof<Cqe>("imm") != CQE_IMM) ERROR("Cqe: imm");
if (offsetof<Cqe>("qpn") != CQE_QPN) ERROR("Cqe: qpn");
if (offsetof<Cqe>("sourceQpn") != CQE_SOURCE_QPN) ERROR("Cqe: sourceQpn");
if (offsetof<Cqe>("flags") != CQE_FLAGS) ERROR("Cqe: flags");

/** The next entry, to be filled in; 0, counted, when the queue is full. */
export function cqPush(cq: usize): usize {
  const c = changetype<Cq>(cq);
  const head = c.head;
  if (head - c.tail > c.mask) {
    c.overruns += 1;
    return 0;
  }
  c.head = head + 1;
  return (c.entries as usize) + ((head & c.mask) as usize) * CQE_BYTES;
}

/** The oldest entry that was not taken; 0 when there is none. It is taken by moving the tail. */
export function cqFront(c: Cq): usize {
  const tail = c.tail;
  return tail == c.head ? 0 : (c.entries as usize) + ((tail & c.mask) as usize) * CQE_BYTES;
}

/**
 * The oldest entry that says a success of the queue pair of that number; 0 when there is none. Entries in front of it are taken: failures, of
 * which the first one's status stays at status (u32, WC_SUCCESS before), and what a former owner of the completion queue has left.
 */
export function cqSuccess(c: Cq, qpn: u32, status: usize): usize {
  for (let entry = cqFront(c); entry != 0; entry = cqFront(c)) {
    const cqe = changetype<Cqe>(entry);
    if (cqe.qpn == qpn) {
      if (cqe.status == WC_SUCCESS) return entry;
      if (load<u32>(status) == WC_SUCCESS) store<u32>(status, cqe.status);
    }
    c.tail += 1;
  }
  return 0;
}
