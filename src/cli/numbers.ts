/** Numbers as reports for people write them. */

/** With digit groups. */
export function whole(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** More digits where there are few before the point. */
export function decimal(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 3 : 1 });
}

/** To one decimal: more digits of a mean say nothing. */
export function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
