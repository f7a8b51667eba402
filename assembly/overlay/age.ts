// What has not been seen for a while goes: flows and fragments, questions that nobody answers, endpoints that nobody talks to. A walk
// does so many steps at a time, and goes on where it was.
import { ringCount, ringPeek, ringSkip } from "../dma/ring";
import {
  COUNTER_FLOWS_AGED,
  DROP_MISS_EXPIRED,
  ENDPOINT_BYTES,
  ENDPOINT_F_ADDRESS,
  ENDPOINT_F_CLAIMED,
  ENDPOINT_F_IPV6,
  ENDPOINT_F_PINNED,
  ENDPOINT_IP4,
  ENDPOINT_IP6,
  FLOW_FRAGMENT,
  STATE_FREE,
  STATE_LOCAL,
  STATE_PENDING,
  TABLE_END,
  WAYPOINTS_MAX,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { drop } from "../path/port";
import { tableRemove } from "../table/insert";
import { Table } from "../table/table";
import { tableKey, tableNext, tableNextBefore, tableValue } from "../table/walk";
import { writeAddressKey } from "./address";
import { Endpoint, Endpoints, giveRecord, giveRing } from "./endpoint";
import { flowAge } from "./flow";
import { ask } from "./miss";
import { Network } from "./network";
import { forgetOrigins } from "./origin";
import { countOverlay, isPast, Overlay } from "./overlay";
import { forget } from "./resend";

/** Where in a flow's key its kind stands, for both lengths of keys. */
const KIND4: usize = 12;
const KIND6: usize = 36;

/** So many steps of each walk; returns the records and flows that went. */
export function overlayAge(overlay: usize, steps: u32): u32 {
  const o = changetype<Overlay>(overlay);
  let gone: u32 = 0;
  for (let i: u32 = 0; i < steps; i++) {
    o.ageFlows4 = ageFlows(o, o.flows4 as usize, o.ageFlows4, KIND4);
    o.ageFlows6 = ageFlows(o, o.flows6 as usize, o.ageFlows6, KIND6);
    const record = (o.records as usize) + (o.ageRecords as usize) * ENDPOINT_BYTES;
    o.ageRecords = o.ageRecords + 1 < o.recordCount ? o.ageRecords + 1 : 0;
    if (ageRecord(o, record)) gone++;
  }
  return gone;
}

/** Removes a record that nothing waits for, and what is kept for it. */
export function overlayRemove(overlay: usize, endpoint: usize): void {
  const o = changetype<Overlay>(overlay);
  const e = changetype<Endpoint>(endpoint);
  dropHeld(o, e);
  forget(o, e);
  forgetOrigins(o, endpoint);
  const key = o.scratch as usize;
  if ((e.flags & ENDPOINT_F_ADDRESS) != 0) {
    const isIpv6 = (e.flags & ENDPOINT_F_IPV6) != 0;
    writeAddressKey(key, e.network as usize, endpoint + (isIpv6 ? ENDPOINT_IP6 : ENDPOINT_IP4), isIpv6);
    tableRemove(o.addresses as usize, key);
  } else {
    Endpoints.writeKey(key, e.network as usize, e.mac);
    tableRemove(o.endpoints as usize, key);
    forgetWaypoint(changetype<Network>(e.network as usize), endpoint);
  }
  giveRecord(o, endpoint);
}

/** The record may be another's soon: rules that send traffic through it know of nobody. */
function forgetWaypoint(n: Network, endpoint: usize): void {
  for (let i: usize = 0; i < (WAYPOINTS_MAX as usize); i++) {
    const at = (n.waypoints as usize) + (i << 2);
    if ((load<u32>(at) as usize) == endpoint) store<u32>(at, 0);
  }
}

/** Forgets what a network's rules have let in: they are others now. */
export function overlayFlushFlows(overlay: usize, network: usize): void {
  const o = changetype<Overlay>(overlay);
  const index = changetype<Network>(network).index;
  flush(o.flows4 as usize, KIND4, index);
  flush(o.flows6 as usize, KIND6, index);
}

function flush(table: usize, kindAt: usize, index: u32): void {
  for (let slot = tableNext(table, 0); slot != TABLE_END; slot = tableNext(table, slot + 1)) {
    const key = tableKey(table, slot);
    if (load<u32>(key + kindAt) >> 16 == index) tableRemove(table, key);
  }
}

/** Looks at the entries of a bucket, however few there are elsewhere; returns the bucket to go on with. */
function ageFlows(o: Overlay, table: usize, bucket: u32, kindAt: usize): u32 {
  const end = (bucket + 1) << 2;
  for (let slot = bucket << 2; slot < end; slot++) {
    slot = tableNextBefore(table, slot, end);
    if (slot == TABLE_END) break;
    const key = tableKey(table, slot);
    const isFragment = (load<u8>(key + kindAt) as u32) == FLOW_FRAGMENT;
    if (flowAge(tableValue(table, slot), o.tick) > (isFragment ? o.fragmentTicks : o.flowTicks)) {
      tableRemove(table, key);
      countOverlay(o, COUNTER_FLOWS_AGED);
    }
  }
  return bucket < changetype<Table>(table).mask ? bucket + 1 : 0;
}

/** True when the record is no more. */
function ageRecord(o: Overlay, endpoint: usize): bool {
  const e = changetype<Endpoint>(endpoint);
  if (e.state == STATE_FREE) return false;
  if (e.state == STATE_LOCAL) {
    // Kept for where it was before, which has had its time to reject them.
    if (e.retained != 0 && isPast(e.deadline, o.tick)) forget(o, e);
    return false;
  }
  if (e.retained != 0 && isPast(e.lastUsed + o.missTicks, o.tick)) forget(o, e);
  if (e.hold != 0 && isPast(e.deadline, o.tick)) dropHeld(o, e);
  // A question that failed, or found no room, is asked again while frames wait.
  if (e.hold != 0) ask(o, endpoint);
  const isUnanswered = e.state == STATE_PENDING && isPast(e.deadline, o.tick);
  if (!isUnanswered && !isPast(e.lastUsed + o.idleTicks, o.tick)) return false;
  // One that is about to be here has a port that names it.
  if (e.hold != 0 || (e.flags & (ENDPOINT_F_PINNED | ENDPOINT_F_CLAIMED)) != 0) return false;
  overlayRemove(changetype<usize>(o), endpoint);
  return true;
}

/** Drops the frames that wait for an endpoint. */
function dropHeld(o: Overlay, e: Endpoint): void {
  const ring = e.hold as usize;
  if (ring == 0) return;
  for (; ringCount(ring) != 0; ringSkip(ring, 1)) {
    const m = ringPeek(ring, 0) as usize;
    const port = load<u32>((o.ports as usize) + ((changetype<Mbuf>(m).port as usize) << 2)) as usize;
    drop(port, m, DROP_MISS_EXPIRED);
  }
  giveRing(o, ring);
  e.hold = 0;
}
