/**
 * States of a queue pair and what each change needs (IBTA volume 1, 10.3.1). RESET-INIT-RTR-RTS is the way up; SQD lets the send queue
 * drain; ERROR and RESET can be reached from anywhere. The data plane knows one change of its own: to ERROR.
 */
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { AddressOptions } from "./path.js";
import type { Access } from "./region.js";
import type { QpState } from "./words.js";

export interface InitOptions {
  readonly state: "init";
  /** What peers may do through this queue pair; nothing by default. */
  readonly access?: readonly Access[];
  /** Datagrams: the key that they must bring. */
  readonly qkey?: number;
}

export interface RtrOptions {
  readonly state: "rtr";
  /** The four below are a connection's, and needed for one. */
  readonly address?: AddressOptions;
  readonly destQpn?: number;
  /** The PSN that the peer begins with. */
  readonly rqPsn?: number;
  readonly mtu?: Mtu;
  /** What the peer is asked to wait when no receive is posted: a code of table 45, 0 to 31; 12 (640 us) by default. */
  readonly minRnrTimer?: number;
}

/** From SQD back to RTS the state alone counts. */
export interface RtsOptions {
  readonly state: "rts";
  /** The PSN to begin with; needed on the way up, and not from SQD. */
  readonly sqPsn?: number;
  /** Microseconds until what has no answer is sent again, 0 (never) to 10000000; 100000 by default. */
  readonly timeoutUs?: number;
  /** How often without progress, 0 to 255; 7 by default, the most that a connection manager can say. */
  readonly retryCount?: number;
  /** How often a receiver that is not ready is asked again, 0 to 7; 7, the default, is without end. */
  readonly rnrRetry?: number;
  /** READs and atomics open at a time, 1 to 16; 16 by default. */
  readonly maxReads?: number;
  /** Packets without an answer, 1 to 4096; 128 by default. */
  readonly window?: number;
}

export interface PlainState {
  readonly state: "reset" | "sqd" | "error";
}

export type ModifyOptions = InitOptions | RtrOptions | RtsOptions | PlainState;

export const MTUS = [256, 512, 1024, 2048, 4096] as const;
export type Mtu = (typeof MTUS)[number];

const WAYS: { readonly [from in QpState]: readonly QpState[] } = {
  reset: ["reset", "init", "error"],
  init: ["reset", "init", "rtr", "error"],
  rtr: ["reset", "rts", "error"],
  rts: ["reset", "rts", "sqd", "error"],
  sqd: ["reset", "rts", "sqd", "error"],
  error: ["reset", "error"],
};

/** ConfigError for a change that there is not. */
export function checkWay(from: QpState, to: QpState): void {
  if (!WAYS[from].includes(to)) throw new ConfigError("state", to, `one of ${WAYS[from].join(", ")} after ${from}`);
}

/** BTH, the longest headers behind it, and the ICRC. */
const AROUND_BYTES = 12 + 28 + 4;

export function checkMtu(mtu: number, payloadBytes: number): Mtu {
  if (!MTUS.includes(mtu as Mtu)) throw new ConfigError("mtu", mtu, `one of ${MTUS.join(", ")}`);
  checkInteger("mtu", mtu, 256, payloadBytes - AROUND_BYTES);
  return mtu as Mtu;
}

export function maxMtu(payloadBytes: number): Mtu | undefined {
  return MTUS.findLast((mtu) => mtu <= payloadBytes - AROUND_BYTES);
}

export function check24(argument: string, value: number | undefined): number {
  if (value === undefined) throw new ConfigError(argument, value, "given");
  return checkInteger(argument, value, 0, 0xffffff);
}
