/** Which encapsulation two hosts use for a network: what hosts do (host/paths.ts), and what they are said to do (`ringlane policy check`). */
import type { EncapsulationName } from "../../directory/records.js";
import { ENCAPSULATIONS } from "../encapsulations.js";
import type { NetworkPolicy } from "./policy.js";

/** The first that the sender takes, best first, of those that the receiver takes too and that the network lets them use. */
export function agreedEncapsulation(
  { vni, innerVlan, encapsulation }: NetworkPolicy,
  sender: readonly EncapsulationName[],
  receiver: readonly EncapsulationName[],
): EncapsulationName | undefined {
  const { vniMin, vniMax } = ENCAPSULATIONS.nvgre;
  const isNvgrePossible = vni >= vniMin && vni <= vniMax && !innerVlan;
  return sender.find(
    (name) =>
      receiver.includes(name) &&
      (encapsulation === undefined || encapsulation === name) &&
      (name !== "nvgre" || isNvgrePossible),
  );
}
