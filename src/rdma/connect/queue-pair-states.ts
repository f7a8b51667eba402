/** A queue pair's way up and down, as the communication manager's messages have it (IBTA volume 1, 12.9.7 and 10.3.1). */
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { type CmAction, timeMs } from "../cm/index.js";
import type { AddressOptions, QueuePair } from "../verbs/index.js";
import { type Access, accessBits } from "../verbs/region.js";
import { ACCESS_DEFAULT, RESOURCES_MAX } from "./options.js";

const TIMEOUT_MAX_US = 10_000_000;

/** Throws ConfigError for one that cannot be connected so. */
export function checkConnectable(qp: QueuePair, access: readonly Access[] = ACCESS_DEFAULT): void {
  accessBits(access);
  if (qp.type !== "rc") throw new ConfigError("qp.type", qp.type, "rc");
  if (qp.state !== "reset" && qp.state !== "init") throw new ConfigError("qp.state", qp.state, "reset or init");
}

/** To INIT, where it is not there yet. Throws ConfigError. */
export function initialize(qp: QueuePair, access: readonly Access[] = ACCESS_DEFAULT): void {
  if (qp.state === "reset") qp.modify({ state: "init", access });
}

/** What the messages do not say. */
export interface OwnParameters {
  readonly address: AddressOptions;
  readonly window: number;
}

/** False when the queue pair cannot go there: it was brought elsewhere meanwhile, by an error or by its owner. Undefined: it was destroyed. */
export function follow(
  qp: QueuePair | undefined,
  action: Extract<CmAction, { type: "qp" }>,
  { address, window }: OwnParameters,
): boolean {
  if (!qp || qp.isDestroyed) return action.state === "ERROR";
  if (action.state === "ERROR") {
    qp.modify({ state: "error" });
    return true;
  }
  if (qp.state !== (action.state === "RTR" ? "init" : "rtr")) return false;
  if (action.state === "RTR") {
    const { destQpn, rqPsn, pathMtuBytes: mtu } = action.parameters;
    qp.modify({ state: "rtr", address, destQpn, rqPsn, mtu });
  } else {
    const { sqPsn, timeout, retryCount, rnrRetryCount: rnrRetry, maxRdAtomic } = action.parameters;
    // A device has room for one, also where the peer answers none: then its owner posts none.
    const maxReads = Math.min(Math.max(1, maxRdAtomic), RESOURCES_MAX);
    qp.modify({ state: "rts", sqPsn, timeoutUs: timeoutUs(timeout), retryCount, rnrRetry, maxReads, window });
  }
  return true;
}

export function checkResources(argument: string, count: number = RESOURCES_MAX): number {
  return checkInteger(argument, count, 0, RESOURCES_MAX);
}

export function checkWindow(packets = 128): number {
  return checkInteger("window", packets, 1, 4096);
}

/** A local ACK timeout's time code; code 0 is no timeout (9.9.2.1.1). */
function timeoutUs(code: number): number {
  return code === 0 ? 0 : Math.min(TIMEOUT_MAX_US, Math.ceil(timeMs(code) * 1000));
}
