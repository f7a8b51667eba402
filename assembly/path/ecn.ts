// Explicit congestion notification through a tunnel (RFC 6040; RFC 9601 for tunnels with a header between the two IP headers), and
// the DSCP with it (RFC 2983). The way in is encapsulation's (encap.ts): the outer ECN field is a copy of the inner one. The way
// out, by RFC 6040 section 4.2:
//
//   inner ╲ outer   Not-ECT   ECT(0)    ECT(1)    CE
//   Not-ECT         Not-ECT   Not-ECT   Not-ECT   drop
//   ECT(0)          ECT(0)    ECT(0)    ECT(1)    CE
//   ECT(1)          ECT(1)    ECT(1)    ECT(1)    CE
//   CE              CE        CE        CE        CE
//
// So only the two outer values with the lower bit set change anything.
import { load16be, store16be } from "../be";
import { update16 } from "../checksum";
import { DROP_ECN_CE, FLAG_IPV4, FLAG_IPV6, OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { IPV4_CHECKSUM, IPV4_TOS } from "../wire/ipv4";
import { ipv6TrafficClass } from "../wire/ipv6";

const ECN: u32 = 0x03;
const DSCP: u32 = 0xfc;
const NOT_ECT: u32 = 0;
const ECT_1: u32 = 1;
const ECT_0: u32 = 2;
const CE: u32 = 3;
/** The traffic class in the first 16 bits of an IPv6 header. */
const TRAFFIC_CLASS: u32 = 0x0ff0;

/** A class because asc inlines on demand only decorated methods. */
export class Ecn {
  /** The type of service, or traffic class, of a parsed frame; 0 for what is not IP, or not here. */
  @inline
  static outer(m: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    const ip = (mbuf.data + mbuf.l3) as usize;
    if (mbuf.l4 == 0) return 0;
    return (mbuf.flags & FLAG_IPV4) != 0 ? (load<u8>(ip, IPV4_TOS) as u32) : trafficClass(mbuf);
  }

  /**
   * What the network has marked on the outer header goes into the inner one, which has been stripped and parsed; uniform hands on the
   * outer DSCP, too. OK, or DROP_ECN_CE with the frame untouched when its sender would not understand the mark.
   */
  @inline
  static apply(m: usize, outerTos: u32, uniform: bool): u32 {
    return (outerTos & 1) == 0 && !uniform ? OK : applyAny(m, outerTos, uniform);
  }
}

function trafficClass(mbuf: Mbuf): u32 {
  return (mbuf.flags & FLAG_IPV6) != 0 ? ipv6TrafficClass((mbuf.data + mbuf.l3) as usize) : 0;
}

function applyAny(m: usize, outerTos: u32, uniform: bool): u32 {
  const mbuf = changetype<Mbuf>(m);
  if (mbuf.l4 == 0 || (mbuf.flags & (FLAG_IPV4 | FLAG_IPV6)) == 0) return OK;
  const inner = Ecn.outer(m);
  const outerEcn = outerTos & ECN;
  let ecn = inner & ECN;
  if (outerEcn == CE) {
    if (ecn == NOT_ECT) return DROP_ECN_CE;
    ecn = CE;
  } else if (outerEcn == ECT_1 && ecn == ECT_0) {
    ecn = ECT_1;
  }
  const tos = ((uniform ? outerTos : inner) & DSCP) | ecn;
  if (tos != inner) writeTos(mbuf, tos);
  return OK;
}

/** Writes the field of a frame whose IP header is here, and brings IPv4's checksum up to it. */
function writeTos(mbuf: Mbuf, tos: u32): void {
  const ip = (mbuf.data + mbuf.l3) as usize;
  if ((mbuf.flags & FLAG_IPV4) == 0) {
    store16be(ip, (load16be(ip) & ~TRAFFIC_CLASS) | (tos << 4));
    return;
  }
  const before = load<u16>(ip) as u32;
  store<u8>(ip, tos as u8, IPV4_TOS);
  store<u16>(ip, update16(load<u16>(ip, IPV4_CHECKSUM), before, load<u16>(ip)) as u16, IPV4_CHECKSUM);
}
