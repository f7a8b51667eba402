// The last frames that went to an endpoint by queue pair are kept for a while, a reference each, so that those which its old host has
// rejected reach it where it is now: datagrams have no acknowledgement that would do so (IBTA volume 1, 9.8.3).
import { ringCount, ringDequeueBurst, ringEnqueue } from "../dma/ring";
import { FrameKind } from "../lag/frame";
import {
  COUNTER_NOT_RETAINED,
  COUNTER_RESENT,
  DROP_NO_PATH,
  DROP_QUEUE_FULL,
  DROP_UNKNOWN_PARTITION,
  OK,
  SCRATCH_LIST,
  STATE_LOCAL,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { free, Pool, retain } from "../mbuf/pool";
import { flowHash } from "../path/hash";
import { Outer } from "../path/outer";
import { drop, makeSendable } from "../path/port";
import { announce, Single } from "../path/single";
import { Tunnel } from "../path/tunnel";
import { announceGuest, deliver } from "./deliver";
import { Uplinks } from "./depart";
import { Endpoint, giveRing, takeRing } from "./endpoint";
import { duplicate } from "./flood";
import { Vnic } from "./network";
import { OUT_DROPPED, OUT_LOCAL, OUT_WAITS } from "./outcome";
import { countOverlay, Overlay } from "./overlay";
import { openQueuePair, psnOf, sourceOf, wrap } from "./queue-pair";
import { Route } from "./route";

/** PSNs that a message can name behind its first. */
const BITMAP_PSNS: u32 = 64;
const PSN_MASK: u32 = 0xffffff;

/** Keeps a frame that is about to be posted; the oldest goes when there is no room, and none is kept when the pool runs low. */
export function keep(o: Overlay, e: Endpoint, m: usize): void {
  const pool = changetype<Pool>(o.pool as usize);
  if (e.retained == 0) e.retained = takeRing(o) as u32;
  const ring = e.retained as usize;
  if (ring == 0 || pool.freeCount < pool.count >> 2) {
    countOverlay(o, COUNTER_NOT_RETAINED);
    return;
  }
  retain(m);
  if (ringEnqueue(ring, m as u32)) return;
  dropOldest(o, ring);
  ringEnqueue(ring, m as u32);
}

/** Lets go of all that is kept for an endpoint. */
export function forget(o: Overlay, e: Endpoint): void {
  const ring = e.retained as usize;
  if (ring == 0) return;
  while (ringCount(ring) != 0) dropOldest(o, ring);
  giveRing(o, ring);
  e.retained = 0;
}

/**
 * Sends again, with their own numbers and by the endpoint's route of now, or to its guest when it is here, the kept frames that were rejected: the one of PSN first and
 * those that have a bit in rejected, whose bit i is PSN first + i. None is sent again twice. Returns how many were.
 */
export function overlayResend(overlay: usize, endpoint: usize, first: u32, rejected: u64): u32 {
  const o = changetype<Overlay>(overlay);
  const e = changetype<Endpoint>(endpoint);
  const ring = e.retained as usize;
  if (ring == 0) return 0;
  let sent: u32 = 0;
  for (let n = ringCount(ring); n != 0; n--) {
    const m = dequeue(o, ring);
    const copy = openedCopy(o, m);
    const bit = copy == 0 ? BITMAP_PSNS : (psnOf(changetype<Mbuf>(copy)) - first) & PSN_MASK;
    if (bit >= BITMAP_PSNS || ((rejected >> (bit as u64)) & 1) == 0) {
      if (copy != 0) free(o.pool as usize, copy);
      ringEnqueue(ring, m as u32);
      continue;
    }
    free(o.pool as usize, m);
    if (sendCopy(o, e, copy)) sent++;
  }
  return sent;
}

/** A kept frame again, parsed and opened; 0 when the pool is empty. The frame itself may still be read by its device. */
function openedCopy(o: Overlay, m: usize): usize {
  const copy = duplicate(o.pool as usize, m);
  if (copy == 0) return 0;
  if (FrameKind.parse(copy) == OK && openQueuePair(o, copy) == OK) return copy;
  free(o.pool as usize, copy);
  return 0;
}

function sendCopy(o: Overlay, e: Endpoint, m: usize): bool {
  const mbuf = changetype<Mbuf>(m);
  const ingress = load<u32>((o.ports as usize) + ((mbuf.port as usize) << 2)) as usize;
  const psn = psnOf(mbuf);
  const source = sourceOf(mbuf);
  let cause = Outer.strip(m);
  if (cause == OK) cause = FrameKind.parse(m);
  if (cause == OK && e.state == STATE_LOCAL) return deliverHere(o, e, m, ingress);
  const path = cause == OK ? Route.path(e.route as usize, flowHash(m)) : 0;
  if (cause == OK && path == 0) cause = DROP_NO_PATH;
  if (cause == OK && o.group != 0) return sendCopyByGroup(o, e, m, path, ingress, source, psn);
  const uplink: usize = path == 0 ? (0 as usize) : o.uplinkAt(changetype<Tunnel>(path).uplink);
  if (cause == OK && Single.mustWait(uplink, m)) cause = DROP_QUEUE_FULL;
  if (cause == OK) cause = wrap(o, path, m, e.gqpn, source, psn);
  if (cause == OK) cause = makeSendable(uplink, ingress, m);
  if (cause != OK) {
    drop(ingress, m, cause);
    return false;
  }
  // No bucket's: whatever moves need not wait for it.
  mbuf.hash = 0;
  Single.post(uplink, m);
  announce(uplink);
  countOverlay(o, COUNTER_RESENT);
  return true;
}

/** By its partition's own ports, as the first time; the partition may have gone since. */
function sendCopyByGroup(o: Overlay, e: Endpoint, m: usize, path: usize, ingress: usize, source: u32, psn: u32): bool {
  const vnic = load<u32>((o.vnicByPort as usize) + ((changetype<Mbuf>(m).port as usize) << 2)) as usize;
  if (vnic == 0) {
    drop(ingress, m, DROP_UNKNOWN_PARTITION);
    return false;
  }
  const v = changetype<Vnic>(vnic);
  const bucket = Uplinks.choose(o, v, m);
  if (bucket == OUT_DROPPED) return false;
  const cause = bucket == OUT_WAITS ? (DROP_QUEUE_FULL as u32) : wrap(o, path, m, e.gqpn, source, psn);
  if (cause != OK) {
    drop(ingress, m, cause);
    return false;
  }
  const out = Uplinks.leave(o, v, bucket, m);
  if (out == OUT_DROPPED) return false;
  if (out < OUT_LOCAL) announce(o.uplinkAt(out));
  countOverlay(o, COUNTER_RESENT);
  return true;
}

/** What somebody who is here by now was to get where he was before. */
function deliverHere(o: Overlay, e: Endpoint, m: usize, ingress: usize): bool {
  if (deliver(o, e.vnic as usize, 0, m, ingress) != OUT_LOCAL) return false;
  announceGuest(o);
  countOverlay(o, COUNTER_RESENT);
  return true;
}

function dropOldest(o: Overlay, ring: usize): void {
  free(o.pool as usize, dequeue(o, ring));
}

function dequeue(o: Overlay, ring: usize): usize {
  const at = (o.scratch as usize) + SCRATCH_LIST;
  ringDequeueBurst(ring, at, 1);
  return load<u32>(at) as usize;
}
