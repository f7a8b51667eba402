/** Which policy a peer has: that of the narrowest set that it is in, or that of all. */
import { type CheckedPolicy, checkPolicy, type LimitPolicy } from "../../index.js";
import type { AddressSet } from "./address-set.js";

export interface Override {
  /** As it was written. */
  readonly name: string;
  readonly set: AddressSet;
  /** Whole: with what is the same for all. */
  readonly policy: LimitPolicy;
}

export interface NamedPolicy {
  /** Undefined for that of all. */
  readonly name: string | undefined;
  readonly policy: LimitPolicy;
  /** With its defaults. */
  readonly checked: CheckedPolicy;
}

export class PeerPolicies {
  readonly common: NamedPolicy;
  /** Narrowest first. */
  readonly overrides: readonly (NamedPolicy & { readonly set: AddressSet })[];

  /** Throws ConfigError for a bad policy. */
  constructor(common: LimitPolicy = {}, overrides: readonly Override[] = []) {
    this.common = { name: undefined, policy: common, checked: checkPolicy("policy", common) };
    this.overrides = overrides
      .map((override) => ({ ...override, checked: checkPolicy(`peers.${override.name}`, override.policy) }))
      .toSorted((a, b) => b.set.prefixBits - a.set.prefixBits);
  }

  /** Of the peer with this address, in network order; an empty one is "other". */
  of(address: Uint8Array): NamedPolicy {
    return this.overrides.find(({ set }) => set.has(address)) ?? this.common;
  }
}
