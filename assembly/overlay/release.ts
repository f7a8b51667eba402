// What waited goes on, in its order, each frame looked at anew from the start.
import { ringCount, ringEnqueue, ringPeek, ringSkip } from "../dma/ring";
import { FrameKind } from "../lag/frame";
import { DROP_UNKNOWN_PARTITION, STATE_PENDING, VNIC_F_PAUSED } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { announce } from "../path/single";
import { announceGuest, refuse } from "./deliver";
import { Endpoint, Endpoints, giveRing } from "./endpoint";
import { Vnic } from "./network";
import { OUT_LOCAL, OUT_WAITS } from "./outcome";
import { Overlay } from "./overlay";
import { receiveAgain } from "./receive";
import { sendOne } from "./send";

/**
 * Sends on the frames that wait for an endpoint, unless it is still unknown. Returns how many are left: those from the first on that
 * finds no room on its uplink, behind which all others keep waiting.
 */
export function overlayRelease(overlay: usize, endpoint: usize): u32 {
  const o = changetype<Overlay>(overlay);
  const e = changetype<Endpoint>(endpoint);
  const ring = e.hold as usize;
  if (ring == 0) return 0;
  if (e.state == STATE_PENDING) return ringCount(ring);
  // While it has no ring, it is known: its own frames do not line up behind themselves.
  e.hold = 0;
  while (ringCount(ring) != 0) {
    const m = ringPeek(ring, 0) as usize;
    if (!goOn(o, e, m)) {
      putBack(o, e, ring);
      e.deadline = o.tick + o.missTicks;
      announceGuest(o);
      return ringCount(ring);
    }
    ringSkip(ring, 1);
  }
  announceGuest(o);
  giveRing(o, ring);
  return 0;
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

/** False for a frame that must wait for room. */
function goOn(o: Overlay, e: Endpoint, m: usize): bool {
  const mbuf = changetype<Mbuf>(m);
  const port = load<u32>((o.ports as usize) + ((mbuf.port as usize) << 2)) as usize;
  const number = numberOf(o, port);
  if (number < o.uplinkCount) {
    receiveAgain(o, number, m);
    return true;
  }
  // Whoever has the port by now, in another network, has not sent it.
  const vnic = load<u32>((o.vnicByPort as usize) + ((mbuf.port as usize) << 2)) as usize;
  const v = changetype<Vnic>(vnic);
  if (vnic == 0 || v.network != e.network) {
    refuse(m, port, DROP_UNKNOWN_PARTITION);
    return true;
  }
  // Its sender has stopped: the frame is of the state that goes with it.
  if ((v.flags & VNIC_F_PAUSED) != 0) return false;
  mbuf.cause = FrameKind.parse(m) as u16;
  const found = Endpoints.find(o, v.network as usize, Endpoints.macAt(mbuf.data as usize));
  const out = sendOne(o, vnic, m, found);
  if (out < OUT_LOCAL) announce(o.uplinkAt(out));
  return out != OUT_WAITS;
}

/** Which uplink a port is; as many as there are for one that is none. */
function numberOf(o: Overlay, port: usize): u32 {
  let i: u32 = 0;
  while (i < o.uplinkCount && o.uplinkAt(i) != port) i++;
  return i;
}
