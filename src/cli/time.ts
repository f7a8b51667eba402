/** Times of packets as text. */

/** ISO 8601 in UTC with nanoseconds. */
export function isoTime(ns: bigint): string {
  const wholeSeconds = ns / 1_000_000_000n;
  const date = new Date(Number(wholeSeconds) * 1000).toISOString().slice(0, 19);
  return `${date}.${String(ns % 1_000_000_000n).padStart(9, "0")}Z`;
}

export function seconds(ns: bigint): number {
  return Number(ns) / 1e9;
}
