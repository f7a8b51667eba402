/** The controller as the keeper of a replay's limits: each peer is a partition of its own, all under one wall. */
import { ConfigError } from "../../errors.js";
import { Limiter } from "../controller/limiter.js";
import { checkPolicy } from "../controller/policy-check.js";
import type { Ledger } from "../ledger.js";
import type { LimitPolicy } from "../policy.js";
import type { Keeper } from "./keeper.js";

/** More than the times that an owner which has learned to be patient needs a policy's windows (step.ts). */
const PATIENT_WINDOWS = 2048;

export interface LimiterKeeperOptions {
  /** Of all peers together; it must have room for the floors of all that will come. */
  readonly wall: number;
  readonly policyOf: (peer: number) => LimitPolicy;
  /** All policies that policyOf has. */
  readonly policies: readonly LimitPolicy[];
}

export class LimiterKeeper implements Keeper {
  readonly settleMs: number;
  readonly #limiter: Limiter;
  readonly #policyOf: (peer: number) => LimitPolicy;

  constructor(ledger: Ledger, { wall, policyOf, policies }: LimiterKeeperOptions) {
    this.#limiter = new Limiter(ledger, { wall });
    this.#policyOf = policyOf;
    this.settleMs = Math.max(0, ...policies.map(settleMsOf));
  }

  get nextMs(): number {
    return this.#limiter.nextTickMs ?? Number.POSITIVE_INFINITY;
  }

  admit(peer: number, nowMs: number): number | undefined {
    this.#limiter.tick(nowMs);
    try {
      return this.#limiter.addPartition(`${peer}`, this.#policyOf(peer));
    } catch (error) {
      // There is room for all floors, but others have mbufs in use that they have to give back first.
      if (error instanceof ConfigError && error.argument === "wall") return undefined;
      throw error;
    }
  }

  tick(nowMs: number): void {
    this.#limiter.tick(nowMs);
  }
}

/** Longer than the most patient owner waits before it changes a limit in a silence. */
function settleMsOf(policy: LimitPolicy): number {
  const { window, reduce, raise, holdWindows } = checkPolicy("policy", policy);
  const intervalMs = reduce.by === "sojourn" ? reduce.intervalMs : 0;
  return ((reduce.windows + raise.windows) * PATIENT_WINDOWS + holdWindows) * window.ms + intervalMs;
}
