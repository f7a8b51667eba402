// A frame that Outer.open accepted leaves its tunnel, by the tunnel's rules: reserved bits, tags inside, and what the underlay has
// marked on the outer header.
import {
  DROP_HEADERS_SPLIT,
  DROP_INNER_VLAN,
  DROP_RESERVED_BITS,
  OK,
  TUNNEL_F_INNER_VLAN,
  TUNNEL_F_STRICT,
  TUNNEL_F_UNIFORM,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES, ETHERNET_TYPE, etherType, isVlanType } from "../wire/ethernet";
import { hasReservedBits } from "./decap";
import { Ecn } from "./ecn";
import { Outer } from "./outer";
import { parse } from "./parse";

/** A class because asc inlines on demand only decorated methods. */
export class Unwrap {
  /** Strips the frame; flags are the tunnel's. Returns OK, or the cause for a drop: the outer headers may be gone by then. */
  @inline
  static by(m: usize, flags: u32): u32 {
    if ((flags & TUNNEL_F_STRICT) != 0) {
      if (hasReservedBits(m)) return DROP_RESERVED_BITS;
    }
    const tos = Ecn.outer(m);
    const cause = Outer.strip(m);
    if (cause != OK) return cause;
    if ((flags & TUNNEL_F_INNER_VLAN) == 0) {
      const mbuf = changetype<Mbuf>(m);
      if (mbuf.len < ETHERNET_BYTES) {
        if (mbuf.pktLen >= ETHERNET_BYTES) return DROP_HEADERS_SPLIT;
      } else if (isVlanType(etherType((mbuf.data as usize) + ETHERNET_TYPE))) {
        return DROP_INNER_VLAN;
      }
    }
    // Nearly always: no mark that goes on, and the outer DSCP ends here.
    if (((tos & 1) | (flags & TUNNEL_F_UNIFORM)) == 0) return OK;
    return mark(m, tos, (flags & TUNNEL_F_UNIFORM) != 0);
  }
}

/** The inner header has to be known for it; one that is malformed cannot take a mark. */
function mark(m: usize, tos: u32, uniform: bool): u32 {
  const cause = parse(m);
  return cause == OK ? Ecn.apply(m, tos, uniform) : cause;
}
