/** How much may be under way: a socket's buffer has to hold it, or packets are lost on their way between two processes. */

const UNDER_WAY_BYTES = 131_072;
const WINDOW_MIN = 8;
const WINDOW_MAX = 128;
const BUFFERS_BYTES = 4 * 2 ** 20;
const DEPTH_MIN = 2;
const DEPTH_MAX = 64;

/** Packets without an answer, of a path MTU in bytes. */
export function windowOf(mtu: number): number {
  return Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, Math.floor(UNDER_WAY_BYTES / mtu)));
}

/** Messages that an end has buffers for. */
export function depthOf(sizeBytes: number): number {
  return Math.min(DEPTH_MAX, Math.max(DEPTH_MIN, Math.floor(BUFFERS_BYTES / sizeBytes)));
}
