/** Work requests: what is posted, checked, and written as records (assembly/rdma/wqe.ts). */
import * as layout from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { Arena } from "../../memory.js";
import type { Address } from "./address.js";
import type { MemoryRegion } from "./region.js";
import { OPCODES, type SendOpcode } from "./words.js";

/** A run of a region's bytes; the whole region by default. */
export interface Run {
  readonly region: MemoryRegion;
  readonly offset?: number;
  readonly length?: number;
}

export interface SendRequest {
  /** Comes back with the completion, 32 bits; 0 by default. */
  readonly wrId?: number;
  readonly opcode: SendOpcode;
  /** What is sent, or where what is fetched goes: 8 bytes for atomics. Absent: no bytes. */
  readonly local?: Run;
  /** WRITE, READ and atomics: where, at the peer. */
  readonly remote?: { readonly va: bigint; readonly rkey: number };
  /** 32 bits. */
  readonly imm?: number;
  /** What FETCH_ADD adds, or what COMPARE_SWAP compares with. */
  readonly compareAdd?: bigint;
  readonly swap?: bigint;
  /** A completion is wanted of a success, too: true by default. */
  readonly signaled?: boolean;
  readonly solicited?: boolean;
  /**
   * It waits until the READs and atomics before it have their answers. A READ whose response was lost is executed again: what changes
   * the same bytes after it needs a fence.
   */
  readonly fence?: boolean;
  /** Datagrams: to whom. */
  readonly to?: { readonly address: Address; readonly qpn: number; readonly qkey: number };
}

export interface ReceiveRequest {
  readonly wrId?: number;
  /** Where what arrives goes. A datagram needs 40 bytes more in front. Absent: for messages without bytes. */
  readonly local?: Run;
}

const U32_MAX = 2 ** 32 - 1;

/** Throws ConfigError, and writes nothing, for a request that makes no sense. Keys are checked when it is executed. */
export function writeSend(arena: Arena, at: number, request: SendRequest, isDatagram: boolean): void {
  const opcode = OPCODES[request.opcode];
  if (opcode === undefined)
    throw new ConfigError("opcode", request.opcode, `one of ${Object.keys(OPCODES).join(", ")}`);
  const isSend = opcode === layout.WR_SEND || opcode === layout.WR_SEND_WITH_IMM;
  if (isDatagram && !isSend) throw new ConfigError("opcode", request.opcode, "send or send-imm for datagrams");
  if (isDatagram !== (request.to !== undefined)) throw new ConfigError("to", request.to, "given for datagrams, only");
  const { address, length, lkey } = place(request.local);
  const isAtomic = opcode >= layout.WR_ATOMIC_CMP_AND_SWP;
  if (isAtomic) checkInteger("local.length", length, 8, 8);
  if (isSend !== (request.remote === undefined)) {
    throw new ConfigError("remote", request.remote, "given for what names a place at the peer, only");
  }
  const { u32, u64 } = arena;
  u32.fill(0, at >> 2, (at + layout.SEND_WQE_BYTES) >> 2);
  const word = (field: number, value: number) => {
    u32[(at + field) >> 2] = value;
  };
  const long = (field: number, value: bigint) => {
    u64[(at + field) >> 3] = BigInt.asUintN(64, value);
  };
  const signaled = (request.signaled ?? true) ? layout.WR_F_SIGNALED : 0;
  word(layout.SEND_WQE_WR_ID, checkInteger("wrId", request.wrId ?? 0, 0, U32_MAX));
  word(layout.SEND_WQE_OPCODE, opcode);
  const solicited = request.solicited ? layout.WR_F_SOLICITED : 0;
  word(layout.SEND_WQE_FLAGS, signaled | solicited | (request.fence ? layout.WR_F_FENCE : 0));
  word(layout.SEND_WQE_LKEY, lkey);
  word(layout.SEND_WQE_ADDRESS, address);
  word(layout.SEND_WQE_LENGTH, length);
  word(layout.SEND_WQE_IMM, checkInteger("imm", request.imm ?? 0, 0, U32_MAX));
  word(layout.SEND_WQE_RKEY, checkInteger("remote.rkey", request.remote?.rkey ?? 0, 0, U32_MAX));
  long(layout.SEND_WQE_VA, request.remote?.va ?? 0n);
  long(layout.SEND_WQE_COMPARE_ADD, request.compareAdd ?? 0n);
  long(layout.SEND_WQE_SWAP, request.swap ?? 0n);
  word(layout.SEND_WQE_PATH, request.to?.address.ptr ?? 0);
  word(layout.SEND_WQE_DEST_QPN, checkInteger("to.qpn", request.to?.qpn ?? 0, 0, 0xffffff));
  word(layout.SEND_WQE_QKEY, checkInteger("to.qkey", request.to?.qkey ?? 0, 0, U32_MAX));
}

/** Throws as writeSend. */
export function writeReceive(arena: Arena, at: number, { wrId, local }: ReceiveRequest): void {
  const { address, length, lkey } = place(local);
  const id = checkInteger("wrId", wrId ?? 0, 0, U32_MAX);
  for (const [field, value] of [
    [layout.RECV_WQE_WR_ID, id],
    [layout.RECV_WQE_LKEY, lkey],
    [layout.RECV_WQE_ADDRESS, address],
    [layout.RECV_WQE_LENGTH, length],
  ] as const) {
    arena.u32[(at + field) >> 2] = value;
  }
}

function place(run: Run | undefined): { address: number; length: number; lkey: number } {
  if (!run) return { address: 0, length: 0, lkey: 0 };
  const whole = run.region.bytes.length;
  const offset = checkInteger("local.offset", run.offset ?? 0, 0, whole);
  const length = checkInteger("local.length", run.length ?? whole - offset, 0, whole - offset);
  return { address: run.region.address + offset, length, lkey: run.region.lkey };
}
