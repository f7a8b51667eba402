// Misses. Whoever is not known gets a record that says so: the frames for it wait in its ring, the control plane finds it among the
// events and asks the directory once, and release.ts sends the frames on in their order. An answer that there is nobody is
// kept for a while, too.
import { ringEnqueue } from "../dma/ring";
import {
  COUNTER_HELD_FRAMES,
  COUNTER_REFRESHES,
  DROP_MISS_QUEUE_FULL,
  DROP_MISS_TABLE_FULL,
  ENDPOINT_F_ASKED,
  ENDPOINT_F_PASSED,
  OK,
  STATE_ABSENT,
  STATE_LOCAL,
  STATE_PENDING,
  STATE_REMOTE,
  TABLE_FULL,
} from "../layout";
import { tableInsert } from "../table/insert";
import { Endpoint, giveRecord, takeRecord, takeRing } from "./endpoint";
import { countOverlay, isPast, Overlay } from "./overlay";

/** Puts a frame behind those that wait for the endpoint. Returns OK, or the cause for a drop (frame untouched). */
export function hold(o: Overlay, endpoint: usize, m: usize): u32 {
  const e = changetype<Endpoint>(endpoint);
  if (e.hold == 0) e.hold = takeRing(o) as u32;
  if (e.hold == 0) return DROP_MISS_TABLE_FULL;
  if (!ringEnqueue(e.hold as usize, m as u32)) return DROP_MISS_QUEUE_FULL;
  e.flags &= ~ENDPOINT_F_PASSED;
  countOverlay(o, COUNTER_HELD_FRAMES);
  return OK;
}

/**
 * A record for somebody whom nobody has asked about, under a key of the table; 0 when there is no room for one. What identifies it
 * (network, MAC or IP address) is the caller's to write.
 */
export function remember(o: Overlay, table: usize, key: usize): usize {
  const endpoint = takeRecord(o);
  if (endpoint == 0) return 0;
  if (tableInsert(table, key, endpoint as u32) == TABLE_FULL) {
    giveRecord(o, endpoint);
    return 0;
  }
  const e = changetype<Endpoint>(endpoint);
  e.state = STATE_PENDING;
  e.deadline = o.tick + o.missTicks;
  e.lastUsed = o.tick;
  e.refreshAfter = o.tick;
  return endpoint;
}

/** Has the control plane ask about an endpoint, unless it was asked lately. */
export function ask(o: Overlay, endpoint: usize): void {
  const e = changetype<Endpoint>(endpoint);
  if ((e.flags & ENDPOINT_F_ASKED) != 0 || !isPast(e.refreshAfter, o.tick)) return;
  if (!ringEnqueue(o.events as usize, endpoint as u32)) return;
  e.flags |= ENDPOINT_F_ASKED;
  e.refreshAfter = o.tick + o.refreshTicks;
  countOverlay(o, COUNTER_REFRESHES);
}

/**
 * The state of an endpoint that is not simply known: one that has frames waiting has all others wait behind them, unless those are of guests
 * that have stopped; an absence ends, and what is known of other hosts ends with the lease. For one that is here nobody waits: its own
 * frames do that come from elsewhere.
 */
export function stateOf(o: Overlay, endpoint: usize): u32 {
  const e = changetype<Endpoint>(endpoint);
  if (e.hold != 0 && e.state != STATE_LOCAL && (e.flags & ENDPOINT_F_PASSED) == 0) {
    ask(o, endpoint);
    return STATE_PENDING;
  }
  const isOver =
    (e.state == STATE_ABSENT && isPast(e.deadline, o.tick)) || (e.state == STATE_REMOTE && isPast(o.leaseEnds, o.tick));
  if (isOver || e.state == STATE_PENDING) {
    if (isOver) e.deadline = o.tick + o.missTicks;
    if (e.state == STATE_ABSENT) e.state = STATE_PENDING;
    ask(o, endpoint);
    return STATE_PENDING;
  }
  return e.state;
}

/** remember, for the control plane: the key is in the scratch, of the table of IP addresses or of endpoints. */
export function overlayRemember(overlay: usize, isAddress: bool): usize {
  const o = changetype<Overlay>(overlay);
  return remember(o, (isAddress ? o.addresses : o.endpoints) as usize, o.scratch as usize);
}

/** ask, for the control plane. */
export function overlayAsk(overlay: usize, endpoint: usize): void {
  ask(changetype<Overlay>(overlay), endpoint);
}
