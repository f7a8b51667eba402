/** Room that is promised to a move until it is there, given up, or too late. */
import type { Inventory, InventoryAdapter } from "../inventory/inventory.js";
import type { Room } from "../inventory/room.js";
import type { FieldVerdict } from "./field.js";
import type { Route } from "./route.js";

export interface LeasedPlacement {
  readonly vnic: string;
  readonly adapter: string;
  readonly route: Route;
  readonly room: Room;
}

export interface RoomLease {
  /** The move's own name for it, by which it is renewed and released. */
  readonly id: string;
  readonly vm: string;
  readonly host: string;
  readonly placements: readonly LeasedPlacement[];
  /** From then on the room may be somebody else's. */
  readonly expiresMs: number;
}

/** What stands in the way of a vnic where it was to go. */
export interface PlacementMiss {
  readonly vnic: string;
  readonly adapter: string;
  /** Undefined when the vnic or the adapter is not there any more. */
  readonly field: FieldVerdict | undefined;
}

/** Undefined when the inventory does not have it. */
export function adapterIn(inventory: Inventory, host: string, adapter: string): InventoryAdapter | undefined {
  return inventory.hosts.get(host)?.adapters.get(adapter);
}
