// What guests send. The burst is parsed, its destinations are looked up together, and then each frame goes its way:
//
//   nothing special: express.ts, and done
//   its own addresses? ─▶ to many? flood.ts   ─▶ whom is it for? ─▶ may it? ─▶ here: deliver.ts
//                        for the overlay itself?   miss.ts           decide.ts   elsewhere: depart.ts
//
// It ends at a frame that finds no room on its uplink: that and those behind it stay in the vnic's ring.
import { Ring } from "../dma/ring";
import { FrameKind } from "../lag/frame";
import {
  ACTION_DENY,
  ACTION_VIA,
  BURST_MAX,
  CLASS_WAITS,
  CONTROL_NEIGHBOUR,
  COUNTER_MISSES,
  COUNTER_REDIRECTED,
  DROP_MISS_TABLE_FULL,
  DROP_NESTED,
  DROP_NO_ENDPOINT,
  OK,
  RECENT_ENTRIES,
  SCRATCH_FOUND,
  SCRATCH_KEY_PTRS,
  SCRATCH_KEYS,
  SCRATCH_LIST,
  SCRATCH_PATHS,
  STATE_ABSENT,
  STATE_PENDING,
  STATE_REMOTE,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Port } from "../path/port";
import { announceAll } from "../path/single";
import { Tunnel } from "../path/tunnel";
import { tableLookupBurst } from "../table/burst";
import { Table } from "../table/table";
import { ETHERNET_DST } from "../wire/ethernet";
import { AddressClass } from "./address";
import { uncount, Verdict } from "./decide";
import { announceGuest, deliver, handOver, refuse } from "./deliver";
import { Depart } from "./depart";
import { Endpoint, Endpoints } from "./endpoint";
import { chooseExpress, uncountExpress } from "./express";
import { flood } from "./flood";
import { SourceGuard } from "./guard";
import { ask, hold, remember, stateOf } from "./miss";
import { isNeighbourTalk } from "./neighbour";
import { Nested } from "./nested";
import { Network, Vnic } from "./network";
import { OUT_HELD, OUT_LOCAL, OUT_WAITS } from "./outcome";
import { countOverlay, isPast, Overlay } from "./overlay";
import { Recent } from "./recent";
import { departRun } from "./run";
import { touchEndpoints } from "./touch";

/** Moves at most n frames, BURST_MAX at most, from a vnic's receive ring; returns how many left it. */
export function overlaySendBurst(overlay: usize, vnic: usize, n: u32): u32 {
  const o = changetype<Overlay>(overlay);
  const v = changetype<Vnic>(vnic);
  const ring = changetype<Ring>(changetype<Port>(v.port as usize).rxRing as usize);
  // In locals, since a field is loaded again after every store.
  const slots = ring.slots as usize;
  const mask = ring.mask;
  const tail = ring.tail;
  const ready = min(n, ring.head - tail);
  if (ready == 0) return 0;
  lookUp(o, v, slots, tail, mask, ready);
  chooseExpress(o, v, slots, tail, mask, ready);
  const found = (o.scratch as usize) + SCRATCH_FOUND;
  const paths = (o.scratch as usize) + SCRATCH_PATHS;
  let touched: u32 = 0;
  let taken: u32 = 0;
  for (; taken < ready; taken++) {
    const at = (taken as usize) << 2;
    const path = load<u32>(paths + at) as usize;
    if (path != 0) {
      const uplink = changetype<Tunnel>(path).uplink;
      const sent = departRun(o, uplink, slots, tail, mask, taken, ready);
      if (sent != 0) {
        touched |= 1 << uplink;
        taken += sent - 1;
        continue;
      }
    }
    const m = load<u32>(slots + ((((tail + taken) & mask) as usize) << 2)) as usize;
    const out =
      path != 0
        ? Depart.single(o, v.port as usize, path, changetype<Mbuf>(m).hash, m)
        : sendOne(o, vnic, m, load<u32>(found + at));
    if (out < OUT_LOCAL) touched |= 1 << out;
    else if (out == OUT_WAITS) break;
  }
  if (taken < ready) uncountExpress(o, taken, ready);
  ring.tail = tail + taken;
  announceAll(o.uplinks as usize, touched);
  announceGuest(o);
  return taken;
}

/** Parses the first n frames of a vnic's ring and looks their destinations up. */
function lookUp(o: Overlay, v: Vnic, slots: usize, tail: u32, mask: u32, n: u32): void {
  const scratch = o.scratch as usize;
  const network = v.network as usize;
  const recent = o.recent as usize;
  const isFew = changetype<Table>(o.endpoints as usize).entries <= (RECENT_ENTRIES as u32);
  let misses: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = (i as usize) << 2;
    const m = load<u32>(slots + ((((tail + i) & mask) as usize) << 2)) as usize;
    const mbuf = changetype<Mbuf>(m);
    mbuf.cause = FrameKind.parse(m) as u16;
    const mac = Endpoints.macAt(mbuf.data as usize);
    if (isFew) {
      const endpoint = load<u32>(Recent.place(recent, mac)) as usize;
      if (Recent.isOf(endpoint, network, mac)) {
        store<u32>(scratch + SCRATCH_FOUND + at, endpoint as u32);
        continue;
      }
    }
    Endpoints.writeKey(scratch + SCRATCH_KEYS + ((misses as usize) << 4), network, mac);
    store<u32>(scratch + SCRATCH_LIST + ((misses as usize) << 2), i);
    misses++;
  }
  if (misses == 0) return;
  findMissed(o, misses, n);
  if (changetype<Table>(o.endpoints as usize).large != 0) touchEndpoints(o, n);
}

/** Looks up in the table whom the loop before did not find, and remembers them; misses stand in the list by their places among n. */
function findMissed(o: Overlay, misses: u32, n: u32): void {
  const scratch = o.scratch as usize;
  const found = scratch + SCRATCH_FOUND;
  // Where all are missed, what is found belongs where it is; else it is put in its place.
  const values = misses == n ? found : found + ((BURST_MAX as usize) << 2);
  tableLookupBurst(o.endpoints as usize, scratch + SCRATCH_KEY_PTRS, values, misses);
  if (changetype<Table>(o.endpoints as usize).entries > (RECENT_ENTRIES as u32)) return;
  for (let j: u32 = 0; j < misses; j++) {
    const at = (j as usize) << 2;
    const endpoint = load<u32>(values + at);
    store<u32>(found + ((load<u32>(scratch + SCRATCH_LIST + at) as usize) << 2), endpoint);
    if (endpoint == TABLE_MISS) continue;
    store<u32>(Recent.place(o.recent as usize, changetype<Endpoint>(endpoint as usize).mac), endpoint);
  }
}

/** Sends one frame, whose cause is what parse said; found is its destination's record, or TABLE_MISS. */
export function sendOne(o: Overlay, vnic: usize, m: usize, found: u32): u32 {
  const v = changetype<Vnic>(vnic);
  const n = changetype<Network>(v.network as usize);
  const ingress = v.port as usize;
  const mbuf = changetype<Mbuf>(m);
  // 1. Is it whole, and its sender's own?
  let cause = mbuf.cause as u32;
  if (cause == OK) cause = SourceGuard.check(o, vnic, m);
  if (cause == OK) {
    if (Nested.isTooDeep(mbuf, o.nestedMax)) cause = DROP_NESTED;
  }
  if (cause != OK) return refuse(m, ingress, cause);
  // 2. For the overlay itself, or for many?
  if (isNeighbourTalk(mbuf)) return handOver(o, m, ingress, CONTROL_NEIGHBOUR, n.vni);
  if (FrameKind.isFlood(mbuf)) return flood(o, vnic, m);
  // 3. Whom is it for?
  let endpoint = found as usize;
  if (found == TABLE_MISS) {
    endpoint = askFor(o, v.network as usize, Endpoints.macAt((mbuf.data as usize) + ETHERNET_DST));
    if (endpoint == 0) return refuse(m, ingress, DROP_MISS_TABLE_FULL);
  }
  const state = Send.stateNow(o, endpoint);
  if (state == STATE_PENDING) return wait(o, endpoint, m, ingress);
  if (state == STATE_ABSENT) return refuse(m, ingress, DROP_NO_ENDPOINT);
  // 4. May it?
  const own = v.endpoint as usize;
  const source = AddressClass.of(o, own, mbuf, true);
  if (source == CLASS_WAITS) return wait(o, o.waitsFor as usize, m, ingress);
  const destination = AddressClass.of(o, endpoint, mbuf, false);
  if (destination == CLASS_WAITS) return wait(o, o.waitsFor as usize, m, ingress);
  const verdict = Verdict.of(o, n, mbuf, source, destination);
  const action = Verdict.action(verdict);
  if (action == ACTION_DENY) return refuse(m, ingress, Verdict.detail(verdict));
  // 5. There it goes, unless it finds no room.
  let out: u32;
  if (action == ACTION_VIA) out = redirect(o, vnic, endpoint, Verdict.detail(verdict), m);
  else if (Endpoints.isHere(endpoint)) out = deliver(o, changetype<Endpoint>(endpoint).vnic as usize, own, m, ingress);
  else out = Depart.to(o, vnic, endpoint, m);
  if (out == OUT_WAITS) uncount(o);
  return out;
}

/** A class because asc inlines on demand only decorated methods. */
export class Send {
  /** The endpoint's state; it has been used now. */
  @inline
  static stateNow(o: Overlay, endpoint: usize): u32 {
    const e = changetype<Endpoint>(endpoint);
    const tick = o.tick;
    if (e.lastUsed != tick) e.lastUsed = tick;
    if (e.state == STATE_REMOTE && e.hold == 0 && !isPast(o.leaseEnds, tick)) return STATE_REMOTE;
    return stateOf(o, endpoint);
  }
}

/** The record of a MAC address, made if need be, and asked about; 0 when there is no room for it. */
export function askFor(o: Overlay, network: usize, mac: u64): usize {
  const known = Endpoints.find(o, network, mac);
  if (known != TABLE_MISS) return known as usize;
  const endpoint = remember(o, o.endpoints as usize, o.scratch as usize);
  if (endpoint == 0) return 0;
  const e = changetype<Endpoint>(endpoint);
  e.network = network as u32;
  e.mac = mac;
  countOverlay(o, COUNTER_MISSES);
  ask(o, endpoint);
  return endpoint;
}

/** Has a frame wait until an endpoint is known; 0 is one for which there is no room. */
export function wait(o: Overlay, endpoint: usize, m: usize, ingress: usize): u32 {
  const cause = endpoint == 0 ? (DROP_MISS_TABLE_FULL as u32) : hold(o, endpoint, m);
  return cause == OK ? OUT_HELD : refuse(m, ingress, cause);
}

/**
 * Through a waypoint: the frame gets its MAC address, as if it were the next router, and goes where it is. What the waypoint itself
 * sends goes to its destination.
 */
function redirect(o: Overlay, vnic: usize, endpoint: usize, number: u32, m: usize): u32 {
  const v = changetype<Vnic>(vnic);
  const ingress = v.port as usize;
  const n = changetype<Network>(v.network as usize);
  const waypoint = load<u32>((n.waypoints as usize) + ((number as usize) << 2)) as usize;
  if (waypoint == 0) return refuse(m, ingress, DROP_NO_ENDPOINT);
  let target = endpoint;
  if (waypoint != (v.endpoint as usize)) {
    const state = Send.stateNow(o, waypoint);
    if (state == STATE_PENDING) {
      const held = wait(o, waypoint, m, ingress);
      if (held == OUT_HELD) uncount(o);
      return held;
    }
    if (state == STATE_ABSENT) return refuse(m, ingress, DROP_NO_ENDPOINT);
    target = waypoint;
  }
  const data = changetype<Mbuf>(m).data as usize;
  const before = load<u64>(data);
  if (target != endpoint) {
    const mac = changetype<Endpoint>(target).mac;
    store<u32>(data, mac as u32);
    store<u16>(data, (mac >> 32) as u16, 4);
  }
  const out = Endpoints.isHere(target)
    ? deliver(o, changetype<Endpoint>(target).vnic as usize, v.endpoint as usize, m, ingress)
    : Depart.to(o, vnic, target, m);
  // One that waits is as it was.
  if (out == OUT_WAITS) store<u64>(data, before);
  else if (target != endpoint) countOverlay(o, COUNTER_REDIRECTED);
  return out;
}
