// What was kept for a guest on the move, or came to it by another host, reaches it as any frame does: charged to whom it is from, counted
// where it arrives. The control plane had it as bytes; order and room are its business.
import { FrameKind } from "../lag/frame";
import { OK, TABLE_MISS } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Single } from "../path/single";
import { ETHERNET_SRC } from "../wire/ethernet";
import { announceGuest, Delivery, refuse } from "./deliver";
import { Endpoints } from "./endpoint";
import { Vnic } from "./network";
import { OUT_WAITS } from "./outcome";
import { Overlay } from "./overlay";

/** Gives an inner frame to a vnic's guest. Returns an OUT_ code; one that finds no room (OUT_WAITS) is still the caller's. */
export function overlayGive(overlay: usize, vnic: usize, m: usize): u32 {
  const o = changetype<Overlay>(overlay);
  const v = changetype<Vnic>(vnic);
  const port = v.port as usize;
  if (Single.mustWait(port, m)) return OUT_WAITS;
  const cause = FrameKind.parse(m);
  if (cause != OK) return refuse(m, port, cause);
  const at = (changetype<Mbuf>(m).data as usize) + ETHERNET_SRC;
  const found = Endpoints.find(o, v.network as usize, Endpoints.macAt(at));
  const out = Delivery.post(o, port, found == TABLE_MISS ? (0 as usize) : (found as usize), m, port);
  announceGuest(o);
  return out;
}
