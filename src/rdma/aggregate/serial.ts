/**
 * Sequence numbers of 16 bits that wrap (RFC 1982). At most STREAM_UNACKED_MAX of a stream's messages are unacknowledged, so of
 * two numbers that can meet the later is ahead by less than 2^15: one that is behind was seen before.
 */

/** How far to is ahead of from, modulo 2^16: -32768 to 32767; below 0 it is behind. */
export function serialDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** The number so many messages on. */
export function serialAdd(sequence: number, messages: number): number {
  return (sequence + messages) & 0xffff;
}
