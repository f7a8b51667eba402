/** A queue pair: two queues of work requests, and a state (IBTA volume 1, 10.3). */
import * as layout from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { CompletionQueue } from "./completion.js";
import type { EndpointRecord } from "./endpoint-record.js";
import {
  check24,
  checkMtu,
  checkWay,
  type InitOptions,
  type ModifyOptions,
  type RtrOptions,
  type RtsOptions,
} from "./modify.js";
import { writePath } from "./path.js";
import type { ProtectionDomain } from "./protection-domain.js";
import type { QpMemory } from "./qp-memory.js";
import { accessBits } from "./region.js";
import { type ReceiveRequest, type SendRequest, writeReceive, writeSend } from "./requests.js";
import { type QpState, STATES } from "./words.js";

export interface QpOptions {
  readonly pd: ProtectionDomain;
  /** "rc": a reliable connection; "ud": unreliable datagrams. */
  readonly type: "rc" | "ud";
  readonly sendCq: CompletionQueue;
  /** sendCq by default. */
  readonly recvCq?: CompletionQueue;
  /** Its number, 1 to 16777215; a free one by default. */
  readonly qpn?: number;
}

export class QueuePair {
  readonly qpn: number;
  readonly type: "rc" | "ud";
  readonly sendCq: CompletionQueue;
  readonly recvCq: CompletionQueue;
  /** @internal Its record. */
  readonly ptr: number;
  readonly #endpoint: EndpointRecord;
  /** @internal Where it stands. */
  readonly memory: QpMemory;
  readonly #pd: ProtectionDomain;
  readonly #destroy: () => void;
  #isDestroyed = false;

  /** @internal Made by RdmaDevice.createQp. */
  constructor(endpoint: EndpointRecord, memory: QpMemory, qpn: number, options: QpOptions, destroy: () => void) {
    this.#endpoint = endpoint;
    this.memory = memory;
    this.#pd = options.pd;
    this.#destroy = destroy;
    this.qpn = qpn;
    this.type = options.type;
    this.ptr = memory.ptr;
    this.sendCq = options.sendCq;
    this.recvCq = options.recvCq ?? options.sendCq;
    this.#set(layout.QP_QPN, qpn);
    this.#set(layout.QP_SEND_CQ, this.sendCq.ptr);
    this.#set(layout.QP_RECV_CQ, this.recvCq.ptr);
    this.#reset();
  }

  get pd(): ProtectionDomain {
    return this.#pd;
  }

  get state(): QpState {
    this.#checkOpen();
    return STATES[this.#get(layout.QP_STATE)] as QpState;
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** The PSN that the peer's next request has, 24 bits; of a connection, from RTR on. */
  get rqPsn(): number {
    this.#checkOpen();
    return this.#get(layout.QP_EXPECTED_PSN);
  }

  /** Requests that are posted and not completed. */
  get sendsOpen(): number {
    this.#checkOpen();
    return (this.#get(layout.QP_SQ_POSTED) - this.#get(layout.QP_SQ_DONE)) >>> 0;
  }

  /** Receives that are posted and not completed. */
  get receivesOpen(): number {
    this.#checkOpen();
    return (this.#get(layout.QP_RQ_POSTED) - this.#get(layout.QP_RQ_DONE)) >>> 0;
  }

  /** In SQD: all that was begun is answered. */
  get isDrained(): boolean {
    this.#checkOpen();
    const isBegun =
      this.#get(layout.QP_SQ_PACKETS) !== 0 || this.#get(layout.QP_SQ_SENT) !== this.#get(layout.QP_SQ_DONE);
    return !isBegun && this.#get(layout.QP_NEXT_PSN) === this.#get(layout.QP_FRESH_PSN);
  }

  /** Changes the state. Throws ConfigError, and nothing has changed, for a way that there is not, or an option that is bad or missing. */
  modify(options: ModifyOptions): void {
    const from = this.state;
    checkWay(from, options.state);
    const { kernels } = this.#endpoint.owner;
    const { ptr } = this.#endpoint;
    if (options.state === "init") this.#toInit(options);
    if (options.state === "rtr") this.#toRtr(options);
    if (options.state === "rts") this.#toRts(options, from);
    if (options.state === "reset") this.#reset();
    if (options.state === "error") kernels.rdmaFail(ptr, this.memory.ptr);
    else this.#set(layout.QP_STATE, STATES.indexOf(options.state));
    kernels.rdmaResume(ptr, this.memory.ptr);
  }

  /** Posts requests, and returns how many, from the front: fewer when the queue is full. Throws ConfigError, and none is posted. */
  postSend(...requests: readonly SendRequest[]): number {
    this.#checkState("rts", "sqd", "error");
    const { sendDepth } = this.#endpoint.limits;
    const { arena, kernels } = this.#endpoint.owner;
    const took = requests.slice(0, sendDepth - this.sendsOpen);
    const head = this.#get(layout.QP_SQ_POSTED);
    for (const [i, request] of took.entries()) {
      const at = this.memory.sq + ((head + i) & (sendDepth - 1)) * layout.SEND_WQE_BYTES;
      writeSend(arena, at, request, this.type === "ud");
    }
    kernels.rdmaPostSend(this.#endpoint.ptr, this.memory.ptr, took.length);
    return took.length;
  }

  /** Posts receives, as postSend. */
  postRecv(...requests: readonly ReceiveRequest[]): number {
    this.#checkState("init", "rtr", "rts", "sqd", "error");
    const { receiveDepth } = this.#endpoint.limits;
    const { arena, kernels } = this.#endpoint.owner;
    const took = requests.slice(0, receiveDepth - this.receivesOpen);
    const head = this.#get(layout.QP_RQ_POSTED);
    for (const [i, request] of took.entries()) {
      writeReceive(arena, this.memory.rq + ((head + i) & (receiveDepth - 1)) * layout.RECV_WQE_BYTES, request);
    }
    kernels.rdmaPostReceive(this.#endpoint.ptr, this.memory.ptr, took.length);
    return took.length;
  }

  /** The number is free again; what was posted completes no more. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#reset();
    this.#isDestroyed = true;
    this.#destroy();
  }

  #toInit({ access, qkey }: InitOptions): void {
    const bits = accessBits(access ?? []);
    const key = checkInteger("qkey", qkey ?? 0, 0, 2 ** 32 - 1);
    this.#set(layout.QP_ACCESS, bits);
    this.#set(layout.QP_QKEY, key);
  }

  #toRtr(options: RtrOptions): void {
    const { payloadBytes } = this.#endpoint.owner.pool.shape;
    const rnrTimer = checkInteger("minRnrTimer", options.minRnrTimer ?? 12, 0, 31);
    const mtu = checkMtu(options.mtu ?? 1024, payloadBytes);
    if (this.type === "rc") {
      const destQpn = check24("destQpn", options.destQpn);
      const rqPsn = check24("rqPsn", options.rqPsn);
      if (options.address === undefined) throw new ConfigError("address", undefined, "given");
      writePath(this.#endpoint, this.memory.path, options.address);
      this.#set(layout.QP_DEST_QPN, destQpn);
      this.#set(layout.QP_EXPECTED_PSN, rqPsn);
    }
    this.#set(layout.QP_MTU, mtu);
    this.#set(layout.QP_RNR_TIMER, rnrTimer);
  }

  #toRts(options: RtsOptions, from: QpState): void {
    const values: readonly [number, number][] = [
      [layout.QP_TIMEOUT_US, checkInteger("timeoutUs", options.timeoutUs ?? 100_000, 0, 10_000_000)],
      [layout.QP_RETRIES_MAX, checkInteger("retryCount", options.retryCount ?? 7, 0, 255)],
      [layout.QP_RNR_RETRIES_MAX, checkInteger("rnrRetry", options.rnrRetry ?? 7, 0, 7)],
      [layout.QP_READS_MAX, checkInteger("maxReads", options.maxReads ?? layout.ANSWERS_MAX, 1, layout.ANSWERS_MAX)],
      [layout.QP_WINDOW, checkInteger("window", options.window ?? 128, 1, 4096)],
    ];
    if (from !== "rtr") return;
    const psn = check24("sqPsn", options.sqPsn);
    for (const [field, value] of values) this.#set(field, value);
    this.#set(layout.QP_RETRIES, options.retryCount ?? 7);
    this.#set(layout.QP_RNR_RETRIES, options.rnrRetry ?? 7);
    for (const field of [layout.QP_NEXT_PSN, layout.QP_FRESH_PSN, layout.QP_ACKED_PSN]) this.#set(field, psn);
  }

  /** As new, but for what it is, and for its place in the endpoint's lists, which only the data plane may leave. */
  #reset(): void {
    const { arena } = this.#endpoint.owner;
    const { ptr, path, sq, rq, answers, atomics } = this.memory;
    const kept = [layout.QP_QPN, layout.QP_SEND_CQ, layout.QP_RECV_CQ].map(
      (field) => [field, this.#get(field)] as const,
    );
    const flags = this.#get(layout.QP_FLAGS) & (layout.QP_F_ACTIVE | layout.QP_F_TOUCHED | layout.QP_F_TIMED);
    arena.u32.fill(0, ptr >> 2, (ptr + layout.QP_BYTES) >> 2);
    arena.u8.fill(0, atomics, atomics + layout.ANSWERS_MAX * layout.ATOMIC_BYTES);
    for (const [field, value] of [
      ...kept,
      [layout.QP_FLAGS, flags],
      [layout.QP_TYPE, this.type === "ud" ? layout.QP_UD : layout.QP_RC],
      [layout.QP_PD, this.#pd.number],
      [layout.QP_PATH, path],
      [layout.QP_SQ, sq],
      [layout.QP_SQ_MASK, this.#endpoint.limits.sendDepth - 1],
      [layout.QP_RQ, rq],
      [layout.QP_RQ_MASK, this.#endpoint.limits.receiveDepth - 1],
      [layout.QP_ANSWERS, answers],
      [layout.QP_ATOMICS, atomics],
    ] as const) {
      this.#set(field, value);
    }
  }

  #checkOpen(): void {
    this.#endpoint.owner.checkOpen();
    if (this.#isDestroyed) throw new ConfigError("queuePair", `${this.qpn}, destroyed`, "one that was not destroyed");
  }

  #checkState(...states: readonly QpState[]): void {
    const { state } = this;
    if (!states.includes(state)) throw new ConfigError("state", state, `one of ${states.join(", ")}`);
  }

  #get(field: number): number {
    return this.#endpoint.owner.arena.u32[(this.memory.ptr + field) >> 2] as number;
  }

  #set(field: number, value: number): void {
    this.#endpoint.owner.arena.u32[(this.memory.ptr + field) >> 2] = value;
  }
}
