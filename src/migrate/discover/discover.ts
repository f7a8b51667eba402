/** Where a VM can go, and why not elsewhere. */
import { ConfigError } from "../../errors.js";
import type { Inventory, InventoryVm } from "../inventory/inventory.js";
import type { RoomOf } from "./assign.js";
import { candidatesOn, compareCandidates, type MigrationCandidate } from "./candidate.js";

export interface DiscoverOptions {
  /** The one host that is asked about. */
  readonly to?: string;
  /** Room that can be had of an adapter: what is free by default; Reservations.roomOf takes off what is promised to others. */
  readonly roomOf?: RoomOf;
}

/**
 * Every place on other hosts than the VM's own, the best first; those that rank alike as the inventory has them. Throws ConfigError for a
 * VM or a host that the inventory does not have, and where the VM is already.
 */
export function discoverTargets(inventory: Inventory, vm: string, options: DiscoverOptions = {}): MigrationCandidate[] {
  const { to, roomOf = ({ free }) => free } = options;
  const moving = vmOf(inventory, vm);
  const others = [...inventory.hosts.values()].filter(({ name }) => name !== moving.host);
  if (to !== undefined && !others.some(({ name }) => name === to)) {
    const known = others.map(({ name }) => name).join(", ") || "none";
    throw new ConfigError("to", to, `one of ${known}${to === moving.host ? `: ${vm} is on ${to} already` : ""}`);
  }
  const asked = others.filter(({ name }) => to === undefined || name === to);
  return asked.flatMap((host) => candidatesOn(inventory, moving, host, roomOf)).sort(compareCandidates);
}

/** Throws ConfigError when there is none of the name. */
export function vmOf({ vms }: Inventory, vm: string): InventoryVm {
  const found = vms.get(vm);
  if (!found) throw new ConfigError("vm", vm, `one of ${[...vms.keys()].join(", ") || "none"}`);
  return found;
}
