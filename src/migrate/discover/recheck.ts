/** What was found and promised, held against what adapters say now: firmware is updated and room is taken while a VM's state is copied. */
import type { Inventory, InventoryAdapter } from "../inventory/inventory.js";
import { minus, type Room } from "../inventory/room.js";
import type { RoomOf } from "./assign.js";
import { adapterIn, type PlacementMiss, type RoomLease } from "./lease.js";
import { missesOf, placementBy } from "./placement.js";

/** Every field that misses on the routes that were chosen, for all placements together; none when it still fits. */
export function missesNow(
  inventory: Inventory,
  { vm, host, placements }: Pick<RoomLease, "vm" | "host"> & { readonly placements: readonly Chosen[] },
  roomOf: RoomOf,
): PlacementMiss[] {
  const left = new Map<InventoryAdapter, Room>();
  return placements.flatMap(({ vnic: name, adapter: target, route }): PlacementMiss[] => {
    const vnic = inventory.vms.get(vm)?.vnics.find((one) => one.name === name);
    const adapter = adapterIn(inventory, host, target);
    if (!vnic || !adapter || !inventory.formats.has(route.format)) {
      return [{ vnic: name, adapter: target, field: undefined }];
    }
    const room = left.get(adapter) ?? roomOf(adapter);
    left.set(adapter, minus(room, vnic.room));
    const { fields } = placementBy(inventory, vnic, route, adapter, room);
    return missesOf(fields).map((field) => ({ vnic: name, adapter: target, field }));
  });
}

type Chosen = Pick<RoomLease["placements"][number], "vnic" | "adapter" | "route">;
