// Tunnels inside what a guest sends: allowed up to a depth, since one that wraps its own output would grow without end.

import { load16be } from "../be";
import { FLAG_FRAGMENT, FLAG_IPV4, FLAG_IPV6, FLAG_UDP } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_IPV4, ETHERTYPE_IPV6, etherType } from "../wire/ethernet";
import { GENEVE_BYTES, GENEVE_PORT, geneveOptionBytes } from "../wire/geneve";
import { ipv4HeaderBytes, ipv4IsFragment, ipv4Protocol } from "../wire/ipv4";
import { IPV6_BYTES, ipv6NextHeader } from "../wire/ipv6";
import { PROTOCOL_GRE, PROTOCOL_UDP, UDP_BYTES, UDP_DST } from "../wire/transport";
import { VXLAN_BYTES, VXLAN_PORT } from "../wire/vxlan";

/** VXLAN-GPE's port is the one after VXLAN's. */
const VXLAN_PORTS: u32 = 2;
const GRE_BYTES: u32 = 8;

/** A class because asc inlines on demand only decorated methods. */
export class Nested {
  /** True when a parsed frame has more than most tunnels inside each other. */
  @inline
  static isTooDeep(mbuf: Mbuf, most: u32): bool {
    const isPlainUdp = (mbuf.flags & (FLAG_UDP | FLAG_FRAGMENT)) == FLAG_UDP && mbuf.payload != 0;
    if (isPlainUdp) {
      if (!isTunnelPort(load16be(((mbuf.data + mbuf.l4) as usize) + UDP_DST))) return false;
    } else if ((mbuf.flags & (FLAG_IPV4 | FLAG_IPV6)) == 0 || mbuf.l4 == 0) {
      return false;
    }
    return depth(mbuf, most) > most;
  }
}

function isTunnelPort(port: u32): bool {
  return port - VXLAN_PORT < VXLAN_PORTS || port == GENEVE_PORT;
}

/** Tunnels inside the frame, counted up to one more than most. */
function depth(mbuf: Mbuf, most: u32): u32 {
  const end = (mbuf.data + mbuf.len) as usize;
  let at = ((mbuf.data + mbuf.l3) as usize) - ETHERNET_BYTES;
  let found: u32 = 0;
  while (found <= most) {
    at = insideOf(at, end);
    if (at == 0) break;
    found++;
  }
  return found;
}

/** The frame in the tunnel that the frame at that address is; 0 when it is none, or not all of its headers are here. */
function insideOf(frame: usize, end: usize): usize {
  if (frame + ETHERNET_BYTES + IPV6_BYTES > end) return 0;
  const type = etherType(frame + ETHERNET_TYPE);
  const ip = frame + ETHERNET_BYTES;
  let protocol: u32 = 0;
  let l4 = ip;
  if (type == ETHERTYPE_IPV4) {
    if (ipv4IsFragment(ip)) return 0;
    protocol = ipv4Protocol(ip);
    l4 += ipv4HeaderBytes(ip);
  } else if (type == ETHERTYPE_IPV6) {
    protocol = ipv6NextHeader(ip);
    l4 += IPV6_BYTES;
  }
  let inside: usize = 0;
  if (l4 + UDP_BYTES + GENEVE_BYTES > end) return 0;
  if (protocol == PROTOCOL_UDP) {
    const port = load16be(l4 + UDP_DST);
    if (!isTunnelPort(port)) return 0;
    inside = l4 + UDP_BYTES + VXLAN_BYTES;
    if (port == GENEVE_PORT) inside += geneveOptionBytes(l4 + UDP_BYTES);
  } else if (protocol == PROTOCOL_GRE) {
    inside = l4 + GRE_BYTES;
  }
  return inside + ETHERNET_BYTES > end ? 0 : inside;
}
