/** libibverbs' words for what the data plane has numbers for. */
import * as layout from "../../../assembly/layout.js";

const STATUSES = {
  [layout.WC_SUCCESS]: "success",
  [layout.WC_LOC_LEN_ERR]: "local-length-error",
  [layout.WC_LOC_PROT_ERR]: "local-protection-error",
  [layout.WC_WR_FLUSH_ERR]: "flushed",
  [layout.WC_BAD_RESP_ERR]: "bad-response",
  [layout.WC_REM_INV_REQ_ERR]: "remote-invalid-request",
  [layout.WC_REM_ACCESS_ERR]: "remote-access-error",
  [layout.WC_REM_OP_ERR]: "remote-operation-error",
  [layout.WC_RETRY_EXC_ERR]: "retries-exhausted",
  [layout.WC_RNR_RETRY_EXC_ERR]: "rnr-retries-exhausted",
} as const;

export type WcStatus = (typeof STATUSES)[keyof typeof STATUSES];

/** Operations of a send queue. */
export const OPCODES = {
  "rdma-write": layout.WR_RDMA_WRITE,
  "rdma-write-imm": layout.WR_RDMA_WRITE_WITH_IMM,
  send: layout.WR_SEND,
  "send-imm": layout.WR_SEND_WITH_IMM,
  "rdma-read": layout.WR_RDMA_READ,
  "compare-swap": layout.WR_ATOMIC_CMP_AND_SWP,
  "fetch-add": layout.WR_ATOMIC_FETCH_AND_ADD,
} as const;

export type SendOpcode = keyof typeof OPCODES;
export type CompletionOpcode = SendOpcode | "recv" | "recv-rdma-imm";

const OPCODE_NAMES = new Map<number, CompletionOpcode>([
  ...Object.entries(OPCODES).map(([name, code]) => [code, name as SendOpcode] as const),
  [layout.WC_RECV, "recv"],
  [layout.WC_RECV_RDMA_WITH_IMM, "recv-rdma-imm"],
]);

/** Every state, in the order of its number. */
export const STATES = ["reset", "init", "rtr", "rts", "sqd", "error"] as const;
export type QpState = (typeof STATES)[number];

/** Whether ICRCs are made and checked. */
export const ICRCS = ["full", "none"] as const;
export type Icrc = (typeof ICRCS)[number];

export function statusName(code: number): WcStatus {
  return STATUSES[code as keyof typeof STATUSES];
}

export function opcodeName(code: number): CompletionOpcode {
  return OPCODE_NAMES.get(code) as CompletionOpcode;
}

/** True where both have a name. */
export function isKnownCompletion(status: number, opcode: number): boolean {
  return Object.hasOwn(STATUSES, status) && OPCODE_NAMES.has(opcode);
}
