/** Completion queues, with libibverbs' words. */
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
  WC_F_GRH,
  WC_F_SOLICITED,
  WC_F_WITH_IMM,
} from "../../../assembly/layout.js";
import type { EndpointRecord } from "./endpoint-record.js";
import { type CompletionOpcode, opcodeName, statusName, type WcStatus } from "./words.js";

export interface Completion {
  readonly wrId: number;
  readonly status: WcStatus;
  /** Says what completed; of a failed request too. */
  readonly opcode: CompletionOpcode;
  /** Bytes received, or of the request. A datagram's are counted with the 40 in front of them. */
  readonly byteLen: number;
  readonly imm: number | undefined;
  readonly qpn: number;
  /** Of a receive: who sent it. */
  readonly sourceQpn: number;
  readonly isSolicited: boolean;
  /** A datagram's: the first 40 bytes are the place of its IP header. */
  readonly hasGrh: boolean;
}

export class CompletionQueue {
  /** From 0, in the order in which the device's completion queues were made. */
  readonly number: number;
  /** @internal */
  readonly ptr: number;
  /** @internal Where its entries stand. */
  readonly entries: number;
  readonly #endpoint: EndpointRecord;

  /** @internal Made by RdmaDevice.createCq. */
  constructor(endpoint: EndpointRecord, number: number) {
    const { arena } = endpoint.owner;
    this.number = number;
    this.#endpoint = endpoint;
    this.ptr = arena.take(CQ_BYTES);
    this.entries = arena.take(endpoint.limits.completions * CQE_BYTES);
    arena.u32[(this.ptr + CQ_ENTRIES) >> 2] = this.entries;
    arena.u32[(this.ptr + CQ_MASK) >> 2] = endpoint.limits.completions - 1;
  }

  /** Completions that found the queue full: each has put its queue pair into ERROR. */
  get overruns(): number {
    this.#endpoint.owner.checkOpen();
    return Number(this.#endpoint.owner.arena.u64[(this.ptr + CQ_OVERRUNS) >> 3]);
  }

  /** Takes at most n completions, oldest first. */
  poll(n = Number.POSITIVE_INFINITY): Completion[] {
    this.#endpoint.owner.checkOpen();
    const { u32 } = this.#endpoint.owner.arena;
    const tail = u32[(this.ptr + CQ_TAIL) >> 2] as number;
    const ready = ((u32[(this.ptr + CQ_HEAD) >> 2] as number) - tail) >>> 0;
    const took: Completion[] = [];
    while (took.length < Math.min(n, ready)) took.push(this.#read(tail + took.length));
    u32[(this.ptr + CQ_TAIL) >> 2] = tail + took.length;
    return took;
  }

  #read(cursor: number): Completion {
    const { arena } = this.#endpoint.owner;
    const at = this.entries + (cursor & (this.#endpoint.limits.completions - 1)) * CQE_BYTES;
    const word = (field: number) => arena.u32[(at + field) >> 2] as number;
    const flags = word(CQE_FLAGS);
    return {
      wrId: word(CQE_WR_ID),
      status: statusName(word(CQE_STATUS)),
      opcode: opcodeName(word(CQE_OPCODE)),
      byteLen: word(CQE_LENGTH),
      imm: (flags & WC_F_WITH_IMM) !== 0 ? word(CQE_IMM) : undefined,
      qpn: word(CQE_QPN),
      sourceQpn: word(CQE_SOURCE_QPN),
      isSolicited: (flags & WC_F_SOLICITED) !== 0,
      hasGrh: (flags & WC_F_GRH) !== 0,
    };
  }
}
