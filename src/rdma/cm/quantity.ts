/**
 * What codes in CM messages mean. A time code of 5 bits is 4.096 us x 2^code (IBTA volume 1, 12.7); a path MTU's is 1 to 5 for 256
 * to 4096 bytes (9.5.2, table 78 of the path record).
 */
const TIME_UNIT_MS = 0.004096;
const TIME_CODE_MAX = 31;
const MTUS = [256, 512, 1024, 2048, 4096] as const;

export type PathMtuBytes = (typeof MTUS)[number];
export const PATH_MTU_BYTES: readonly PathMtuBytes[] = MTUS;

/** A time code in milliseconds: 0 is 4 us, 20 about 4.3 s, 31 about 2.4 h. */
export function timeMs(code: number): number {
  return TIME_UNIT_MS * 2 ** code;
}

/** The shortest time code that is at least so long; 31 for all that is longer. */
export function timeCode(ms: number): number {
  return Math.min(TIME_CODE_MAX, Math.max(0, Math.ceil(Math.log2(ms / TIME_UNIT_MS))));
}

/** Bytes, or undefined for a reserved code. */
export function mtuBytes(code: number): PathMtuBytes | undefined {
  return MTUS[code - 1];
}

export function mtuCode(bytes: PathMtuBytes): number {
  return MTUS.indexOf(bytes) + 1;
}

/**
 * Time code of twice a packet's life time and a channel adapter's acknowledgement delay (12.7.34): how long to wait for an
 * acknowledgement. A term that is less than half of the other is dropped, as Linux does.
 */
export function ackTimeout(packetLifeTime: number, ackDelay: number): number {
  const longer = Math.max(packetLifeTime + 1, ackDelay);
  const shorter = Math.min(packetLifeTime + 1, ackDelay);
  return Math.min(TIME_CODE_MAX, shorter >= longer - 1 ? longer + 1 : longer);
}
