// Duplicate acknowledgments, as RFC 5681 section 2 has them: (a) who gets it has outstanding data, (b) it carries none, (c) SYN and FIN
// are off, (d) it acknowledges as much as the greatest so far, (e) it advertises the window of the one before. Outstanding is what was
// seen here of the other direction, which between the two ends may be a little more or less than the sender knows.
import { HALF_F_ACKED, HALF_F_OPEN } from "../layout";
import { Half, otherHalf } from "./connection";
import { FAR } from "./sequence";

/** Notes a segment's acknowledgment and window; true when it is a duplicate. isBare: without data, SYN and FIN. */
export function judgeAck(half: usize, ack: u32, window: u32, isBare: bool): bool {
  const h = changetype<Half>(half);
  const last = h.window;
  h.window = window;
  if (((h.flags as u32) & HALF_F_ACKED) == 0) {
    h.flags |= HALF_F_ACKED as u8;
    h.ack = ack;
    return false;
  }
  const ahead = (ack - h.ack) as i32;
  if (ahead > 0 || ahead < -FAR) h.ack = ack;
  if (ahead != 0 || !isBare || window != last) return false;
  const other = changetype<Half>(otherHalf(half));
  return ((other.flags as u32) & HALF_F_OPEN) != 0 && ((other.next - ack) as i32) > 0;
}
