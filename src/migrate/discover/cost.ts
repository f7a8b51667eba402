/** What stands against a placement, or several: first mismatches, then conversions, then how much is missing. */
import { missesOf, type Placement, shortfallOf } from "./placement.js";

export type Cost = readonly [misses: number, conversions: number, shortfall: number];

export const NO_COST: Cost = [0, 0, 0];

export function costOf({ fields, route }: Placement): Cost {
  return [missesOf(fields).length, route.kind === "native" ? 0 : 1, shortfallOf(fields)];
}

export function plusCost(a: Cost, b: Cost): Cost {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

/** Less than 0 when a is the better one. */
export function compareCosts(a: Cost, b: Cost): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
