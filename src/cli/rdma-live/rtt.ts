/** Round trips in figures. */

/** Microseconds. A percentile is the smallest value that so many of a hundred do not exceed. */
export interface RttSummary {
  readonly min: number;
  readonly avg: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Undefined of none. */
export function rttSummary(rttsMs: readonly number[]): RttSummary | undefined {
  if (rttsMs.length === 0) return undefined;
  const us = rttsMs.map((ms) => ms * 1000).sort((a, b) => a - b);
  const at = (percent: number) => us[Math.max(0, Math.ceil((percent / 100) * us.length) - 1)] as number;
  const avg = us.reduce((sum, value) => sum + value, 0) / us.length;
  return { min: at(0), avg, p50: at(50), p99: at(99), max: at(100) };
}
