/** Field by field, what a vnic needs on a route, and what an adapter has. */
import type { Inventory, InventoryAdapter, InventoryVnic, StateFormat } from "../inventory/inventory.js";
import { ROOM_KINDS, type Room } from "../inventory/room.js";
import { IDENTITY } from "../inventory/schema.js";
import { compareFirmware, hasVersion, rangeText, type VersionRange } from "../inventory/versions.js";
import { allOf, atLeast, exact, type FieldVerdict } from "./field.js";
import type { Route } from "./route.js";

/** All of FIELDS, in their order. Room is what can still be had of the target, which may be less than its inventory says. */
export function compareFields(
  inventory: Inventory,
  vnic: InventoryVnic,
  route: Route,
  target: InventoryAdapter,
  room: Room,
): FieldVerdict[] {
  return [
    ...deviceFields(inventory, vnic, route, target),
    ...stateFields(vnic, route, target),
    ...ROOM_KINDS.map((kind) => atLeast(kind, vnic.room[kind], room[kind])),
    atLeast("mtuBytes", vnic.mtuBytes, target.mtuBytes),
    atLeast("uplinks", vnic.uplinks, target.uplinks),
    allOf("lag", vnic.lag, target.lag),
    allOf("offloads", vnic.offloads, target.offloads),
    atLeast("headroomBytes", vnic.headroomBytes, target.headroomBytes),
  ];
}

/** What the vnic's state asks as it is, held against the adapter that it is on. */
export function nativeFields(inventory: Inventory, vnic: InventoryVnic): FieldVerdict[] {
  const { format, version, adapter } = vnic;
  return compareFields(inventory, vnic, { kind: "native", format, version, loses: [] }, adapter, adapter.total);
}

/** What the format that is inserted asks of the device; what only the source's own format asks, the conversion takes care of. */
function deviceFields(
  { formats }: Inventory,
  { adapter: source, format }: InventoryVnic,
  route: Route,
  target: InventoryAdapter,
): FieldVerdict[] {
  const own = formats.get(format) as StateFormat;
  const inserted = formats.get(route.format) as StateFormat;
  const identity = IDENTITY.map((field) => {
    const [needs, has] = [source.identity[field], target.identity[field]];
    if (inserted.same.includes(field)) return exact(field, "same", needs, has, needs === has ? "fits" : "misses");
    const isConverted = needs !== has && own.same.includes(field);
    return exact(field, "any", null, has, isConverted ? "converted" : "fits");
  });
  const [needs, has] = [source.firmware, target.firmware];
  if (inserted.firmware !== "any") {
    const fits = firmwareFits(inserted, needs, has);
    return [...identity, exact("firmware", inserted.firmware, needs, has, fits ? "fits" : "misses")];
  }
  const isConverted = !firmwareFits(own, needs, has);
  return [...identity, exact("firmware", "any", null, has, isConverted ? "converted" : "fits")];
}

function firmwareFits({ firmware }: StateFormat, needs: string, has: string): boolean {
  const order = compareFirmware(has, needs);
  return firmware === "any" || (firmware === "same" ? order === 0 : order >= 0);
}

function stateFields({ format, version }: InventoryVnic, route: Route, target: InventoryAdapter): FieldVerdict[] {
  const readable = [...target.state].filter(([, { reads }]) => reads !== undefined).map(([name]) => name);
  const reads = target.state.get(route.format)?.reads;
  const formatIs = !reads ? "misses" : route.format === format ? "fits" : "converted";
  const isSame = route.format === format && route.version === version;
  const fits = hasVersion(reads, route.version);
  const versionIs = !fits ? "misses" : isSame ? "fits" : "converted";
  return [
    exact("format", "one-of", route.format, readable, formatIs),
    {
      ...exact("version", "in-range", route.version, reads ? rangeText(reads) : null, versionIs),
      shortfall: fits ? 0 : versionShortfall(reads, route.version),
    },
  ];
}

/** The share of the versions on the way that is missing, so that the nearest of two ranges is the nearer miss. */
function versionShortfall(reads: VersionRange | undefined, version: number): number {
  if (!reads) return 1;
  const { first, last } = reads;
  return version > last ? (version - last) / version : (first - version) / first;
}
