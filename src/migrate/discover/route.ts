/**
 * How a vnic's state can get into another adapter: as it is, extracted in another version that the source can write, or through a
 * conversion that the inventory names. Only the last two may lose something.
 */
import type { Inventory, InventoryAdapter, InventoryVnic, StateFormat } from "../inventory/inventory.js";
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
  const loses = addedBetween(inventory.formats.get(format) as StateFormat, other + 1, version);
  return [{ kind: "other-version", format, version: other, loses }];
}

/** What those versions added, and in one more entry those that nobody has said it of. */
function addedBetween({ added }: StateFormat, first: number, last: number): string[] {
  const versions = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  const [unsaid, ...more] = versions.filter((version) => !added.has(version));
  const said = versions.flatMap((version) => added.get(version) ?? []);
  if (unsaid === undefined) return said;
  const which = more.length === 0 ? `version ${unsaid}` : `versions ${unsaid} to ${more.at(-1)}`;
  return [...said, `what ${which} added`];
}
