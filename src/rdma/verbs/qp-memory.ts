/** A queue pair's place in linear memory. Places are taken as they are first needed, and used again. */
import {
  ANSWER_BYTES,
  ANSWERS_MAX,
  ATOMIC_BYTES,
  QP_BYTES,
  RDMA_PATH_BYTES,
  RECV_WQE_BYTES,
  SEND_WQE_BYTES,
} from "../../../assembly/layout.js";
import type { EndpointRecord } from "./endpoint-record.js";

export interface QpMemory {
  readonly ptr: number;
  readonly path: number;
  readonly sq: number;
  readonly rq: number;
  readonly answers: number;
  readonly atomics: number;
}

/** Takes what planRdma planned for one queue pair. */
export function takeQpMemory({ owner: { arena }, limits }: EndpointRecord): QpMemory {
  return {
    ptr: arena.take(QP_BYTES),
    path: arena.take(RDMA_PATH_BYTES),
    sq: arena.take(limits.sendDepth * SEND_WQE_BYTES),
    rq: arena.take(limits.receiveDepth * RECV_WQE_BYTES),
    answers: arena.take(ANSWERS_MAX * ANSWER_BYTES),
    atomics: arena.take(ANSWERS_MAX * ATOMIC_BYTES),
  };
}
