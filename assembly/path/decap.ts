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
import { UDP_BYTES, UDP_CHECKSUM, udpDestination, udpLength } from "../wire/transport";
import { VXLAN_BYTES, vxlanHasVni, vxlanVni } from "../wire/vxlan";
import { isWhole, pseudoSum, transportSum } from "./transport";

/** Looks for a VXLAN header behind UDP port udpPort in a frame that parse accepted; OK sets mbuf.vni. */
export function findVxlan(m: usize, udpPort: u32): u32 {
  const mbuf = changetype<Mbuf>(m);
  const flags = mbuf.flags;
  const payload = mbuf.payload as u32;
  if ((flags & FLAG_UDP) == 0) return DROP_NOT_VXLAN;
  if (payload == 0) return DROP_NOT_VXLAN;
  const vxlan = (mbuf.data + payload) as usize;
  const udp = vxlan - UDP_BYTES;
  if (udpDestination(udp) != udpPort) return DROP_NOT_VXLAN;
  if ((flags & FLAG_FRAGMENT) != 0) return DROP_OUTER_FRAGMENT;
  const inside = payload + VXLAN_BYTES;
  if (udpLength(udp) < UDP_BYTES + VXLAN_BYTES) return DROP_VXLAN_TRUNCATED;
  if (mbuf.len < inside) return mbuf.pktLen < inside ? DROP_VXLAN_TRUNCATED : DROP_HEADERS_SPLIT;
  if (!vxlanHasVni(vxlan)) return DROP_VXLAN_NO_VNI_FLAG;
  mbuf.vni = vxlanVni(vxlan);
  return OK;
}

/** Checks the outer IPv4 header's checksum, and the UDP checksum when there is one and the datagram is whole here. */
export function checkOuter(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  const data = mbuf.data as usize;
  const l4 = mbuf.l4 as u32;
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    const l3 = mbuf.l3 as u32;
    if (!ipv4ChecksumHolds(data + l3, l4 - l3)) return DROP_OUTER_IPV4_CHECKSUM;
  }
  return load<u16>(data + l4, UDP_CHECKSUM) == 0 ? OK : checkUdp(m);
}

function checkUdp(m: usize): u32 {
  if (!isWhole(m)) return OK;
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
  const l4 = mbuf.l4 as u32;
  const headers = (mbuf.payload as u32) + VXLAN_BYTES;
  const data = mbuf.data;
  const end = l4 + udpLength((data + l4) as usize);
  const pktLen = mbuf.pktLen;
  if (mbuf.segments != 1) {
    if (pktLen > end) trim(m, pktLen - end);
    mbuf.wireLen = end;
    adj(m, headers);
    return;
  }
  if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "decapsulation of a freed mbuf");
  const len = min(pktLen, end) - headers;
  mbuf.data = data + headers;
  mbuf.len = len;
  mbuf.pktLen = len;
  mbuf.wireLen = end - headers;
}
