/** Versions of a format, which are whole numbers, and versions of firmware, which are dotted ones. */

export interface VersionRange {
  readonly first: number;
  readonly last: number;
}

/** From 4 or "3-5". */
export function rangeOf(versions: number | string): VersionRange {
  if (typeof versions === "number") return { first: versions, last: versions };
  const [first, last] = versions.split("-").map(Number) as [number, number];
  return { first, last };
}

export function hasVersion(range: VersionRange | undefined, version: number): boolean {
  return range !== undefined && version >= range.first && version <= range.last;
}

export function rangeText({ first, last }: VersionRange): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/** Less than 0 when a is the older firmware, 0 when both are the same: "1.2" and "1.2.0" are. */
export function compareFirmware(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
