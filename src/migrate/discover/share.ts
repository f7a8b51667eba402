/** How much of an adapter is left, in one number. */
import type { InventoryAdapter } from "../inventory/inventory.js";
import { ROOM_KINDS, type Room } from "../inventory/room.js";

/** The smallest share that is left of anything asked for; 0 where there is not enough. */
export function shareLeft({ total }: InventoryAdapter, left: Room, asked: Room): number {
  const shares = ROOM_KINDS.filter((kind) => asked[kind] > 0).map((kind) => {
    return total[kind] === 0 ? 0 : Math.max(0, left[kind]) / total[kind];
  });
  return Math.min(1, ...shares);
}
