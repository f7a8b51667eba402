/** A queue pair of a device's section, from its record as it is now. What its state gives no meaning to is zero. */
import * as layout from "../../../../assembly/layout.js";
import type { Arena } from "../../../memory.js";
import type { RdmaDevice } from "../../verbs/device.js";
import type { QueuePair } from "../../verbs/queue-pair.js";
import type { AnswerImage, AtomicImage, QpImage, QpWords, ReceiveImage, SendImage } from "./image.js";
import { pathImage } from "./path.js";

const FLAGS = layout.QP_F_DEADLINE | layout.QP_F_RNR_WAIT | layout.QP_F_NAK_SENT | layout.QP_F_ASKED_AGAIN;
/** The longest that a receiver asks to wait (IBTA volume 1, table 45). */
const RNR_MAX_US = 655_360;

export class QpTaker {
  readonly #device: RdmaDevice;
  readonly #arena: Arena;
  readonly #nowUs: number;
  readonly #addresses: ReadonlyMap<number, number>;

  constructor(device: RdmaDevice, nowUs: number) {
    this.#device = device;
    this.#arena = device.endpoint.owner.arena;
    this.#nowUs = nowUs;
    this.#addresses = new Map(device.addresses.map(({ ptr, number }) => [ptr, number]));
  }

  take(qp: QueuePair): QpImage {
    const { ptr, memory, type } = qp;
    const word = (field: number) => this.#word(ptr + field);
    const isConnection = type === "rc";
    return {
      ...this.#words(qp),
      path: isConnection && word(layout.QP_MTU) !== 0 ? pathImage(this.#arena, memory.path) : undefined,
      sends: this.#queue(word(layout.QP_SQ_DONE), word(layout.QP_SQ_POSTED), word(layout.QP_SQ_MASK), (slot) =>
        this.#send(memory.sq + slot * layout.SEND_WQE_BYTES, isConnection),
      ),
      receives: this.#queue(word(layout.QP_RQ_DONE), word(layout.QP_RQ_POSTED), word(layout.QP_RQ_MASK), (slot) =>
        this.#receive(memory.rq + slot * layout.RECV_WQE_BYTES),
      ),
      answers: this.#queue(word(layout.QP_ANSWERS_TAIL), word(layout.QP_ANSWERS_HEAD), layout.ANSWERS_MAX - 1, (slot) =>
        this.#answer(memory.answers + slot * layout.ANSWER_BYTES),
      ),
      atomics: this.#atomics(memory.atomics, word(layout.QP_ATOMICS_HEAD)),
    };
  }

  #words(qp: QueuePair): QpWords {
    const word = (field: number) => this.#word(qp.ptr + field);
    const flags = word(layout.QP_FLAGS) & FLAGS;
    const inbound = word(layout.QP_INBOUND);
    const isWrite = inbound === layout.INBOUND_WRITE;
    const [timeoutUs, backoff] = [word(layout.QP_TIMEOUT_US), word(layout.QP_BACKOFF)];
    const ackedPsn = word(layout.QP_ACKED_PSN);
    const has = (flag: number) => (flags & flag) !== 0;
    return {
      qpn: qp.qpn,
      type: word(layout.QP_TYPE),
      state: word(layout.QP_STATE),
      pd: qp.pd.number,
      sendCq: qp.sendCq.number,
      recvCq: qp.recvCq.number,
      access: word(layout.QP_ACCESS),
      qkey: word(layout.QP_QKEY),
      mtu: word(layout.QP_MTU),
      destQpn: word(layout.QP_DEST_QPN),
      flags,
      oldestPsn: this.#oldestPsn(qp) ?? ackedPsn,
      ackedPsn,
      nextPsn: word(layout.QP_NEXT_PSN),
      freshPsn: word(layout.QP_FRESH_PSN),
      window: word(layout.QP_WINDOW),
      readsMax: word(layout.QP_READS_MAX),
      retries: word(layout.QP_RETRIES),
      retriesMax: word(layout.QP_RETRIES_MAX),
      rnrRetries: word(layout.QP_RNR_RETRIES),
      rnrRetriesMax: word(layout.QP_RNR_RETRIES_MAX),
      timeoutUs,
      backoff,
      deadlineInUs: has(layout.QP_F_DEADLINE) ? this.#until(word(layout.QP_DEADLINE_US), timeoutUs * 2 ** backoff) : 0,
      resumeInUs: has(layout.QP_F_RNR_WAIT) ? this.#until(word(layout.QP_RESUME_US), RNR_MAX_US) : 0,
      expectedPsn: word(layout.QP_EXPECTED_PSN),
      msn: word(layout.QP_MSN),
      inbound,
      inboundBytes: inbound === layout.INBOUND_NONE ? 0 : word(layout.QP_INBOUND_BYTES),
      writeVa: isWrite ? (this.#arena.u64[(qp.ptr + layout.QP_WRITE_VA) >> 3] as bigint) : 0n,
      writeLeft: isWrite ? word(layout.QP_WRITE_LEFT) : 0,
      writeKey: isWrite ? word(layout.QP_WRITE_KEY) : 0,
      rnrTimer: word(layout.QP_RNR_TIMER),
      reply: word(layout.QP_REPLY),
    };
  }

  /** Of a request that was begun. */
  #oldestPsn({ ptr, memory, type }: QueuePair): number | undefined {
    const done = this.#word(ptr + layout.QP_SQ_DONE);
    if (type !== "rc" || done === this.#word(ptr + layout.QP_SQ_POSTED)) return undefined;
    const at = memory.sq + (done & this.#word(ptr + layout.QP_SQ_MASK)) * layout.SEND_WQE_BYTES;
    return this.#word(at + layout.SEND_WQE_PACKETS) === 0 ? undefined : this.#word(at + layout.SEND_WQE_FIRST_PSN);
  }

  #queue<T>(from: number, to: number, mask: number, read: (slot: number) => T): T[] {
    return Array.from({ length: (to - from) >>> 0 }, (_, i) => read((from + i) & mask));
  }

  #send(at: number, isConnection: boolean): SendImage {
    const word = (field: number) => this.#word(at + field);
    const opcode = word(layout.SEND_WQE_OPCODE);
    const isSend = opcode === layout.WR_SEND || opcode === layout.WR_SEND_WITH_IMM;
    const isAtomic = opcode >= layout.WR_ATOMIC_CMP_AND_SWP;
    const datagram = (field: number) => (isConnection ? 0 : word(field));
    const long = (field: number) => this.#arena.u64[(at + field) >> 3] as bigint;
    return {
      wrId: word(layout.SEND_WQE_WR_ID),
      opcode,
      flags: word(layout.SEND_WQE_FLAGS),
      ...this.#place(word(layout.SEND_WQE_LKEY), word(layout.SEND_WQE_ADDRESS), word(layout.SEND_WQE_LENGTH)),
      imm: word(layout.SEND_WQE_IMM),
      rkey: isSend ? 0 : word(layout.SEND_WQE_RKEY),
      va: isSend ? 0n : long(layout.SEND_WQE_VA),
      compareAdd: isAtomic ? long(layout.SEND_WQE_COMPARE_ADD) : 0n,
      swap: isAtomic ? long(layout.SEND_WQE_SWAP) : 0n,
      address: isConnection ? 0 : (this.#addresses.get(word(layout.SEND_WQE_PATH)) as number),
      destQpn: datagram(layout.SEND_WQE_DEST_QPN),
      qkey: datagram(layout.SEND_WQE_QKEY),
    };
  }

  #receive(at: number): ReceiveImage {
    const word = (field: number) => this.#word(at + field);
    const place = this.#place(word(layout.RECV_WQE_LKEY), word(layout.RECV_WQE_ADDRESS), word(layout.RECV_WQE_LENGTH));
    return { wrId: word(layout.RECV_WQE_WR_ID), ...place };
  }

  /** By region and offset; without a region that has all of it, by key 0. */
  #place(lkey: number, address: number, length: number) {
    const region = this.#device.region(lkey);
    const offset = region ? address - region.address : -1;
    const isInside = region && offset >= 0 && offset + length <= region.bytes.length;
    return isInside ? { lkey, offset, length } : { lkey: 0, offset: 0, length };
  }

  #answer(at: number): AnswerImage {
    const word = (field: number) => this.#word(at + field);
    const key = word(layout.ANSWER_KEY);
    const isAtomic = key === 0;
    return {
      key,
      length: isAtomic ? 0 : word(layout.ANSWER_LENGTH),
      va: isAtomic ? 0n : (this.#arena.u64[(at + layout.ANSWER_VA) >> 3] as bigint),
      psn: word(layout.ANSWER_PSN),
      packets: word(layout.ANSWER_PACKETS),
      sent: word(layout.ANSWER_SENT),
      msn: word(layout.ANSWER_MSN),
      original: isAtomic ? (this.#arena.u64[(at + layout.ANSWER_ORIGINAL) >> 3] as bigint) : 0n,
    };
  }

  #atomics(first: number, head: number): AtomicImage[] {
    return this.#queue(Math.max(0, head - layout.ANSWERS_MAX), head, layout.ANSWERS_MAX - 1, (slot) => {
      const at = first + slot * layout.ATOMIC_BYTES;
      return {
        psn: this.#word(at + layout.ATOMIC_PSN),
        original: this.#arena.u64[(at + layout.ATOMIC_ORIGINAL) >> 3] as bigint,
      };
    });
  }

  /** Microseconds until a time that wraps at 2^32; 0 when it is past, and never more than max. */
  #until(dueUs: number, maxUs: number): number {
    const leftUs = (dueUs - this.#nowUs) | 0;
    return Math.min(Math.max(leftUs, 0), maxUs);
  }

  #word(at: number): number {
    return this.#arena.u32[at >> 2] as number;
  }
}
