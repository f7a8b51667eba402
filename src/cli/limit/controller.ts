/** The controller and its ledgers, as a replay of the command line has them. */
import { createAccounts, type Ledger, LimiterKeeper } from "../../index.js";
import type { Peers } from "./peers.js";
import type { ReplaySetting } from "./setting.js";

/** Empty ledgers for so many owners: the data plane's own. */
export async function newLedgers(owners: number) {
  const accounts = () => createAccounts(Math.max(1, owners));
  return { controller: await accounts(), staticMinimum: await accounts(), staticMaximum: await accounts() };
}

export function controllerFor(ledger: Ledger, { wall, policies }: ReplaySetting, peers: Peers): LimiterKeeper {
  return new LimiterKeeper(ledger, {
    wall,
    policyOf: (peer) => policies.of(peers.all[peer]?.address as Uint8Array).policy,
    policies: [policies.common, ...policies.overrides].map(({ policy }) => policy),
  });
}
