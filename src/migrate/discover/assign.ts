/**
 * All of a VM's vnics on one host's adapters, or an assignment that little is missing from: vnics share an adapter's room, so the best
 * adapter of each alone may be too little for both. Depth first, the pickiest vnic first; no branch is followed that would cost as much as
 * the best so far even if each of its other vnics were alone. Whether all fit is answered exactly. If they do not, the search for the
 * nearest miss ends after so many steps.
 */
import type { Inventory, InventoryAdapter, InventoryHost, InventoryVnic } from "../inventory/inventory.js";
import { minus, type Room } from "../inventory/room.js";
import { type Cost, compareCosts, costOf, NO_COST, plusCost } from "./cost.js";
import { type Placement, placementOf } from "./placement.js";
import { shareLeft } from "./share.js";

/** Room that can be had of an adapter. */
export type RoomOf = (adapter: InventoryAdapter) => Room;

const MISSING_STEPS = 500;

/** In the order of the vnics; each has the room that those before it leave. */
export function assign(
  inventory: Inventory,
  vnics: readonly InventoryVnic[],
  host: InventoryHost,
  roomOf: RoomOf,
): Placement[] {
  const rooms = new Map([...host.adapters.values()].map((adapter) => [adapter, roomOf(adapter)]));
  const order = pickiestFirst(inventory, vnics, rooms);
  const adapters = search(inventory, order, rooms);
  return vnics.map((vnic) => {
    const adapter = adapters[order.findIndex((one) => one.vnic === vnic)] as InventoryAdapter;
    const room = rooms.get(adapter) as Room;
    rooms.set(adapter, minus(room, vnic.room));
    return placementOf(inventory, vnic, adapter, room);
  });
}

interface Alone {
  readonly vnic: InventoryVnic;
  /** What it costs by itself on the best adapter, and on how many that much. */
  readonly least: Cost;
  readonly choices: number;
}

type Rooms = Map<InventoryAdapter, Room>;

function pickiestFirst(inventory: Inventory, vnics: readonly InventoryVnic[], rooms: Rooms): Alone[] {
  const alone = vnics.map((vnic): Alone => {
    const costs = [...rooms].map(([adapter, room]) => costOf(placementOf(inventory, vnic, adapter, room)));
    const least = costs.reduce((a, b) => (compareCosts(b, a) < 0 ? b : a));
    return { vnic, least, choices: costs.filter((cost) => compareCosts(cost, least) === 0).length };
  });
  return alone.sort((a, b) => a.choices - b.choices);
}

/** An adapter for each, in that order. */
function search(inventory: Inventory, order: readonly Alone[], free: Rooms): InventoryAdapter[] {
  const rooms = new Map(free);
  const models = new Map([...rooms.keys()].map((adapter) => [adapter, modelOf(adapter)]));
  const leastFrom = order.map((_, i) => order.slice(i).reduce((sum, { least }) => plusCost(sum, least), NO_COST));
  let best: { readonly adapters: readonly InventoryAdapter[]; readonly cost: Cost } | undefined;
  let steps = 0;

  const place = (placed: readonly InventoryAdapter[], cost: Cost): void => {
    const least = plusCost(cost, leastFrom[placed.length] ?? NO_COST);
    if (best && compareCosts(least, best.cost) >= 0) return;
    if (best && least[0] > 0 && ++steps > MISSING_STEPS) return;
    const next = order[placed.length];
    if (!next) {
      best = { adapters: placed, cost };
      return;
    }
    const tried = new Set<string>();
    for (const { adapter, cost: own, isUsed } of stepsOf(inventory, next.vnic, rooms, placed)) {
      const room = rooms.get(adapter) as Room;
      // Adapters alike in everything need not all be tried.
      const like = `${models.get(adapter)} ${JSON.stringify(room)} ${isUsed}`;
      if (tried.has(like)) continue;
      tried.add(like);
      rooms.set(adapter, minus(room, next.vnic.room));
      place([...placed, adapter], plusCost(cost, own));
      rooms.set(adapter, room);
    }
  };

  place([], NO_COST);
  return [...(best?.adapters ?? [])];
}

interface Step {
  readonly adapter: InventoryAdapter;
  readonly cost: Cost;
  readonly isUsed: boolean;
  readonly left: number;
}

/** Of equal cost first one that no other vnic is on, so that a VM's vnics do not all end with one adapter; then the roomiest. */
function stepsOf(inventory: Inventory, vnic: InventoryVnic, rooms: Rooms, placed: readonly InventoryAdapter[]): Step[] {
  const steps = [...rooms].map(([adapter, room]): Step => {
    const left = shareLeft(adapter, minus(room, vnic.room), vnic.room);
    return {
      adapter,
      cost: costOf(placementOf(inventory, vnic, adapter, room)),
      isUsed: placed.includes(adapter),
      left,
    };
  });
  return steps.sort((a, b) => compareCosts(a.cost, b.cost) || Number(a.isUsed) - Number(b.isUsed) || b.left - a.left);
}

/** All that tells an adapter apart but its name and its room. */
function modelOf({ name: _, free: __, state, ...rest }: InventoryAdapter): string {
  return JSON.stringify([...Object.values(rest), ...state]);
}
