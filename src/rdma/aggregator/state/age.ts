/**
 * Times in a snapshot: how long ago, in whole microseconds, since the clocks of two hosts have nothing in common. What was restored gives the
 * same microseconds again at the same time, as long as that is a double with a resolution below one: to the year 2100 of a clock that counts
 * from 1970.
 */

/** 50 days: longer than any timer of a session. */
export const AGE_US_MAX = 2 ** 42;
/** Messages wait for no longer than a second, and their delays are counted to 4.3. */
export const MESSAGE_AGE_US_MAX = 2 ** 24 - 1;

/** A time to come is now. */
export function ageUs(nowMs: number, atMs: number, maxUs = AGE_US_MAX): number {
  return Math.min(Math.max(0, Math.round((nowMs - atMs) * 1000)), maxUs);
}

export function timeMs(nowMs: number, us: number): number {
  return nowMs - us / 1000;
}
