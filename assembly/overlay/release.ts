// What waited goes on, in its order, each frame looked at anew from the start.
import { ringCount, ringPeek, ringSkip } from "../dma/ring";
import { FrameKind } from "../lag/frame";
import { STATE_PENDING } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { announce } from "../path/single";
import { announceGuest } from "./deliver";
import { Endpoint, Endpoints, giveRing } from "./endpoint";
import { Vnic } from "./network";
import { OUT_LOCAL, OUT_WAITS } from "./outcome";
import { Overlay } from "./overlay";
import { receiveAgain } from "./receive";
import { Send } from "./send";

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
    if (!goOn(o, m)) {
      e.hold = ring as u32;
      e.deadline = o.tick + o.missTicks;
      return ringCount(ring);
    }
    ringSkip(ring, 1);
  }
  announceGuest(o);
  giveRing(o, ring);
  return 0;
}

/** False for a frame that must wait for room. */
function goOn(o: Overlay, m: usize): bool {
  const mbuf = changetype<Mbuf>(m);
  const vnic = load<u32>((o.vnicByPort as usize) + ((mbuf.port as usize) << 2)) as usize;
  if (vnic == 0) {
    receiveAgain(o, numberOf(o, mbuf), m);
    return true;
  }
  mbuf.cause = FrameKind.parse(m) as u16;
  const v = changetype<Vnic>(vnic);
  const found = Endpoints.find(o, v.network as usize, Endpoints.macAt(mbuf.data as usize));
  const out = sendAgain(o, vnic, m, found);
  if (out < OUT_LOCAL) announce(o.uplinkAt(out));
  return out != OUT_WAITS;
}

/** A function, so that the loop of what guests send has this step for itself. */
function sendAgain(o: Overlay, vnic: usize, m: usize, found: u32): u32 {
  return Send.one(o, vnic, m, found);
}

/** Which uplink a frame has arrived on. */
function numberOf(o: Overlay, mbuf: Mbuf): u32 {
  const port = load<u32>((o.ports as usize) + ((mbuf.port as usize) << 2)) as usize;
  let i: u32 = 0;
  while (i < o.uplinkCount && o.uplinkAt(i) != port) i++;
  return i;
}
