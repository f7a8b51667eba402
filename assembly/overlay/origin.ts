// Hosts that an endpoint's frames come from although it is elsewhere. Where it was before, it may have sent what is still under way: that is
// taken for a while. Any other host is asked about, once in a while for each, and refused until then. Nobody comes here
// whose frames are from where their sender is.
//
//   entry, 32 bytes   │ endpoint 4 │ until 4 │ kind 4 │ 0 4 │ host 16 │
//
// Sets of ORIGIN_WAYS entries, chosen by the endpoint's record. An entry of an endpoint 0, or whose time is over, is in no use. A former
// host finds a place always, if need be the one of the entry that ends first; a doubted one only where there is an idle one.
import {
  ENDPOINT_BYTES,
  ENDPOINT_F_ASKED,
  ORIGIN_BYTES,
  ORIGIN_DOUBTED,
  ORIGIN_ENDPOINT,
  ORIGIN_FORMER,
  ORIGIN_HOST,
  ORIGIN_KIND,
  ORIGIN_SETS,
  ORIGIN_UNTIL,
  ORIGIN_WAYS,
  STATE_LOCAL,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Endpoint } from "./endpoint";
import { ask } from "./miss";
import { comesFrom, writeSource } from "./open";
import { isPast, Overlay } from "./overlay";

@unmanaged
class Origin {
  endpoint: u32;
  until: u32;
  kind: u32;
  unused: u32;
  /** As Overlay.local. */
  host: v128;
}

if (offsetof<Origin>() != ORIGIN_BYTES) ERROR("Origin: size");
if (offsetof<Origin>("endpoint") != ORIGIN_ENDPOINT) ERROR("Origin: endpoint");
if (offsetof<Origin>("until") != ORIGIN_UNTIL) ERROR("Origin: until");
if (offsetof<Origin>("kind") != ORIGIN_KIND) ERROR("Origin: kind");
if (offsetof<Origin>("host") != ORIGIN_HOST) ERROR("Origin: host");

const SET_BYTES: usize = (ORIGIN_BYTES * ORIGIN_WAYS) as usize;

/** True for a frame from a host where its sender, an endpoint that is elsewhere by now, was a while ago. */
export function isFromFormer(o: Overlay, endpoint: usize, mbuf: Mbuf): bool {
  const entry = entryOf(o, endpoint, mbuf);
  return entry != 0 && changetype<Origin>(entry).kind == ORIGIN_FORMER;
}

/**
 * Has the control plane ask about the sender of a frame because of the host that it comes from. False when that was done lately because of
 * the same host, or cannot be done.
 */
export function askBecause(o: Overlay, endpoint: usize, mbuf: Mbuf): bool {
  if (entryOf(o, endpoint, mbuf) != 0) return false;
  const e = changetype<Endpoint>(endpoint);
  const entry = idleEntry(o, endpoint);
  // Another host's question is no reason not to ask; but where so many are doubted, one question in a while serves all.
  if (entry != 0) e.refreshAfter = o.tick;
  ask(o, endpoint);
  const isAsked = (e.flags & ENDPOINT_F_ASKED) != 0;
  if (isAsked && entry != 0) {
    writeSource(mbuf, entry + ORIGIN_HOST);
    fill(entry, endpoint, ORIGIN_DOUBTED, o.tick + o.refreshTicks);
  }
  return isAsked;
}

/** The question about an endpoint has been answered: what was doubted before is believed to be elsewhere for a while. */
export function overlayBelieve(overlay: usize, endpoint: usize): void {
  const o = changetype<Overlay>(overlay);
  const set = setOf(o, endpoint);
  for (let entry = set; entry < set + SET_BYTES; entry += ORIGIN_BYTES) {
    const it = changetype<Origin>(entry);
    if ((it.endpoint as usize) == endpoint && it.kind == ORIGIN_DOUBTED) it.until = o.tick + o.refreshTicks;
  }
}

/**
 * Writes an endpoint's host, which is in the scratch (16 bytes). When it is the same endpoint as before, what it has sent from its former
 * host is taken until then; else nothing of what was before counts.
 */
export function overlayRehome(overlay: usize, endpoint: usize, until: u32, isSame: bool): void {
  const o = changetype<Overlay>(overlay);
  const e = changetype<Endpoint>(endpoint);
  const host = v128.load(o.scratch as usize);
  if (!isSame) forgetOrigins(o, endpoint);
  else if (v128.any_true(e.host) && differ(e.host, host)) {
    // Of one that was here, the host is that where it had been before, for as long as that was said to matter.
    const end = e.state == STATE_LOCAL ? e.deadline : until;
    if (!isPast(end, o.tick)) keepFormer(o, endpoint, e.host, end);
  }
  e.host = host;
  const set = setOf(o, endpoint);
  for (let entry = set; entry < set + SET_BYTES; entry += ORIGIN_BYTES) {
    const it = changetype<Origin>(entry);
    if ((it.endpoint as usize) == endpoint && !differ(it.host, host)) it.endpoint = 0;
  }
}

/** The endpoint is no more, or another. */
export function forgetOrigins(o: Overlay, endpoint: usize): void {
  const set = setOf(o, endpoint);
  for (let entry = set; entry < set + SET_BYTES; entry += ORIGIN_BYTES) {
    if ((changetype<Origin>(entry).endpoint as usize) == endpoint) changetype<Origin>(entry).endpoint = 0;
  }
}

function keepFormer(o: Overlay, endpoint: usize, host: v128, until: u32): void {
  const set = setOf(o, endpoint);
  let place = set;
  for (let entry = set; entry < set + SET_BYTES; entry += ORIGIN_BYTES) {
    const it = changetype<Origin>(entry);
    if ((it.endpoint as usize) == endpoint && !differ(it.host, host)) {
      place = entry;
      break;
    }
    if (rank(o, entry) < rank(o, place)) place = entry;
  }
  changetype<Origin>(place).host = host;
  fill(place, endpoint, ORIGIN_FORMER, until);
}

/** How much an entry would be missed: 0 when it is in no use, then the doubted, then by how long it still counts. */
function rank(o: Overlay, entry: usize): u32 {
  const it = changetype<Origin>(entry);
  if (isIdle(o, it)) return 0;
  return it.kind == ORIGIN_DOUBTED ? 1 : 1 + (it.until - o.tick);
}

/** The entry of an endpoint and the host that a frame comes from, or 0. */
function entryOf(o: Overlay, endpoint: usize, mbuf: Mbuf): usize {
  const set = setOf(o, endpoint);
  for (let entry = set; entry < set + SET_BYTES; entry += ORIGIN_BYTES) {
    const it = changetype<Origin>(entry);
    if ((it.endpoint as usize) == endpoint && !isPast(it.until, o.tick) && comesFrom(mbuf, entry + ORIGIN_HOST)) {
      return entry;
    }
  }
  return 0;
}

function idleEntry(o: Overlay, endpoint: usize): usize {
  const set = setOf(o, endpoint);
  for (let entry = set; entry < set + SET_BYTES; entry += ORIGIN_BYTES) {
    if (isIdle(o, changetype<Origin>(entry))) return entry;
  }
  return 0;
}

function isIdle(o: Overlay, it: Origin): bool {
  return it.endpoint == 0 || isPast(it.until, o.tick);
}

function fill(entry: usize, endpoint: usize, kind: u32, until: u32): void {
  const it = changetype<Origin>(entry);
  it.endpoint = endpoint as u32;
  it.kind = kind;
  it.until = until;
}

function differ(a: v128, b: v128): bool {
  return v128.any_true(v128.xor(a, b));
}

function setOf(o: Overlay, endpoint: usize): usize {
  const number = (endpoint - (o.records as usize)) / ENDPOINT_BYTES;
  return (o.origins as usize) + (number & ((ORIGIN_SETS as usize) - 1)) * SET_BYTES;
}
