// What the underlay brings. The outer headers of a burst are checked, the inner addresses are looked up together, and then each
// frame goes its way:
//
//   to this host, of a network here? ─▶ from the host that its source is on? ─▶ for somebody here? ─▶ stripped ─▶ may it? ─▶ its guest
//                                       else ask, and hold                      else moved.ts
//
// A frame that must wait keeps its outer headers, so that it is looked at anew from the start.
import { ringCount, ringPeek, ringSkip } from "../dma/ring";
import { FrameKind } from "../lag/frame";
import { Group } from "../lag/group";
import { admits, Guard } from "../lag/guard";
import { takeReserved } from "../lag/reserved";
import {
  ACTION_DENY,
  ACTION_VIA,
  CLASS_WAITS,
  CONTROL_QUEUE_PAIR,
  DROP_ENDPOINT_ELSEWHERE,
  DROP_INNER_VLAN,
  DROP_MISS_TABLE_FULL,
  DROP_NO_FLOOD,
  DROP_NOT_ENCAPSULATED,
  DROP_OUTSIDE_PORT_SET,
  DROP_POLICY_BYPASS,
  DROP_SPOOFED_HOST,
  ENDPOINT_F_ASKED,
  ENDPOINT_F_CLAIMED,
  ENDPOINT_HOST,
  FLAG_VLAN,
  NETWORK_F_FLOOD,
  NETWORK_F_INNER_VLAN,
  NETWORK_F_UNIFORM,
  OK,
  SCRATCH_FOUND,
  SCRATCH_KEY_PTRS,
  SCRATCH_KEYS,
  STATE_LOCAL,
  STATE_PENDING,
  STATE_REMOTE,
  TABLE_MISS,
  WAITS_INSIDE,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Ecn } from "../path/ecn";
import { Outer } from "../path/outer";
import { Port } from "../path/port";
import { tableLookupBurst } from "../table/burst";
import { ETHERNET_SRC, isMulticastAddress } from "../wire/ethernet";
import { AddressClass } from "./address";
import { Verdict } from "./decide";
import { announceGuest, deliver, handOver, refuse } from "./deliver";
import { Endpoint, Endpoints } from "./endpoint";
import { floodHere } from "./flood";
import { elsewhere, waitToBeHere } from "./moved";
import { Network, Vnic } from "./network";
import { comesFrom, NETWORK_CONTROL, openOuter } from "./open";
import { askBecause, isFromFormer } from "./origin";
import { OUT_DROPPED, OUT_HELD } from "./outcome";
import { isPast, Overlay } from "./overlay";
import { isItsQueuePair } from "./queue-pair";
import { askFor, Send, wait } from "./send";
import { touchSenders } from "./touch";

/** Moves at most n frames, BURST_MAX at most, from the i-th uplink's receive ring; returns how many left it. */
export function overlayReceiveBurst(overlay: usize, i: u32, n: u32): u32 {
  const o = changetype<Overlay>(overlay);
  const uplink = o.uplinkAt(i);
  const ring = changetype<Port>(uplink).rxRing as usize;
  const ready = min(n, ringCount(ring));
  if (ready == 0) return 0;
  const found = (o.scratch as usize) + SCRATCH_FOUND;
  lookUp(o, ring, ready);
  for (let at: u32 = 0; at < ready; at++) {
    const word = found + ((at as usize) << 3);
    receiveOne(o, i, ringPeek(ring, at) as usize, load<u32>(word), load<u32>(word, 4));
  }
  ringSkip(ring, ready);
  announceGuest(o);
  return ready;
}

/** Opens the first n frames of an uplink's ring and looks up whom they are from and for: two words each. */
function lookUp(o: Overlay, ring: usize, n: u32): void {
  const scratch = o.scratch as usize;
  for (let i: u32 = 0; i < n; i++) {
    const m = ringPeek(ring, i) as usize;
    const network = openOuter(o, m);
    const key = scratch + SCRATCH_KEYS + ((i as usize) << 5);
    const mbuf = changetype<Mbuf>(m);
    const inner = (mbuf.data + mbuf.payload) as usize;
    Endpoints.writeKey(key, network, Endpoints.macAt(inner + ETHERNET_SRC));
    Endpoints.writeKey(key + 16, network, Endpoints.macAt(inner));
  }
  tableLookupBurst(o.endpoints as usize, scratch + SCRATCH_KEY_PTRS, scratch + SCRATCH_FOUND, n << 1);
  touchSenders(o, n);
}

/**
 * Takes a frame that arrived on the i-th uplink and was opened (open.ts); source and destination are the records of its inner addresses,
 * or TABLE_MISS. The frame is the overlay's no longer.
 */
function receiveOne(o: Overlay, i: u32, m: usize, source: u32, destination: u32): u32 {
  const uplink = o.uplinkAt(i);
  const mbuf = changetype<Mbuf>(m);
  // 1. Is it for this host, and right outside? The link's own protocols, and the overlay's, are for the control plane.
  const network = mbuf.hash as usize;
  if (mbuf.cause != OK) return refuse(m, uplink, mbuf.cause);
  if (network == 0) return takeLinkLocal(o, uplink, m);
  if ((network as u32) == NETWORK_CONTROL) {
    return handOver(o, m, uplink, CONTROL_QUEUE_PAIR, 0);
  }
  const n = changetype<Network>(network);
  // 2. Is its sender where it comes from?
  const inner = (mbuf.data + mbuf.payload) as usize;
  const from = source == TABLE_MISS ? askFor(o, network, Endpoints.macAt(inner + ETHERNET_SRC)) : (source as usize);
  if (from == 0) return refuse(m, uplink, DROP_MISS_TABLE_FULL);
  const state = Send.stateNow(o, from);
  if (state == STATE_PENDING) {
    return wait(o, from, m, uplink);
  }
  if (state != STATE_REMOTE || !comesFrom(mbuf, from + ENDPOINT_HOST)) {
    if (!isUnderWay(o, mbuf, from) && !isSentOn(o, mbuf, destination)) {
      if (isClaimed(destination)) return waitToBeHere(o, destination as usize, m, uplink);
      return doubt(o, from, m, uplink);
    }
  }
  // 3. Is the one that it is for here?
  const isToMany = isMulticastAddress(inner);
  const to = destination as usize;
  if (!isToMany) {
    if (destination == TABLE_MISS || changetype<Endpoint>(to).state != STATE_LOCAL || !isItsQueuePair(mbuf, to)) {
      return elsewhere(o, i, destination, m);
    }
  }
  // 4. Out of the outer headers, and what those say of congestion goes inside.
  const vnic: usize = isToMany ? (0 as usize) : (changetype<Endpoint>(to).vnic as usize);
  let cause = admit(o, vnic, i);
  const tos = Ecn.outer(m);
  if (cause == OK) cause = Outer.strip(m);
  if (cause == OK) cause = FrameKind.parse(m);
  if (cause == OK) cause = Ecn.apply(m, tos, (n.flags & NETWORK_F_UNIFORM) != 0);
  if (cause == OK && (mbuf.flags & FLAG_VLAN) != 0 && (n.flags & NETWORK_F_INNER_VLAN) == 0) cause = DROP_INNER_VLAN;
  if (cause != OK) return refuse(m, uplink, cause);
  return inside(o, i, m, from, to);
}

/** The rest of the way, for a parsed frame without its outer headers; to is not looked at for a frame to many. */
function inside(o: Overlay, i: u32, m: usize, from: usize, to: usize): u32 {
  const uplink = o.uplinkAt(i);
  const mbuf = changetype<Mbuf>(m);
  const n = changetype<Network>(changetype<Endpoint>(from).network as usize);
  const isToMany = FrameKind.isFlood(mbuf);
  // 5. May it?
  const source = AddressClass.of(o, from, mbuf, true);
  if (source == CLASS_WAITS) return waitInside(o, m, n, uplink);
  if (isToMany) {
    if ((n.flags & NETWORK_F_FLOOD) == 0) return refuse(m, uplink, DROP_NO_FLOOD);
    // What a sender that has come here meanwhile had sent, it does not get itself.
    return floodHere(o, n, source, from, m, uplink);
  }
  const destination = AddressClass.of(o, to, mbuf, false);
  if (destination == CLASS_WAITS) return waitInside(o, m, n, uplink);
  const verdict = Verdict.of(o, n, mbuf, source, destination);
  const action = Verdict.action(verdict);
  if (action == ACTION_DENY) return refuse(m, uplink, Verdict.detail(verdict));
  if (action == ACTION_VIA) {
    if (!isOnItsWay(n, Verdict.detail(verdict), from, to)) return refuse(m, uplink, DROP_POLICY_BYPASS);
  }
  // 6. To its guest.
  const vnic = changetype<Endpoint>(to).vnic as usize;
  const bytes = mbuf.pktLen;
  const out = deliver(o, vnic, from, m, uplink);
  // Also one that is diverted: it has come by that port.
  if (out != OUT_DROPPED && o.group != 0) {
    Guard.countTaken(changetype<Vnic>(vnic).partition as usize, i, bytes);
  }
  return out;
}

/** A frame that has lost its outer headers already, and now waits for an address's class: it goes on inside. */
function waitInside(o: Overlay, m: usize, n: Network, uplink: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if (wait(o, o.waitsFor as usize, m, uplink) != OUT_HELD) return OUT_DROPPED;
  mbuf.cause = WAITS_INSIDE as u16;
  mbuf.hash = changetype<usize>(n) as u32;
  return OUT_HELD;
}

/** A frame that waited is looked at again. */
export function receiveAgain(o: Overlay, i: u32, m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  const isInside = (mbuf.cause as u32) == WAITS_INSIDE;
  const network = isInside ? mbuf.hash : openOuter(o, m);
  const at = (mbuf.data as usize) + (isInside ? 0 : (mbuf.payload as usize));
  const source = Endpoints.find(o, network as usize, Endpoints.macAt(at + ETHERNET_SRC));
  const destination = Endpoints.find(o, network as usize, Endpoints.macAt(at));
  if (!isInside) return receiveOne(o, i, m, source, destination);
  const isHere = destination != TABLE_MISS && changetype<Endpoint>(destination as usize).state == STATE_LOCAL;
  if (source == TABLE_MISS || !(isHere || FrameKind.isFlood(mbuf))) {
    return refuse(m, o.uplinkAt(i), DROP_ENDPOINT_ELSEWHERE);
  }
  return inside(o, i, m, source as usize, destination as usize);
}

/** True for a frame that its sender has sent before it moved, from where it was: here it may be by now, or anywhere. */
function isUnderWay(o: Overlay, mbuf: Mbuf, from: usize): bool {
  return isFromLastHost(o, mbuf, from) || isFromFormer(o, from, mbuf);
}

/** True for a frame that the host where its destination was before has sent on to here, which it may for a while. */
function isSentOn(o: Overlay, mbuf: Mbuf, destination: u32): bool {
  return destination != TABLE_MISS && isFromLastHost(o, mbuf, destination as usize);
}

/** True for a frame from the host where an endpoint that is here has been before, a while ago. */
function isFromLastHost(o: Overlay, mbuf: Mbuf, endpoint: usize): bool {
  const e = changetype<Endpoint>(endpoint);
  return e.state == STATE_LOCAL && !isPast(e.deadline, o.tick) && comesFrom(mbuf, endpoint + ENDPOINT_HOST);
}

/** True for an endpoint that is about to be here: whoever may send it what then is not known yet. */
function isClaimed(destination: u32): bool {
  if (destination == TABLE_MISS) return false;
  return (changetype<Endpoint>(destination as usize).flags & ENDPOINT_F_CLAIMED) != 0;
}

/** A sender that is elsewhere, or here, for all that is known: the directory is asked again, once for each host; then the frame is a lie. */
function doubt(o: Overlay, from: usize, m: usize, uplink: usize): u32 {
  const e = changetype<Endpoint>(from);
  const isSomewhere = e.state == STATE_REMOTE || e.state == STATE_LOCAL;
  const isAsked = isSomewhere && ((e.flags & ENDPOINT_F_ASKED) != 0 || askBecause(o, from, changetype<Mbuf>(m)));
  if (!isAsked) return refuse(m, uplink, DROP_SPOOFED_HOST);
  // Of one that is here, it says until when its last host may send on to it.
  if (e.state == STATE_REMOTE) e.deadline = o.tick + o.missTicks;
  return wait(o, from, m, uplink);
}

/** Redirected frames go to the waypoint, and those that it has let through come from it. */
function isOnItsWay(n: Network, number: u32, from: usize, to: usize): bool {
  const waypoint = load<u32>((n.waypoints as usize) + ((number as usize) << 2)) as usize;
  return from == waypoint || to == waypoint;
}

/** In a group, a partition's frames come by the ports of its own set. */
function admit(o: Overlay, vnic: usize, i: u32): u32 {
  if (o.group == 0 || vnic == 0) return OK;
  const partition = changetype<Vnic>(vnic).partition as usize;
  return admits(partition, i) ? OK : DROP_OUTSIDE_PORT_SET;
}

function takeLinkLocal(o: Overlay, uplink: usize, m: usize): u32 {
  if (o.group != 0 && FrameKind.isReserved(changetype<Mbuf>(m))) {
    takeReserved(changetype<Group>(o.group as usize), uplink, m);
    return OUT_HELD;
  }
  return refuse(m, uplink, DROP_NOT_ENCAPSULATED);
}
