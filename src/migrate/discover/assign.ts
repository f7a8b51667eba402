/**
 * All of a VM's vnics on one host's adapters, or the assignment that least is missing from: vnics share an adapter's room, so the best
 * adapter of each alone may be too little for both. Depth first with a bound, so the first assignment that costs no more than every
 * vnic would alone ends the search.
 */
import type { Inventory, InventoryAdapter, InventoryHost, InventoryVnic } from "../inventory/inventory.js";
import { minus, ROOM_KINDS, type Room } from "../inventory/room.js";
import { type Cost, compareCosts, costOf, NO_COST, plusCost } from "./cost.js";
import { type Placement, placementOf } from "./placement.js";

/** Room that can be had of an adapter. */
export type RoomOf = (adapter: InventoryAdapter) => Room;

interface Step {
  readonly adapter: InventoryAdapter;
  readonly placement: Placement;
  readonly cost: Cost;
  readonly isUsed: boolean;
  readonly left: number;
}

/** In the order of the vnics. */
export function assign(
  inventory: Inventory,
  vnics: readonly InventoryVnic[],
  host: InventoryHost,
  roomOf: RoomOf,
): Placement[] {
  const adapters = [...host.adapters.values()];
  const rooms = new Map(adapters.map((adapter) => [adapter, roomOf(adapter)]));
  const models = new Map(adapters.map((adapter) => [adapter, modelOf(adapter)]));
  const leastFrom = leastCosts(inventory, vnics, adapters, roomOf);
  let best: { placements: Placement[]; cost: Cost } | undefined;

  const place = (placements: Placement[], cost: Cost): void => {
    const least = plusCost(cost, leastFrom[placements.length] as Cost);
    if (best && compareCosts(least, best.cost) >= 0) return;
    const vnic = vnics[placements.length];
    if (!vnic) {
      best = { placements, cost };
      return;
    }
    const tried = new Set<string>();
    for (const { adapter, placement, cost: own } of stepsOf(vnic, placements)) {
      const room = rooms.get(adapter) as Room;
      // Adapters alike in everything need not all be tried.
      const like = `${models.get(adapter)} ${JSON.stringify(room)} ${isUsed(adapter, placements)}`;
      if (tried.has(like)) continue;
      tried.add(like);
      rooms.set(adapter, minus(room, vnic.room));
      place([...placements, placement], plusCost(cost, own));
      rooms.set(adapter, room);
    }
  };
  /** Of equal cost one that no other vnic is on, so that a VM's vnics do not all end with one adapter; then the roomiest. */
  const stepsOf = (vnic: InventoryVnic, placements: readonly Placement[]): Step[] => {
    const steps = adapters.map((adapter): Step => {
      const room = rooms.get(adapter) as Room;
      const placement = placementOf(inventory, vnic, adapter, room);
      const left = shareLeft(adapter, minus(room, vnic.room), vnic.room);
      return { adapter, placement, cost: costOf(placement), isUsed: isUsed(adapter, placements), left };
    });
    return steps.sort((a, b) => compareCosts(a.cost, b.cost) || Number(a.isUsed) - Number(b.isUsed) || b.left - a.left);
  };

  place([], NO_COST);
  return best?.placements ?? [];
}

/** The smallest share that is left of anything asked for; 0 where there is not enough. */
export function shareLeft({ total }: InventoryAdapter, left: Room, asked: Room): number {
  const shares = ROOM_KINDS.filter((kind) => asked[kind] > 0).map((kind) => {
    return total[kind] === 0 ? 0 : Math.max(0, left[kind]) / total[kind];
  });
  return Math.min(1, ...shares);
}

/** At index i what the vnics from the i-th on cost at the least: each alone. */
function leastCosts(
  inventory: Inventory,
  vnics: readonly InventoryVnic[],
  adapters: readonly InventoryAdapter[],
  roomOf: RoomOf,
): Cost[] {
  const least: Cost[] = [NO_COST];
  for (const vnic of [...vnics].reverse()) {
    const costs = adapters.map((adapter) => costOf(placementOf(inventory, vnic, adapter, roomOf(adapter))));
    const alone = costs.reduce((a, b) => (compareCosts(b, a) < 0 ? b : a));
    least.unshift(plusCost(least[0] as Cost, alone));
  }
  return least;
}

function isUsed({ name }: InventoryAdapter, placements: readonly Placement[]): boolean {
  return placements.some(({ adapter }) => adapter === name);
}

/** All that tells an adapter apart but its name and its room. */
function modelOf({ name: _, free: __, state, ...rest }: InventoryAdapter): string {
  return JSON.stringify([...Object.values(rest), ...state]);
}
