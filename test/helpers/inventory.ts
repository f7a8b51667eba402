/** Small inventories: a home with all that a VM may need, and targets that differ from it. */
import { defineInventory, type Inventory, type InventoryDefinition } from "../../src/index.js";

export type AdapterIn = InventoryDefinition["hosts"][string]["adapters"][string];
type VmsIn = NonNullable<InventoryDefinition["vms"]>;
export type VnicIn = VmsIn[string]["vnics"][string];

export const HOME: AdapterIn = {
  device: "15b3:101d",
  subsystem: "15b3:0016",
  revision: 0,
  firmware: "22.41",
  state: {
    cx: { reads: "1-5", writes: "1-5" },
    ice: { reads: 1, writes: 1 },
    portable: { reads: "1-3", writes: "1-3" },
  },
  queuePairs: { total: 1000, free: 0 },
  mbufs: { total: 1000, free: 0 },
  functions: { total: 1000, free: 0 },
  mtuBytes: 9000,
  uplinks: 4,
  lag: ["active-backup", "static", "lacp", "selective"],
  offloads: ["checksum", "tso", "vxlan"],
  headroomBytes: 128,
};

/** As home's, with room. */
export function target(differs: Partial<AdapterIn> = {}): AdapterIn {
  const capacity = { total: 64, free: 32 };
  return { ...HOME, queuePairs: capacity, mbufs: capacity, functions: capacity, ...differs };
}

export function vnic(
  needs: Partial<VnicIn["needs"]> = {},
  state: VnicIn["state"] = { format: "cx", version: 4 },
): VnicIn {
  return { adapter: "nic", state, needs: { queuePairs: 8, mbufs: 8, mtuBytes: 1500, ...needs } };
}

/** The VM is on home. Targets are hosts, with an adapter named nic or several by name. */
export function worldOf(
  vnics: Readonly<Record<string, VnicIn>>,
  targets: Readonly<Record<string, AdapterIn | Record<string, AdapterIn>>>,
  rest: Pick<InventoryDefinition, "formats" | "conversions"> = {},
): InventoryDefinition {
  const hosts = Object.entries(targets).map(([name, said]) => {
    return [name, { adapters: "device" in said ? { nic: said as AdapterIn } : (said as Record<string, AdapterIn>) }];
  });
  return {
    hosts: { home: { adapters: { nic: HOME } }, ...Object.fromEntries(hosts) },
    vms: { vm: { host: "home", vnics } },
    ...rest,
  };
}

export function inventoryOf(...world: Parameters<typeof worldOf>): Inventory {
  return defineInventory(worldOf(...world));
}
