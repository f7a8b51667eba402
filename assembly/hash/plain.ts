// What nearly every frame is, by what parse found: TCP or UDP, whole, untagged, in IPv4 or in IPv6 without extension headers. A burst's
// first loop hashes these without a call, since around one V8 would spill what the loop holds; what is left goes the general way.
import { FLAG_FRAGMENT, FLAG_IPV4, FLAG_IPV6, FLAG_QINQ, FLAG_TCP, FLAG_UDP, FLAG_VLAN } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { IPV6_BYTES } from "../wire/ipv6";

/** Of a frame that has to go the general way. A hash may be the same: then it is computed twice, to the same end. */
export const NOT_PLAIN: u32 = 0xffffffff;

const KINDS: u32 = FLAG_IPV4 | FLAG_IPV6 | FLAG_TCP | FLAG_UDP | FLAG_FRAGMENT | FLAG_VLAN | FLAG_QINQ;
/** Destination ports of VXLAN and Geneve as they stand in memory. */
const VXLAN_IN_MEMORY: u32 = 0xb512;
const GENEVE_IN_MEMORY: u32 = 0xc117;

/** A class because asc inlines on demand only decorated methods. */
export class PlainFlow {
  /** One test for both: UDP's flag is twice TCP's, so what is left is 0 for TCP and TCP's flag for UDP. */
  @inline
  static isIpv4(mbuf: Mbuf): bool {
    return (((mbuf.flags & KINDS) - (FLAG_IPV4 | FLAG_TCP)) & ~FLAG_TCP) == 0 && mbuf.payload != 0;
  }

  @inline
  static isIpv6(mbuf: Mbuf): bool {
    if ((((mbuf.flags & KINDS) - (FLAG_IPV6 | FLAG_TCP)) & ~FLAG_TCP) != 0 || mbuf.payload == 0) return false;
    return (mbuf.l4 as u32) - (mbuf.l3 as u32) == IPV6_BYTES;
  }

  /** True when ports, as they stand in memory, could be those of a tunnel that has to be looked into. */
  @inline
  static mayHoldFrame(ports: u32): bool {
    return ports >> 16 == VXLAN_IN_MEMORY || ports >> 16 == GENEVE_IN_MEMORY;
  }
}
