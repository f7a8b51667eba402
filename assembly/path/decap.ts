// VXLAN decapsulation (RFC 7348): find the VXLAN header in a parsed frame, check what the outer headers vouch for, strip
// them by moving a pointer. Each step leaves the frame as it was when it returns a cause.
import { complement } from "../checksum";
import {
  DROP_HEADERS_SPLIT,
  DROP_NOT_VXLAN,
  DROP_OUTER_FRAGMENT,
  DROP_OUTER_IPV4_CHECKSUM,
  DROP_OUTER_UDP_CHECKSUM,
  DROP_VXLAN_NO_VNI_FLAG,
  DROP_VXLAN_TRUNCATED,
  FLAG_FRAGMENT,
  FLAG_IPV4,
  FLAG_UDP,
  OK,
} from "../layout";
import { adj, Mbuf, trim } from "../mbuf/mbuf";
import { ipv4ChecksumHolds } from "../wire/ipv4";
import { UDP_BYTES, udpDestination, udpLength } from "../wire/transport";
import { VXLAN_BYTES, vxlanHasVni, vxlanVni } from "../wire/vxlan";
import { checksumField, isWhole, pseudoSum, transportSum } from "./transport";

/** Looks for a VXLAN header behind UDP port udpPort in a frame that parse accepted; OK sets mbuf.vni. */
export function findVxlan(m: usize, udpPort: u32): u32 {
  const mbuf = changetype<Mbuf>(m);
  const udp = (mbuf.data + mbuf.l4) as usize;
  if ((mbuf.flags & FLAG_UDP) == 0 || mbuf.payload == 0 || udpDestination(udp) != udpPort) return DROP_NOT_VXLAN;
  if ((mbuf.flags & FLAG_FRAGMENT) != 0) return DROP_OUTER_FRAGMENT;
  const inside = (mbuf.payload as u32) + VXLAN_BYTES;
  if (udpLength(udp) < UDP_BYTES + VXLAN_BYTES || mbuf.pktLen < inside) return DROP_VXLAN_TRUNCATED;
  if (mbuf.len < inside) return DROP_HEADERS_SPLIT;
  const vxlan = udp + UDP_BYTES;
  if (!vxlanHasVni(vxlan)) return DROP_VXLAN_NO_VNI_FLAG;
  mbuf.vni = vxlanVni(vxlan);
  return OK;
}

/** Checks the outer IPv4 header's checksum, and the UDP checksum when there is one and the datagram is whole here. */
export function checkOuter(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    const ip = (mbuf.data + mbuf.l3) as usize;
    if (!ipv4ChecksumHolds(ip, mbuf.l4 - mbuf.l3)) return DROP_OUTER_IPV4_CHECKSUM;
  }
  if (load<u16>(checksumField(m)) == 0 || !isWhole(m)) return OK;
  return complement(transportSum(m, pseudoSum(m))) == 0 ? OK : DROP_OUTER_UDP_CHECKSUM;
}

/** Length on the wire of the frame inside one that findVxlan accepted. */
export function innerBytes(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  return udpLength((mbuf.data + mbuf.l4) as usize) - UDP_BYTES - VXLAN_BYTES;
}

/** Moves the frame's start behind the VXLAN header that findVxlan saw, and its end to where the UDP length says. */
export function strip(m: usize): void {
  const mbuf = changetype<Mbuf>(m);
  const end = mbuf.l4 + udpLength((mbuf.data + mbuf.l4) as usize);
  if (mbuf.pktLen > end) trim(m, mbuf.pktLen - end);
  mbuf.wireLen = end;
  adj(m, (mbuf.payload as u32) + VXLAN_BYTES);
}
