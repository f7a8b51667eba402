// What waited goes on, in its order, each frame looked at anew from the start.
import { ringCount, ringEnqueue, ringPeek, ringSkip } from "../dma/ring";
import { FrameKind } from "../lag/frame";
import { DROP_UNKNOWN_PARTITION, ENDPOINT_F_PASSED, STATE_PENDING, VNIC_F_PAUSED } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { announce } from "../path/single";
import { announceGuest, refuse } from "./deliver";
import { Endpoint, Endpoints, giveRing } from "./endpoint";
import { Vnic } from "./network";
import { OUT_LOCAL, OUT_WAITS } from "./outcome";
import { Overlay } from "./overlay";
import { receiveAgain } from "./receive";
import { sendOne } from "./send";

/** What goOn says of a frame whose sender has stopped: it is of the state that goes with that guest. */
const STOPPED: u32 = 0x100;

/**
 * Sends on the frames that wait for an endpoint, unless it is still unknown. Returns how many are left: those of guests that have stopped,
 * which all others go past, and those from the first on that finds no room on its uplink, behind which all keep waiting.
 */
export function overlayRelease(overlay: usize, endpoint: usize): u32 {
  const o = changetype<Overlay>(overlay);
  const e = changetype<Endpoint>(endpoint);
  const ring = e.hold as usize;
  if (ring == 0) return 0;
  if (e.state == STATE_PENDING) return ringCount(ring);
  // While it has no ring, it is known: its own frames do not line up behind themselves.
  e.hold = 0;
  let isFull = false;
  // Once around: whoever stays goes behind, and so all that stay are in their order again.
  for (let n = ringCount(ring); n != 0; n--) {
    const m = ringPeek(ring, 0);
    ringSkip(ring, 1);
    if (!isFull) {
      const out = goOn(o, e, m as usize);
      if (out != OUT_WAITS && out != STOPPED) continue;
      isFull = out == OUT_WAITS;
    }
    ringEnqueue(ring, m);
  }
  announceGuest(o);
  const left = ringCount(ring);
  if (left == 0) {
    giveRing(o, ring);
    return 0;
  }
  e.flags = isFull || e.hold != 0 ? e.flags & ~ENDPOINT_F_PASSED : e.flags | ENDPOINT_F_PASSED;
  putBack(o, e, ring);
  e.deadline = o.tick + o.missTicks;
  return ringCount(ring);
}

/** The endpoint has its ring again; those that have come to wait for it anew meanwhile are behind those that still do. */
function putBack(o: Overlay, e: Endpoint, ring: usize): void {
  const anew = e.hold as usize;
  e.hold = ring as u32;
  if (anew == 0) return;
  // They were in the ring before: there is room for them.
  for (; ringCount(anew) != 0; ringSkip(anew, 1)) ringEnqueue(ring, ringPeek(anew, 0));
  giveRing(o, anew);
}

/** Sends a frame on. Returns an OUT_ code, or STOPPED; with that or OUT_WAITS it is still the caller's. */
function goOn(o: Overlay, e: Endpoint, m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  const port = load<u32>((o.ports as usize) + ((mbuf.port as usize) << 2)) as usize;
  const number = numberOf(o, port);
  if (number < o.uplinkCount) {
    return receiveAgain(o, number, m);
  }
  // Whoever has the port by now, in another network, has not sent it.
  const vnic = load<u32>((o.vnicByPort as usize) + ((mbuf.port as usize) << 2)) as usize;
  const v = changetype<Vnic>(vnic);
  if (vnic == 0 || v.network != e.network) {
    return refuse(m, port, DROP_UNKNOWN_PARTITION);
  }
  if ((v.flags & VNIC_F_PAUSED) != 0) return STOPPED;
  mbuf.cause = FrameKind.parse(m) as u16;
  const found = Endpoints.find(o, v.network as usize, Endpoints.macAt(mbuf.data as usize));
  const out = sendOne(o, vnic, m, found);
  if (out < OUT_LOCAL) announce(o.uplinkAt(out));
  return out;
}

/** Which uplink a port is; as many as there are for one that is none. */
function numberOf(o: Overlay, port: usize): u32 {
  let i: u32 = 0;
  while (i < o.uplinkCount && o.uplinkAt(i) != port) i++;
  return i;
}
