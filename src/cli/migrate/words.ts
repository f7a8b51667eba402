/** Fields of a migration's answer in words: what is needed, what there is, what stands in the way. */
import type { FieldName, FieldVerdict, StateRoute } from "../../index.js";

export const LABELS: Readonly<Record<FieldName, string>> = {
  vendor: "vendor",
  device: "device",
  subsystem: "subsystem",
  revision: "revision",
  firmware: "firmware",
  format: "state format",
  version: "state version",
  queuePairs: "queue pairs",
  mbufs: "mbufs",
  functions: "functions",
  mtuBytes: "MTU, bytes",
  uplinks: "uplinks",
  lag: "LAG",
  offloads: "offloads",
  headroomBytes: "headroom, bytes",
};

const ROOM_FIELDS: readonly FieldName[] = ["queuePairs", "mbufs", "functions"];
const MARKS = { fits: "  ", converted: "~ ", misses: "✗ " } as const;
export const LEGEND = [
  [MARKS.misses, "stands in the way"],
  [MARKS.converted, "differs, and the conversion takes care of it"],
] as const;

export function needText({ rule, needs }: FieldVerdict): string {
  if (rule === "any") return "any";
  if (rule === "not-older") return `${needs} or newer`;
  return valueText(needs);
}

/** With its mark. */
export function hasText(field: FieldVerdict, route: StateRoute): string {
  return `${MARKS[field.outcome]}${plainText(field, route)}`;
}

function plainText({ field, rule, needs, has, outcome }: FieldVerdict, route: StateRoute): string {
  if (rule === "all-of") return lackText(needs, has) ?? (listOf(needs).length === 0 ? "-" : "all");
  if (field === "format" && outcome !== "misses") return route.format;
  if (field !== "version") return valueText(has);
  if (has === null) return "-";
  const of = route.kind === "conversion" ? `${route.format} ` : "";
  return outcome === "converted" && has !== `${needs}` ? `${of}${has}, as ${needs}` : `${of}${has}`;
}

/**
 * A mismatch by itself; undefined for a version of which the format is missing already. Neighbours are vnics that are to go to the same
 * adapter and come first.
 */
export function missText(
  { field, rule, needs, has }: FieldVerdict,
  route: StateRoute,
  neighbours: readonly string[],
): string | undefined {
  const [label, unit] = LABELS[field].split(", ");
  if (field === "format") return `reads ${valueText(has)}, not ${needs}`;
  if (field === "version") return has === null ? undefined : `reads ${route.format} ${has}, not ${needs}`;
  if (rule === "same") return `${label} ${has} is not ${needs}`;
  if (rule === "not-older") return `${label} ${has}, ${needs} or newer needed`;
  if (rule === "all-of") return `${label} ${lackText(needs, has)}`;
  const counted = has === 1 ? label?.replace(/s$/, "") : label;
  const what = unit ? `${label} of ${valueText(has)} ${unit}` : `${valueText(has)} ${counted}`;
  const isRoom = ROOM_FIELDS.includes(field);
  const free = !isRoom ? "" : neighbours.length === 0 ? " free" : ` left by ${neighbours.join(" and ")}`;
  return `${what}${free}, ${valueText(needs)} needed`;
}

export function routeText({ kind, format, version, loses }: StateRoute, own: number): string {
  const how =
    kind === "conversion" ? `converted to ${format} ${version}` : `extracted as ${format} ${version} instead of ${own}`;
  return `${how}, loses ${loses.join(", ") || "nothing"}`;
}

function lackText(needs: FieldVerdict["needs"], has: FieldVerdict["has"]): string | undefined {
  const lacking = listOf(needs).filter((one) => !listOf(has).includes(one));
  return lacking.length === 0 ? undefined : `without ${lacking.join(", ")}`;
}

function valueText(value: FieldVerdict["has"]): string {
  if (typeof value === "number") return value.toLocaleString("en-US");
  if (typeof value === "string") return value;
  return listOf(value).join(", ") || "-";
}

function listOf(value: FieldVerdict["has"]): readonly string[] {
  return typeof value === "object" && value !== null ? value : [];
}
