/** The controller and its static rivals on a trace of bursts; also bundled for a page. */

import { checkPolicy } from "../../src/limit/controller/policy-check.js";
import type { LimitPolicy } from "../../src/limit/policy.js";
import { type ComparisonFigures, type ComparisonOptions, LimitComparison } from "../../src/limit/replay/comparison.js";
import { LimiterKeeper } from "../../src/limit/replay/limiter-keeper.js";
import type { ReplayArrival } from "../../src/limit/replay/replay.js";
import { ModelLedger } from "../model/ledger.js";
import { bursts } from "./bursts.js";

export const PEERS = 8;
export const LENGTH_MS = 60_000;

export interface BurstSetting {
  readonly policy: LimitPolicy;
  readonly timesMean: number;
  readonly wall?: number;
  readonly stalledPeer?: number;
  /** The twin's by default. */
  readonly ledgers?: ComparisonOptions["ledgers"];
}

export function compareOn(
  trace: readonly ReplayArrival[],
  { policy, timesMean, wall, stalledPeer, ledgers }: BurstSetting,
) {
  const checked = checkPolicy("policy", policy);
  const comparison = new LimitComparison({
    ledgers: ledgers ?? twins(PEERS),
    controller: (watched) =>
      new LimiterKeeper(watched, {
        wall: wall ?? PEERS * checked.ceiling,
        policyOf: () => policy,
        policies: [policy],
      }),
    boundsOf: () => checked,
    framesPerSecond: (timesMean * 1000 * trace.length) / LENGTH_MS,
    stalls: stalledPeer === undefined ? [] : [{ peer: stalledPeer, fromMs: 0, toMs: Number.POSITIVE_INFINITY }],
    mbufBytes: 2048,
    lengthMs: LENGTH_MS,
  });
  for (const arrival of trace) comparison.arrive(arrival);
  return comparison.finish(LENGTH_MS);
}

/** The three ledgers of a comparison, slow and plain. */
export function twins(owners: number): ComparisonOptions["ledgers"] {
  return {
    controller: new ModelLedger(owners),
    staticMinimum: new ModelLedger(owners),
    staticMaximum: new ModelLedger(owners),
  };
}

/** The figures of a seed, as a page and Node must have them alike. */
export function figuresOf(seed: number): ComparisonFigures {
  return compareOn(bursts(seed, { peers: PEERS, lengthMs: LENGTH_MS }), { policy: {}, timesMean: 1.25 });
}
