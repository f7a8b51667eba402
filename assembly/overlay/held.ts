// Frames that wait for endpoints, moved with the partition that has sent them: taken out of the rings where it leaves, and brought in a
// ring of their own to where it comes.
import { ringCount, ringEnqueue, ringPeek, ringSkip } from "../dma/ring";
import { ENDPOINT_F_PASSED } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Endpoint, giveRing, takeRing } from "./endpoint";
import { Overlay } from "./overlay";

/** An empty ring for frames that are yet to wait, or 0 when all are in use. */
export function overlayTakeRing(overlay: usize): usize {
  return takeRing(changetype<Overlay>(overlay));
}

/** Gives a ring back that overlayTakeRing gave; it is empty. */
export function overlayGiveRing(overlay: usize, ring: usize): void {
  giveRing(changetype<Overlay>(overlay), ring);
}

/**
 * The frames of a ring that overlayTakeRing gave wait for the endpoint from now on, behind those that do. Returns how many found no room:
 * those stay in the ring, which is the caller's as before; with 0 it is the endpoint's, or was given back.
 */
export function overlayJoinHeld(overlay: usize, endpoint: usize, ring: usize): u32 {
  const o = changetype<Overlay>(overlay);
  const e = changetype<Endpoint>(endpoint);
  e.deadline = o.tick + o.missTicks;
  e.flags &= ~ENDPOINT_F_PASSED;
  if (e.hold == 0) {
    e.hold = ring as u32;
    return 0;
  }
  for (; ringCount(ring) != 0; ringSkip(ring, 1)) {
    if (!ringEnqueue(e.hold as usize, ringPeek(ring, 0))) return ringCount(ring);
  }
  giveRing(o, ring);
  return 0;
}

/** Takes the frames that came by a port (its index) out of those that wait for the endpoint: they are the caller's. Returns how many. */
export function overlayTakeHeld(overlay: usize, endpoint: usize, port: u32): u32 {
  const o = changetype<Overlay>(overlay);
  const e = changetype<Endpoint>(endpoint);
  const ring = e.hold as usize;
  if (ring == 0) return 0;
  let taken: u32 = 0;
  // Once around: whoever stays goes behind, and so all that stay are in their order again.
  for (let n = ringCount(ring); n != 0; n--) {
    const m = ringPeek(ring, 0);
    ringSkip(ring, 1);
    if ((changetype<Mbuf>(m as usize).port as u32) == port) taken++;
    else ringEnqueue(ring, m);
  }
  if (ringCount(ring) == 0) {
    giveRing(o, ring);
    e.hold = 0;
  }
  return taken;
}
