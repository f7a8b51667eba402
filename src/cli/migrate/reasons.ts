/** Why a candidate has the verdict that it has. */
import type { InventoryVm, MigrationCandidate } from "../../index.js";
import { missText, routeText } from "./words.js";

/** Of a refused one what stands in the way, of others what is lost and what room is left. */
export function reasonsOf({ vnics }: InventoryVm, { verdict, placements, roomLeft }: MigrationCandidate): string[] {
  const isOne = vnics.length === 1;
  const reasons = placements.flatMap(({ vnic, adapter, route, fields }, i) => {
    const at = isOne ? "" : `${vnic}: `;
    if (verdict !== "refused")
      return route.kind === "native" ? [] : [`${at}${routeText(route, vnics[i]?.version ?? 0)}`];
    const misses = fields.filter(({ outcome }) => outcome === "misses");
    const neighbours = placements.slice(0, i).filter((other) => other.adapter === adapter);
    const names = neighbours.map(({ vnic }) => vnic);
    return misses.flatMap((field) => missText(field, route, names) ?? []).map((text) => `${at}${text}`);
  });
  return verdict === "refused" ? reasons : [...reasons, `leaves ${Math.floor(100 * roomLeft)} % of its room`];
}
