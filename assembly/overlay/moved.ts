// Frames for somebody who is not here, or not here any more. A host that knows where he has gone sends so many frames on, so that nothing
// is lost until the senders know; they are told by the control plane (src/gqp/moved.ts). What is not sent on is handed to it whole.

import { ringEnqueue } from "../dma/ring";
import { FrameKind } from "../lag/frame";
import {
  CONTROL_ELSEWHERE,
  COUNTER_FORWARDED,
  DROP_NO_PATH,
  DROP_QUEUE_FULL,
  ENCAP_ROCEV2,
  ENCAP_SHIFT,
  ENDPOINT_F_CLAIMED,
  FLAG_IPV4,
  OK,
  STATE_PENDING,
  STATE_REMOTE,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Encap } from "../path/encap";
import { flowHash } from "../path/hash";
import { Outer } from "../path/outer";
import { drop, makeSendable } from "../path/port";
import { announce, Single } from "../path/single";
import { Tunnel } from "../path/tunnel";
import { IPV4_SRC } from "../wire/ipv4";
import { IPV6_SRC } from "../wire/ipv6";
import { handOver, refuse } from "./deliver";
import { Endpoint } from "./endpoint";
import { duplicate } from "./flood";
import { countOverlay, isPast, Overlay } from "./overlay";
import { psnOf, sourceOf, wrap } from "./queue-pair";
import { Route } from "./route";
import { wait } from "./send";

/** Whether a frame that was handed over has been sent on: the number that goes with CONTROL_ELSEWHERE. */
const REJECTED: u32 = 0;
const SENT_ON: u32 = 1;

/** Takes an opened frame that arrived on the i-th uplink for an endpoint (a record, or TABLE_MISS) that is not here. */
export function elsewhere(o: Overlay, i: u32, endpoint: u32, m: usize): u32 {
  const uplink = o.uplinkAt(i);
  const e = changetype<Endpoint>(endpoint as usize);
  if (endpoint == TABLE_MISS) return handOver(o, m, uplink, CONTROL_ELSEWHERE, REJECTED);
  if ((e.flags & ENDPOINT_F_CLAIMED) != 0) return waitToBeHere(o, endpoint as usize, m, uplink);
  if (e.forwards == 0) return handOver(o, m, uplink, CONTROL_ELSEWHERE, REJECTED);
  // Where to send it on to is being asked.
  if (e.state == STATE_PENDING) return wait(o, endpoint as usize, m, uplink);
  if (e.state != STATE_REMOTE) return handOver(o, m, uplink, CONTROL_ELSEWHERE, REJECTED);
  tell(o, e, m);
  return sendOn(o, i, e, m);
}

/** Has a frame wait for an endpoint that is about to be here: its senders, or its last host, may know before this one does. */
export function waitToBeHere(o: Overlay, endpoint: usize, m: usize, uplink: usize): u32 {
  const e = changetype<Endpoint>(endpoint);
  if (e.hold == 0) e.deadline = o.tick + o.missTicks;
  return wait(o, endpoint, m, uplink);
}

/** Hands a copy to the control plane, now and then for each host that sends, from which it sees who must be told. */
function tell(o: Overlay, e: Endpoint, m: usize): void {
  if (isPast(e.deadline, o.tick)) {
    e.deadline = o.tick + o.refreshTicks;
    e.told = 0;
  }
  const bit = bitOfSender(changetype<Mbuf>(m));
  if ((e.told & bit) != 0) return;
  e.told |= bit;
  const copy = duplicate(o.pool as usize, m);
  if (copy == 0) return;
  const c = changetype<Mbuf>(copy);
  c.vni = changetype<Mbuf>(m).vni;
  c.payload = changetype<Mbuf>(m).payload;
  c.cause = CONTROL_ELSEWHERE as u16;
  c.hash = SENT_ON;
  if (!ringEnqueue(o.control as usize, copy as u32)) drop(o.uplinkAt(0), copy, DROP_QUEUE_FULL);
}

/** One of 64 bits for the host that an opened frame comes from. */
function bitOfSender(mbuf: Mbuf): u64 {
  const ip = (mbuf.data + mbuf.l3) as usize;
  let address: u32 = 0;
  if ((mbuf.flags & FLAG_IPV4) != 0) address = load<u32>(ip, IPV4_SRC);
  else for (let off: usize = 0; off < 16; off += 4) address ^= load<u32>(ip + off, IPV6_SRC);
  // The upper bits of a product with 2^32 over the golden ratio (D. Knuth, The Art of Computer Programming, 6.4).
  return (1 as u64) << ((address * 0x9e3779b1) >> 26);
}

/**
 * The same inner frame to where its endpoint is now; a queue pair's frame keeps its numbers. It goes by its path's uplink; in a group, where
 * partitions choose and none is here to, back by the one that it came by.
 */
function sendOn(o: Overlay, i: u32, e: Endpoint, m: usize): u32 {
  const uplink = o.uplinkAt(i);
  const mbuf = changetype<Mbuf>(m);
  const isQueuePairs = mbuf.flags >> ENCAP_SHIFT == (ENCAP_ROCEV2 as u32);
  const source = isQueuePairs ? sourceOf(mbuf) : 0;
  const psn = isQueuePairs ? psnOf(mbuf) : e.psn;
  let cause = Outer.strip(m);
  if (cause == OK) cause = FrameKind.parse(m);
  if (cause != OK) return refuse(m, uplink, cause);
  const hash = flowHash(m);
  const path = Route.path(e.route as usize, hash);
  const out: u32 = path == 0 || o.group != 0 ? i : changetype<Tunnel>(path).uplink;
  const port = o.uplinkAt(out);
  if (path == 0) cause = DROP_NO_PATH;
  else if (Single.mustWait(port, m)) cause = DROP_QUEUE_FULL;
  if (cause == OK) {
    const isDatagram = (changetype<Tunnel>(path).kind as u32) >= (ENCAP_ROCEV2 as u32);
    cause = isDatagram ? wrap(o, path, m, e.gqpn, source, psn) : Encap.hashed(m, path, hash);
  }
  if (cause == OK) cause = makeSendable(port, uplink, m);
  if (cause != OK) return refuse(m, uplink, cause);
  e.forwards -= 1;
  Single.post(port, m);
  announce(port);
  countOverlay(o, COUNTER_FORWARDED);
  return out;
}
