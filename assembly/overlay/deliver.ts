// To a guest of this host. Frames for one guest come in runs, so its doorbell rings when another's turn comes. A guest that does not
// take its frames loses them: others must not wait for it.
import { ringEnqueue } from "../dma/ring";
import {
  CONTROL_DIVERTED,
  COUNTER_LOCAL_FRAMES,
  DROP_CONTROL_RING_FULL,
  DROP_INNER_VLAN,
  DROP_QUEUE_FULL,
  FLAG_VLAN,
  NETWORK_F_INNER_VLAN,
  OK,
  VNIC_F_DIVERTED,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { drop, makeSendable, Port } from "../path/port";
import { announce, Single } from "../path/single";
import { removeTags, TAGS_STUCK, tagBytes } from "../path/tags";
import { Network, Vnic } from "./network";
import { OUT_DROPPED, OUT_HELD, OUT_LOCAL } from "./outcome";
import { countOverlay, Overlay } from "./overlay";
import { Guest } from "./peer";

/** Gives a parsed frame from an endpoint (0: not known) to a vnic's guest, or to whoever has it on the move. */
export function deliver(o: Overlay, vnic: usize, from: usize, m: usize, ingress: usize): u32 {
  const v = changetype<Vnic>(vnic);
  const cause = untag(changetype<Network>(v.network as usize), m);
  if (cause != OK) return refuse(m, ingress, cause);
  const port = v.port as usize;
  if ((v.flags & VNIC_F_DIVERTED) != 0) {
    return handOver(o, m, ingress, CONTROL_DIVERTED, changetype<Port>(port).index);
  }
  if (Single.mustWait(port, m)) return refuse(m, ingress, DROP_QUEUE_FULL);
  return Delivery.post(o, port, from, m, ingress);
}

/** A class because asc inlines on demand only decorated methods. */
export class Delivery {
  /** Posts a parsed frame to a guest's port, which has room for it. */
  @inline
  static post(o: Overlay, port: usize, from: usize, m: usize, ingress: usize): u32 {
    let cause = makeSendable(port, ingress, m);
    if (cause == OK) cause = Guest.charge(port, from, m);
    if (cause != OK) return refuse(m, ingress, cause);
    if ((o.guest as usize) != port) {
      announceGuest(o);
      o.guest = port as u32;
    }
    Single.post(port, m);
    countOverlay(o, COUNTER_LOCAL_FRAMES);
    return OUT_LOCAL;
  }
}

/** Takes the tags of a parsed frame out, as a tunnel would, where the network does not carry them. Returns OK, or the cause for a drop. */
export function untag(n: Network, m: usize): u32 {
  if ((changetype<Mbuf>(m).flags & FLAG_VLAN) == 0 || (n.flags & NETWORK_F_INNER_VLAN) != 0) return OK;
  const bytes = tagBytes(changetype<Mbuf>(m));
  if (bytes == TAGS_STUCK) return DROP_INNER_VLAN;
  removeTags(changetype<Mbuf>(m), bytes);
  return OK;
}

/** Rings the doorbell of the guest that last got frames. */
export function announceGuest(o: Overlay): void {
  if (o.guest != 0) announce(o.guest as usize);
  o.guest = 0;
}

/** Hands a frame to the control plane: why, and a number that goes with it. */
export function handOver(o: Overlay, m: usize, ingress: usize, reason: u32, detail: u32): u32 {
  const mbuf = changetype<Mbuf>(m);
  if (!ringEnqueue(o.control as usize, m as u32)) return refuse(m, ingress, DROP_CONTROL_RING_FULL);
  mbuf.cause = reason as u16;
  mbuf.hash = detail;
  return OUT_HELD;
}

export function refuse(m: usize, ingress: usize, cause: u32): u32 {
  drop(ingress, m, cause);
  return OUT_DROPPED;
}
