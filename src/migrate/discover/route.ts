/**
 * How a vnic's state can get into another adapter: as it is, extracted in another version that the source can write, or through a
 * conversion that the inventory names. Only the last two may lose something.
 */
import type { Inventory, InventoryAdapter, InventoryVnic } from "../inventory/inventory.js";
import { hasVersion } from "../inventory/versions.js";

export interface Route {
  readonly kind: "native" | "other-version" | "conversion";
  /** What the target is given. */
  readonly format: string;
  readonly version: number;
  readonly loses: readonly string[];
}

/** Native first, then by how much is lost; of equals as the inventory has them. */
export function routesOf(inventory: Inventory, vnic: InventoryVnic, target: InventoryAdapter): Route[] {
  const { format, version } = vnic;
  const conversions = inventory.conversions.filter(({ from, versions }) => {
    return from === format && (versions === undefined || hasVersion(versions, version));
  });
  const others: Route[] = [
    ...otherVersion(inventory, vnic, target),
    ...conversions.map(({ to, version, loses }): Route => ({ kind: "conversion", format: to, version, loses })),
  ];
  others.sort((a, b) => a.loses.length - b.loses.length);
  return [{ kind: "native", format, version, loses: [] }, ...others];
}

/** A newer version loses nothing; of older ones the newest loses least. */
function otherVersion(
  inventory: Inventory,
  { adapter, format, version }: InventoryVnic,
  target: InventoryAdapter,
): Route[] {
  const writes = adapter.state.get(format)?.writes;
  const reads = target.state.get(format)?.reads;
  if (!writes || !reads) return [];
  const [first, last] = [Math.max(writes.first, reads.first), Math.min(writes.last, reads.last)];
  if (first > last || (version >= first && version <= last)) return [];
  const other = first > version ? first : last;
  const added = inventory.formats.get(format)?.added;
  const loses: string[] = [];
  for (let one = other + 1; one <= version; one++) loses.push(...(added?.get(one) ?? [`what version ${one} added`]));
  return [{ kind: "other-version", format, version: other, loses }];
}
