/** Times of packets as text. */

const NS_PER_SECOND = 1_000_000_000n;
/** The last instant that a Date can hold, in seconds. */
const DATE_SECONDS_MAX = 8_640_000_000_000n;

/** ISO 8601 in UTC with nanoseconds; seconds since 1970 for times that a Date cannot hold. */
export function isoTime(ns: bigint): string {
  const fraction = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const whole = (ns - fraction) / NS_PER_SECOND;
  const digits = String(fraction).padStart(9, "0");
  if (whole > DATE_SECONDS_MAX || whole < -DATE_SECONDS_MAX) return `${whole}.${digits} s`;
  const [date] = new Date(Number(whole) * 1000).toISOString().split(".");
  return `${date}.${digits}Z`;
}

export function seconds(ns: bigint): number {
  return Number(ns) / 1e9;
}
