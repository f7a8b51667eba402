/**
 * TCP MSS clamping on a frame's bytes, the slow way: options one by one as RFC 9293 section 3.1 lists them, and the whole checksum
 * corrected by what the changed words differ.
 */
import { parse } from "./parse.js";

/** The frame as it should be for paths that take IP packets of so many bytes; `here` bytes of it can be read and written. */
export function clampMss(frame: Uint8Array, mtu: number, here = frame.length): Uint8Array {
  const { l3, l4, payload } = parse(frame, frame.length, here);
  const copy = frame.slice();
  const isIpv4 = (frame[l3] as number) >> 4 === 4;
  const max = mtu - (isIpv4 ? 40 : 60);
  if (!isTcp(frame, here) || ((frame[l4 + 13] as number) & 2) === 0 || max <= 0) return copy;
  const view = new DataView(copy.buffer);
  const end = Math.min(payload, here);
  let at = l4 + 20;
  while (at < end && copy[at] !== 0) {
    const length = copy[at] === 1 ? 1 : at + 1 < end ? (copy[at + 1] as number) : 0;
    if (length === 0 || at + length > end || (copy[at] !== 1 && length < 2)) break;
    if (copy[at] === 2 && length === 4 && view.getUint16(at + 2) > max) {
      const before = wordsOf(copy, l4);
      view.setUint16(at + 2, max);
      // RFC 1624: the checksum's complement is the sum, which grows by what the words grew.
      const sum = (view.getUint16(l4 + 16) ^ 0xffff) + wordsOf(copy, l4) - before;
      view.setUint16(l4 + 16, mod(sum) ^ 0xffff);
    }
    at += length;
  }
  return copy;
}

function isTcp(frame: Uint8Array, here: number): boolean {
  const { flags, payload } = parse(frame, frame.length, here);
  return (flags & 0x10) !== 0 && payload !== 0;
}

/** Sum of the segment's 16-bit words but for the checksum. */
function wordsOf(frame: Uint8Array, l4: number): number {
  let sum = 0;
  for (let at = l4; at < frame.length; at++) {
    if (at - l4 === 16 || at - l4 === 17) continue;
    sum += (at - l4) % 2 === 0 ? (frame[at] as number) * 256 : (frame[at] as number);
  }
  return sum;
}

/** Into 1 to 65535, as one's-complement sums of something other than zeros are. */
function mod(sum: number): number {
  return ((((sum - 1) % 65535) + 65535) % 65535) + 1;
}
