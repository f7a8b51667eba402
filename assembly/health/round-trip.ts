// Round trips by timestamps (RFC 7323 section 3): the time from the first sight of a TSval in one direction to the first TSecr that
// echoes it in the other. It is the way from here to the end that echoed and back, and that end's delay. A TSval is waited for when it
// is newer than all before it and its segment must be answered (it has data, SYN or FIN); one at a time in each direction. When a
// newer one is echoed first, it has been passed over and is waited for no more.
import { HALF_F_ASKS, HALF_F_STAMPED } from "../layout";
import { Half, otherHalf } from "./connection";

/** What an echo that is none gives. */
export const NO_ROUND_TRIP: u32 = 0xffffffff;

/** Notes the TSval of a segment. */
export function noteStamp(half: usize, stamp: u32, ns: u64, isAnswered: bool): void {
  const h = changetype<Half>(half);
  const flags = h.flags as u32;
  if ((flags & HALF_F_STAMPED) != 0 && ((stamp - h.stamp) as i32) <= 0) return;
  h.stamp = stamp;
  h.flags |= HALF_F_STAMPED as u8;
  if (!isAnswered || (flags & HALF_F_ASKS) != 0) return;
  h.flags |= HALF_F_ASKS as u8;
  h.asked = stamp;
  h.askedUs = (ns / 1000) as u32;
}

/** Microseconds of the round trip that a segment's TSecr ends, or NO_ROUND_TRIP: also where a clock went back, or 2^31 passed. */
export function endRoundTrip(half: usize, echo: u32, ns: u64): u32 {
  const other = changetype<Half>(otherHalf(half));
  if (((other.flags as u32) & HALF_F_ASKS) == 0) return NO_ROUND_TRIP;
  const ahead = (echo - other.asked) as i32;
  if (ahead < 0) return NO_ROUND_TRIP;
  other.flags &= ~(HALF_F_ASKS as u8);
  if (ahead > 0) return NO_ROUND_TRIP;
  const us = ((ns / 1000) as u32) - other.askedUs;
  return (us as i32) >= 0 ? us : NO_ROUND_TRIP;
}
