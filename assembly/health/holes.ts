// What was not seen below the highest sequence number of a half: at most HOLES_MAX ranges, ascending. Of one more the highest is
// forgotten: its bytes count as seen, so that when they come they are taken for a retransmission. The list ends with its first empty
// range. All is arithmetic modulo 2^32 of numbers less than 2^31 apart (RFC 9293 section 3.4).
import { HALF_HOLES, HOLES_MAX } from "../layout";

/** Where the last of them is, from the first. */
const LAST: usize = ((HOLES_MAX - 1) as usize) << 3;

/** A class because asc inlines on demand only decorated methods. */
export class Holes {
  @inline
  static any(half: usize): bool {
    return load<u32>(half, HALF_HOLES) != load<u32>(half, HALF_HOLES + 4);
  }
}

/** Adds what is behind all of them; false when it is forgotten. */
export function addHole(half: usize, from: u32, to: u32): bool {
  const holes = half + HALF_HOLES;
  for (let at = holes; at <= holes + LAST; at += 8) {
    if (!isEmpty(at)) continue;
    put(at, from, to);
    return true;
  }
  return false;
}

/** Takes out the ranges, and parts of them, that are below a sequence number. */
export function closeBelow(half: usize, bound: u32): void {
  const holes = half + HALF_HOLES;
  let out = holes;
  for (let at = holes; at <= holes + LAST; at += 8) {
    if (isEmpty(at)) break;
    const from = load<u32>(at);
    const to = load<u32>(at, 4);
    if (((to - bound) as i32) <= 0) continue;
    put(out, ((from - bound) as i32) < 0 ? bound : from, to);
    out += 8;
  }
  endAt(half, out);
}

/** Takes a segment's bytes out; returns FILLED when it had some of them, and FORGOT when a rest of one was forgotten. */
export function fillHoles(half: usize, seq: u32, len: u32): u32 {
  const holes = half + HALF_HOLES;
  const end = seq + len;
  let filled: u32 = 0;
  let out = holes;
  for (let at = holes; at <= holes + LAST; at += 8) {
    if (isEmpty(at)) break;
    const from = load<u32>(at);
    const to = load<u32>(at, 4);
    const below = (from - seq) as i32;
    const above = (to - end) as i32;
    if (((to - seq) as i32) <= 0 || ((from - end) as i32) >= 0) {
      put(out, from, to);
      out += 8;
      continue;
    }
    filled = FILLED;
    // In the middle of one, and so of no other: nothing before it has moved.
    if (below < 0 && above > 0) return split(holes, at, seq, end);
    if (below < 0) {
      put(out, from, seq);
      out += 8;
    } else if (above > 0) {
      put(out, end, to);
      out += 8;
    }
  }
  endAt(half, out);
  return filled;
}

export const FILLED: u32 = 1;
export const FORGOT: u32 = 2;

/** Makes two of one; the last of all may find no room. */
function split(holes: usize, at: usize, seq: u32, end: u32): u32 {
  const to = load<u32>(at, 4);
  const last = holes + LAST;
  const isFull = !isEmpty(last);
  for (let i = last; i > at + 8; i -= 8) put(i, load<u32>(i - 8), load<u32>(i - 8, 4));
  if (at != last) put(at + 8, end, to);
  put(at, load<u32>(at), seq);
  return isFull ? FILLED | FORGOT : FILLED;
}

/** Empties the list from there on. */
function endAt(half: usize, out: usize): void {
  for (const end = half + HALF_HOLES + LAST; out <= end; out += 8) put(out, 0, 0);
}

function isEmpty(hole: usize): bool {
  return load<u32>(hole) == load<u32>(hole, 4);
}

function put(hole: usize, from: u32, to: u32): void {
  store<u32>(hole, from);
  store<u32>(hole, to, 4);
}
