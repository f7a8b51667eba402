/** One line of an answer: what the source needs, what the target has, and whether that will do. */

export const FIELDS = [
  "vendor",
  "device",
  "subsystem",
  "revision",
  "firmware",
  "format",
  "version",
  "queuePairs",
  "mbufs",
  "functions",
  "mtuBytes",
  "uplinks",
  "lag",
  "offloads",
  "headroomBytes",
] as const;

export type FieldName = (typeof FIELDS)[number];
/** How a target's value must stand to what is needed. */
export type FieldRule = "any" | "same" | "not-older" | "one-of" | "in-range" | "at-least" | "all-of";

export interface FieldVerdict {
  readonly field: FieldName;
  readonly rule: FieldRule;
  /** Null where the rule is any. */
  readonly needs: string | number | readonly string[] | null;
  /** Of versions a range, such as "3-5"; null where the target does not read the format at all. */
  readonly has: string | number | readonly string[] | null;
  /** "converted": it is not as the source's, and the conversion takes care of that. */
  readonly outcome: "fits" | "converted" | "misses";
  /** What is missing of what is needed, from 0 to 1. */
  readonly shortfall: number;
}

/** A field of which the whole is missing or nothing. */
export function exact(
  field: FieldName,
  rule: FieldRule,
  needs: FieldVerdict["needs"],
  has: FieldVerdict["has"],
  outcome: FieldVerdict["outcome"],
): FieldVerdict {
  return { field, rule, needs, has, outcome, shortfall: outcome === "misses" ? 1 : 0 };
}

/** What there is may be less than nothing, where others were counted before it. */
export function atLeast(field: FieldName, needs: number, there: number): FieldVerdict {
  const has = Math.max(0, there);
  const fits = has >= needs;
  const shortfall = fits ? 0 : (needs - has) / needs;
  return { field, rule: "at-least", needs, has, outcome: fits ? "fits" : "misses", shortfall };
}

export function allOf(field: FieldName, needs: readonly string[], has: readonly string[]): FieldVerdict {
  const missing = missingOf(needs, has);
  const shortfall = missing.length / Math.max(1, needs.length);
  return { field, rule: "all-of", needs, has, outcome: missing.length === 0 ? "fits" : "misses", shortfall };
}

function missingOf(needs: readonly string[], has: readonly string[]): string[] {
  return needs.filter((one) => !has.includes(one));
}
