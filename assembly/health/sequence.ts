// What a segment's place in the sequence says: new, seen before, or late. A SYN and a FIN count one, as in RFC 9293 section 3.4.
//
//   a retransmission   all that it has was seen before        out of order   it fills a hole that later segments left
//
// A hole may be a segment that came late and one that was lost before this point and sent again: from here they look alike. What is
// before a half's first segment counts as seen; so does what the other end has acknowledged, which got there by another way.
import { HALF_F_ACKED, HALF_F_OPEN } from "../layout";
import { Half, otherHalf } from "./connection";
import { addHole, closeBelow, FILLED, FORGOT, fillHoles, Holes } from "./holes";
import { Monitor } from "./monitor";

export const NEW: u32 = 0;
export const RETRANSMISSION: u32 = 1;
export const OUT_OF_ORDER: u32 = 2;

/** The largest window (RFC 7323 section 2.3). What is farther off than that is of another connection, or there was a gap: it begins anew. */
export const FAR: i32 = 1 << 30;

/** One of the three, of a segment of len sequence numbers of which bytes are data. len is at most FAR. */
export function judgeSequence(o: Monitor, half: usize, seq: u32, len: u32, bytes: u32, isSyn: bool): u32 {
  const h = changetype<Half>(half);
  const ahead = (seq - h.next) as i32;
  const isOpen = ((h.flags as u32) & HALF_F_OPEN) != 0;
  if (!isOpen || (isSyn && seq != h.first) || ahead > FAR || ahead < -FAR) {
    beginAnew(half, seq, len);
    return NEW;
  }
  if (Holes.any(half)) closeSeen(half);
  if (ahead < 0) return len == 0 ? NEW : judgeOld(o, half, seq, len, bytes);
  if (ahead > 0) {
    if (!addHole(half, h.next, seq)) o.forgotten += 1;
  }
  h.next = seq + len;
  return NEW;
}

/** Of a segment that begins below next. */
function judgeOld(o: Monitor, half: usize, seq: u32, len: u32, bytes: u32): u32 {
  const h = changetype<Half>(half);
  const behind = (seq + len - h.next) as i32;
  const ahead = (seq - h.next) as i32;
  if (behind > 0) h.next = seq + len;
  if (Holes.any(half)) {
    const what = fillHoles(half, seq, len);
    if ((what & FORGOT) != 0) o.forgotten += 1;
    if ((what & FILLED) != 0) return OUT_OF_ORDER;
  }
  if (behind > 0) return NEW;
  // A keep-alive: a byte at most, below what comes next (RFC 9293 section 3.8.4).
  return ahead == -1 && bytes == len ? NEW : RETRANSMISSION;
}

function beginAnew(half: usize, seq: u32, len: u32): void {
  const h = changetype<Half>(half);
  const lastTick = h.lastTick;
  memory.fill(half, 0, offsetof<Half>());
  h.lastTick = lastTick;
  h.flags = HALF_F_OPEN as u8;
  h.first = seq;
  h.next = seq + len;
}

/** Closes, with every segment so that no distance outgrows 2^31, the holes of what the other end has, and those that are too far off to be told from what comes next. */
function closeSeen(half: usize): void {
  const next = changetype<Half>(half).next;
  closeBelow(half, next - FAR);
  const other = changetype<Half>(otherHalf(half));
  if (((other.flags as u32) & HALF_F_ACKED) == 0) return;
  const ahead = (next - other.ack) as i32;
  if (ahead <= FAR && ahead >= -FAR) closeBelow(half, other.ack);
}
