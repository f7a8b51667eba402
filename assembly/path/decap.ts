// VXLAN decapsulation (RFC 7348): find the VXLAN header in a parsed frame, check what the outer headers vouch for, strip
// them by moving a pointer. Each step leaves the frame as it was when it returns a cause.
import { complement } from "../checksum";
import {
  DROP_ETHERNET_TRUNCATED,
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
  MBUF_FLAGS,
  OK,
} from "../layout";
import { adj, Mbuf, trim } from "../mbuf/mbuf";
import { ETHERNET_BYTES } from "../wire/ethernet";
import { IPV4_BYTES, ipv4ChecksumHolds } from "../wire/ipv4";
import { UDP_BYTES, UDP_CHECKSUM, udpDestination, udpLength } from "../wire/transport";
import { VXLAN_BYTES, vxlanHasVni, vxlanVni } from "../wire/vxlan";
import { PLAIN_L4, PLAIN_UDP } from "./plain";
import { checksumField, isWhole, pseudoSum, transportSum } from "./transport";

const PLAIN_UDP_OFF: usize = PLAIN_L4 as usize;
const PLAIN_VXLAN: usize = PLAIN_UDP_OFF + (UDP_BYTES as usize);

/** A class because asc inlines on demand only decorated methods. */
export class Decap {
  /**
   * Finds VXLAN behind UDP port udpPort in a frame that parse accepted, and checks what the outer headers vouch for. OK sets
   * mbuf.vni. Here the fast path, for plain datagrams without a UDP checksum; whatever is not right is named by openAny.
   */
  @inline
  static open(m: usize, udpPort: u32): u32 {
    const mbuf = changetype<Mbuf>(m);
    if (load<u64>(m, MBUF_FLAGS) != PLAIN_UDP) return openAny(m, udpPort);
    const data = mbuf.data as usize;
    if (mbuf.len < (PLAIN_VXLAN as u32) + VXLAN_BYTES) return openAny(m, udpPort);
    if (udpDestination(data + PLAIN_UDP_OFF) != udpPort) return DROP_NOT_VXLAN;
    if (udpLength(data + PLAIN_UDP_OFF) < UDP_BYTES + VXLAN_BYTES) return openAny(m, udpPort);
    if (load<u16>(data, PLAIN_UDP_OFF + UDP_CHECKSUM) != 0) return openAny(m, udpPort);
    if (!vxlanHasVni(data + PLAIN_VXLAN)) return DROP_VXLAN_NO_VNI_FLAG;
    if (!ipv4ChecksumHolds(data + ETHERNET_BYTES, IPV4_BYTES)) return DROP_OUTER_IPV4_CHECKSUM;
    mbuf.vni = vxlanVni(data + PLAIN_VXLAN);
    return OK;
  }

  /**
   * Moves the start of a frame that open accepted behind its VXLAN header, and its end to where the UDP length says. Returns OK, or
   * the cause with the frame untouched when no frame can be inside.
   */
  @inline
  static strip(m: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    const data = mbuf.data;
    const l4 = mbuf.l4 as u32;
    const length = udpLength((data + l4) as usize);
    if (length < UDP_BYTES + VXLAN_BYTES + ETHERNET_BYTES) return DROP_ETHERNET_TRUNCATED;
    if (mbuf.segments != 1) {
      stripVxlan(m);
      return OK;
    }
    if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "decapsulation of a freed mbuf");
    const headers = l4 + (UDP_BYTES + VXLAN_BYTES);
    const end = l4 + length;
    const len = min(mbuf.pktLen, end) - headers;
    mbuf.data = data + headers;
    mbuf.len = len;
    mbuf.pktLen = len;
    mbuf.wireLen = end - headers;
    return OK;
  }
}

function openAny(m: usize, udpPort: u32): u32 {
  const cause = findVxlan(m, udpPort);
  return cause == OK ? checkOuter(m) : cause;
}

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
function checkOuter(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    const ip = (mbuf.data + mbuf.l3) as usize;
    if (!ipv4ChecksumHolds(ip, mbuf.l4 - mbuf.l3)) return DROP_OUTER_IPV4_CHECKSUM;
  }
  if (load<u16>(checksumField(m)) == 0 || !isWhole(m)) return OK;
  return complement(transportSum(m, pseudoSum(m))) == 0 ? OK : DROP_OUTER_UDP_CHECKSUM;
}

/** Strips a frame of any shape that findVxlan accepted, whatever is inside. */
export function stripVxlan(m: usize): void {
  const mbuf = changetype<Mbuf>(m);
  const end = mbuf.l4 + udpLength((mbuf.data + mbuf.l4) as usize);
  if (mbuf.pktLen > end) trim(m, mbuf.pktLen - end);
  mbuf.wireLen = end;
  adj(m, (mbuf.payload as u32) + VXLAN_BYTES);
}
