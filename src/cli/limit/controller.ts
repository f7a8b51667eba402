/** The controller and its ledgers, as a replay of the command line has them. */
import { type Ledger, LimiterKeeper, PlainLedger } from "../../index.js";
import type { Peers } from "./peers.js";
import type { ReplaySetting } from "./setting.js";

/** An empty ledger for so many owners. */
export function newLedger(owners: number): PlainLedger {
  return new PlainLedger(owners);
}

export function controllerFor(ledger: Ledger, { wall, policies }: ReplaySetting, peers: Peers): LimiterKeeper {
  return new LimiterKeeper(ledger, {
    wall,
    policyOf: (peer) => policies.of(peers.all[peer]?.address as Uint8Array).policy,
    policies: [policies.common, ...policies.overrides].map(({ policy }) => policy),
  });
}
