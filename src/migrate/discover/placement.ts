/** A vnic on an adapter: by the best of the routes. */
import type { Inventory, InventoryAdapter, InventoryVnic } from "../inventory/inventory.js";
import type { Room } from "../inventory/room.js";
import { compareFields } from "./compare.js";
import type { FieldVerdict } from "./field.js";
import { type Route, routesOf } from "./route.js";

export type MigrationVerdict = "native" | "convertible" | "refused";

export interface Placement {
  readonly vnic: string;
  readonly adapter: string;
  readonly verdict: MigrationVerdict;
  /** Where it is refused, the one that the least stands in the way of. */
  readonly route: Route;
  readonly fields: readonly FieldVerdict[];
}

export function placementOf(
  inventory: Inventory,
  vnic: InventoryVnic,
  target: InventoryAdapter,
  room: Room,
): Placement {
  const routes = routesOf(inventory, vnic, target);
  const placements = routes.map((route) => placementBy(inventory, vnic, route, target, room));
  return placements.reduce((best, other) =>
    missesOf(other.fields).length < missesOf(best.fields).length ? other : best,
  );
}

/** On a route that was chosen before. */
export function placementBy(
  inventory: Inventory,
  vnic: InventoryVnic,
  route: Route,
  target: InventoryAdapter,
  room: Room,
): Placement {
  const fields = compareFields(inventory, vnic, route, target, room);
  const fitting = route.kind === "native" ? "native" : "convertible";
  const verdict = missesOf(fields).length > 0 ? "refused" : fitting;
  return { vnic: vnic.name, adapter: target.name, verdict, route, fields };
}

export function missesOf(fields: readonly FieldVerdict[]): FieldVerdict[] {
  return fields.filter(({ outcome }) => outcome === "misses");
}

export function shortfallOf(fields: readonly FieldVerdict[]): number {
  return fields.reduce((sum, { shortfall }) => sum + shortfall, 0);
}
