// Anti-spoofing: a partition sends with its own MAC address and its own IP addresses. DHCP clients may still be without one (RFC 2131
// section 4.1), and so may neighbour discovery (RFC 4862 section 5.4.2). A waypoint forwards what others have sent.
import {
  DROP_SPOOFED_IP,
  DROP_SPOOFED_MAC,
  ENDPOINT_F_FORWARDS,
  FLAG_ICMPV6,
  FLAG_IPV4,
  FLAG_IPV6,
  FLAG_UDP,
  OK,
  STATE_LOCAL,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_SRC } from "../wire/ethernet";
import { IPV4_SRC } from "../wire/ipv4";
import { IPV6_SRC } from "../wire/ipv6";
import { ports } from "../wire/transport";
import { findAddress } from "./address";
import { Endpoint, Endpoints } from "./endpoint";
import { Vnic } from "./network";
import { Overlay } from "./overlay";

/** Ports 68 and 67, as they stand in a DHCP client's datagram to its server. */
const DHCP_PORTS: u32 = 0x4300_4400;
const ROUTER_SOLICITATION: u32 = 133;
const REDIRECT: u32 = 137;

/** A class because asc inlines on demand only decorated methods. */
export class SourceGuard {
  /** OK when the parsed frame has its sender's own addresses, else the cause for a drop. */
  @inline
  static check(o: Overlay, vnic: usize, m: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    const own = changetype<Endpoint>(changetype<Vnic>(vnic).endpoint as usize);
    const data = mbuf.data as usize;
    if (Endpoints.macAt(data + ETHERNET_SRC) != own.mac) return DROP_SPOOFED_MAC;
    if ((mbuf.flags & FLAG_IPV4) != 0) {
      // 0.0.0.0 is not the address of one that has none.
      if (load<u32>(data + mbuf.l3, IPV4_SRC) == own.ip4 && mbuf.l4 != 0 && own.ip4 != 0) return OK;
    } else if ((mbuf.flags & FLAG_IPV6) == 0) {
      return OK;
    }
    return checkOther(o, vnic, mbuf);
  }
}

function checkOther(o: Overlay, vnic: usize, mbuf: Mbuf): u32 {
  const v = changetype<Vnic>(vnic);
  const own = changetype<Endpoint>(v.endpoint as usize);
  if ((own.flags & ENDPOINT_F_FORWARDS) != 0) return OK;
  // A header that is not whole here has no addresses to check.
  if (mbuf.l4 == 0) return DROP_SPOOFED_IP;
  const isIpv6 = (mbuf.flags & FLAG_IPV6) != 0;
  const source = ((mbuf.data + mbuf.l3) as usize) + (isIpv6 ? IPV6_SRC : IPV4_SRC);
  if (isIpv6 && v128.all_true<i8>(i8x16.eq(v128.load(source), own.ip6))) {
    return v128.any_true(own.ip6) ? OK : checkUnspecified(mbuf, true);
  }
  const isZero = isIpv6 ? !v128.any_true(v128.load(source)) : load<u32>(source) == 0;
  if (isZero) return checkUnspecified(mbuf, isIpv6);
  const record = findAddress(o, v.network as usize, source, isIpv6);
  if (record == TABLE_MISS) return DROP_SPOOFED_IP;
  const address = changetype<Endpoint>(record as usize);
  return address.state == STATE_LOCAL && (address.vnic as usize) == vnic ? OK : DROP_SPOOFED_IP;
}

/** ICMPv6 types of neighbour discovery (RFC 4861 section 4): router solicitation to redirect. */
function isDiscovery(mbuf: Mbuf): bool {
  if ((mbuf.flags & FLAG_ICMPV6) == 0 || mbuf.payload == 0) return false;
  return (load<u8>((mbuf.data + mbuf.l4) as usize) as u32) - ROUTER_SOLICITATION <= REDIRECT - ROUTER_SOLICITATION;
}

/** The unspecified address is for DHCP clients and for neighbour discovery. */
function checkUnspecified(mbuf: Mbuf, isIpv6: bool): u32 {
  if (isIpv6) return isDiscovery(mbuf) ? OK : DROP_SPOOFED_IP;
  const isDhcp =
    (mbuf.flags & FLAG_UDP) != 0 && mbuf.payload != 0 && ports((mbuf.data + mbuf.l4) as usize) == DHCP_PORTS;
  return isDhcp ? OK : DROP_SPOOFED_IP;
}
