/** What an estimate goes by, and the bounds of it. */
import { checkInteger, checkOneOf } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { ESTIMATE_OPERATIONS, type EstimateOperation, PATH_MTUS } from "./wire-cost.js";

export interface RdmaEstimateOptions {
  /** How long the first message of an aggregate waits for others, in nanoseconds: one estimate for each. */
  readonly windowsNs: readonly number[];
  /** Of a path; 1024 by default. */
  readonly mtuBytes?: number;
  /** An aggregate at most, sub-headers included; by default a path MTU, but at least 2048, a buffer. */
  readonly limitBytes?: number;
  /** Messages of an aggregate at most; 64 by default. */
  readonly messagesMax?: number;
  /** By which transfers go, before and after; "write" by default. */
  readonly operation?: EstimateOperation;
}

export interface CheckedEstimateOptions extends Required<RdmaEstimateOptions> {
  /** Messages that are longer with their sub-header bypass. */
  readonly largestBytes: number;
}

/** Stream, sequence, and flags with the length. */
export const SUB_HEADER_BYTES = 6;

const WINDOW_NS_MAX = 1e9;
export const ESTIMATE_BOUNDS = {
  windowNs: [0, WINDOW_NS_MAX],
  limitBytes: [64, 65_536],
  messagesMax: [2, 1024],
} as const;

const DEFAULT_MTU_BYTES = 1024;
const DEFAULT_LIMIT_BYTES = 2048;
const DEFAULT_MESSAGES = 64;
/** A sub-header's length has 12 bits. */
const SUB_FRAME_BYTES_MAX = SUB_HEADER_BYTES + 0xfff;

/** Throws ConfigError. */
export function checkEstimateOptions(options: RdmaEstimateOptions): CheckedEstimateOptions {
  const { windowsNs, mtuBytes = DEFAULT_MTU_BYTES, messagesMax = DEFAULT_MESSAGES, operation = "write" } = options;
  const limitBytes = options.limitBytes ?? Math.max(mtuBytes, DEFAULT_LIMIT_BYTES);
  for (const [i, ns] of windowsNs.entries()) checkInteger(`windowsNs[${i}]`, ns, ...ESTIMATE_BOUNDS.windowNs);
  if (!PATH_MTUS.some((mtu) => mtu === mtuBytes)) {
    throw new ConfigError("mtuBytes", mtuBytes, `one of ${PATH_MTUS.join(", ")}`);
  }
  checkInteger("limitBytes", limitBytes, ...ESTIMATE_BOUNDS.limitBytes);
  checkInteger("messagesMax", messagesMax, ...ESTIMATE_BOUNDS.messagesMax);
  checkOneOf("operation", operation, ESTIMATE_OPERATIONS);
  const largestBytes = Math.min(mtuBytes, limitBytes, SUB_FRAME_BYTES_MAX);
  return { windowsNs, mtuBytes, limitBytes, messagesMax, operation, largestBytes };
}
