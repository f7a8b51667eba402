// What a port's peer says to the port itself: slow protocols (IEEE 802.3-2018 annex 57A: LACP and the Marker protocol) wait in a
// ring for the control plane, which reads and frees them; other reserved addresses end here, as at every bridge.
import { ringEnqueue } from "../dma/ring";
import { DROP_CONTROL_BACKLOG, DROP_RESERVED_ADDRESS } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { drop } from "../path/port";
import { ETHERNET_BYTES, ETHERNET_TYPE, etherType } from "../wire/ethernet";
import { Group } from "./group";

const ETHERTYPE_SLOW_PROTOCOLS: u32 = 0x8809;

/** Takes a frame to a reserved address that arrived on a port. */
export function takeReserved(g: Group, port: usize, m: usize): void {
  const mbuf = changetype<Mbuf>(m);
  const isSlow =
    mbuf.len >= ETHERNET_BYTES && etherType((mbuf.data as usize) + ETHERNET_TYPE) == ETHERTYPE_SLOW_PROTOCOLS;
  if (!isSlow) drop(port, m, DROP_RESERVED_ADDRESS);
  else if (!ringEnqueue(g.control as usize, m as u32)) drop(port, m, DROP_CONTROL_BACKLOG);
}
