/**
 * The protocol's times in milliseconds (IEEE 802.1AX-2008 5.4.4, 2014 6.4.4), and timers as deadlines: a timer that
 * runs is the time when it expires, one that does not is undefined. Whoever owns a clock asks for the earliest deadline
 * and comes back then.
 */
export const FAST_PERIODIC_MS = 1_000;
export const SLOW_PERIODIC_MS = 30_000;
export const SHORT_TIMEOUT_MS = 3 * FAST_PERIODIC_MS;
export const LONG_TIMEOUT_MS = 3 * SLOW_PERIODIC_MS;
export const CHURN_DETECTION_MS = 60_000;
export const AGGREGATE_WAIT_MS = 2_000;
/** Most LACPDUs in one FAST_PERIODIC_MS. */
export const TRANSMIT_LIMIT = 3;

export type Deadline = number | undefined;

export function isDue(deadline: Deadline, nowMs: number): boolean {
  return deadline !== undefined && deadline <= nowMs;
}
