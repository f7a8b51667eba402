/** A place that a VM could move to: an adapter for its vnic or, if it has several, a host with an adapter for each. */
import type { Inventory, InventoryAdapter, InventoryHost, InventoryVm } from "../inventory/inventory.js";
import { minus, NO_ROOM, plus, type Room } from "../inventory/room.js";
import { assign, type RoomOf } from "./assign.js";
import { type Cost, compareCosts, costOf, NO_COST, plusCost } from "./cost.js";
import { type MigrationVerdict, type Placement, placementOf } from "./placement.js";
import { shareLeft } from "./share.js";

export interface MigrationCandidate {
  readonly host: string;
  /** The worst of its placements': all or nothing. */
  readonly verdict: MigrationVerdict;
  /** One for each vnic, in the VM's order. */
  readonly placements: readonly Placement[];
  /** What all conversions together lose. */
  readonly loses: readonly string[];
  /** Fields that miss, over all placements. */
  readonly misses: number;
  /** What is missing of them, as FieldVerdict says it. */
  readonly shortfall: number;
  /** The smallest share of queue pairs, mbufs or functions that is left of an adapter once the VM is there. */
  readonly roomLeft: number;
}

/** In the host's order of adapters. */
export function candidatesOn(
  inventory: Inventory,
  { vnics }: InventoryVm,
  host: InventoryHost,
  roomOf: RoomOf,
): MigrationCandidate[] {
  const [first, ...others] = vnics;
  const all =
    first && others.length === 0
      ? [...host.adapters.values()].map((adapter) => [placementOf(inventory, first, adapter, roomOf(adapter))])
      : [assign(inventory, vnics, host, roomOf)];
  return all.map((placements) => candidateOf(host, vnics, placements, roomOf));
}

function candidateOf(
  host: InventoryHost,
  vnics: InventoryVm["vnics"],
  placements: readonly Placement[],
  roomOf: RoomOf,
): MigrationCandidate {
  const asked = new Map<InventoryAdapter, Room>();
  for (const [i, { adapter: name }] of placements.entries()) {
    const adapter = host.adapters.get(name) as InventoryAdapter;
    asked.set(adapter, plus(asked.get(adapter) ?? NO_ROOM, vnics[i]?.room ?? NO_ROOM));
  }
  const shares = [...asked].map(([adapter, room]) => shareLeft(adapter, minus(roomOf(adapter), room), room));
  const [misses, conversions, shortfall] = placements.map(costOf).reduce(plusCost, NO_COST);
  return {
    host: host.name,
    verdict: misses > 0 ? "refused" : conversions > 0 ? "convertible" : "native",
    placements,
    loses: [...new Set(placements.flatMap(({ route }) => route.loses))],
    misses,
    shortfall,
    roomLeft: Math.min(1, ...shares),
  };
}

const ORDER: Readonly<Record<MigrationVerdict, number>> = { native: 0, convertible: 1, refused: 2 };

/**
 * Less than 0 when a is the better one: native before convertible before refused; of those that fit the roomiest, of those that are refused
 * the one that least is missing from.
 */
export function compareCandidates(a: MigrationCandidate, b: MigrationCandidate): number {
  const byVerdict = ORDER[a.verdict] - ORDER[b.verdict];
  if (byVerdict !== 0) return byVerdict;
  const missing = ({ misses, shortfall }: MigrationCandidate): Cost => [misses, 0, shortfall];
  return compareCosts(missing(a), missing(b)) || b.roomLeft - a.roomLeft;
}
