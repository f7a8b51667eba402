// Out of a tunnel: open finds the frame inside a parsed one (decap.ts) and checks what the outer headers vouch for, strip moves
// the start of the frame behind them. Each step leaves the frame as it was when it returns a cause.
import { complement } from "../checksum";
import {
  DROP_ETHERNET_TRUNCATED,
  DROP_OUTER_IPV4_CHECKSUM,
  DROP_OUTER_UDP_CHECKSUM,
  DROP_RESERVED_BITS,
  FLAG_IPV4,
  FLAG_UDP,
  MBUF_FLAGS,
  OK,
} from "../layout";
import { adj, Mbuf, trim } from "../mbuf/mbuf";
import { ETHERNET_BYTES } from "../wire/ethernet";
import { IPV4_BYTES, ipv4ChecksumHolds } from "../wire/ipv4";
import { UDP_BYTES, UDP_CHECKSUM, udpDestination, udpLength } from "../wire/transport";
import { VXLAN_BYTES, VXLAN_PORT, vxlanHasVni, vxlanVni } from "../wire/vxlan";
import { findEncap, hasReservedBits } from "./decap";
import { PLAIN_L4, PLAIN_UDP } from "./plain";
import { checksumField, isWhole, pseudoSum, transportSum } from "./transport";

const PLAIN_UDP_OFF: usize = PLAIN_L4 as usize;
const PLAIN_VXLAN: usize = PLAIN_UDP_OFF + (UDP_BYTES as usize);
const PLAIN_INNER: u32 = (PLAIN_VXLAN as u32) + VXLAN_BYTES;

/** A class because asc inlines on demand only decorated methods. */
export class Outer {
  /**
   * Finds the frame inside one that parse accepted, in any encapsulation, and checks the outer headers; strict refuses reserved bits
   * that are set. OK sets mbuf.vni, mbuf.payload (offset of the inner Ethernet frame) and mbuf.l4Len, and leaves the kind (ENCAP_)
   * in mbuf.flags >> ENCAP_SHIFT.
   */
  @inline
  static open(m: usize, strict: bool): u32 {
    return Outer.openAt(m, strict, VXLAN_PORT);
  }

  /** As open, with VXLAN on UDP port vxlanPort. Here the fast path, for VXLAN in plain datagrams without a UDP checksum. */
  @inline
  static openAt(m: usize, strict: bool, vxlanPort: u32): u32 {
    const mbuf = changetype<Mbuf>(m);
    if (load<u64>(m, MBUF_FLAGS) != PLAIN_UDP) return openAny(m, strict, vxlanPort);
    const data = mbuf.data as usize;
    if (mbuf.len < PLAIN_INNER) return openAny(m, strict, vxlanPort);
    if (udpDestination(data + PLAIN_UDP_OFF) != vxlanPort) return openAny(m, strict, vxlanPort);
    const length = udpLength(data + PLAIN_UDP_OFF);
    if (length < UDP_BYTES + VXLAN_BYTES) return openAny(m, strict, vxlanPort);
    if (load<u16>(data, PLAIN_UDP_OFF + UDP_CHECKSUM) != 0) return openAny(m, strict, vxlanPort);
    if (!vxlanHasVni(data + PLAIN_VXLAN)) return openAny(m, strict, vxlanPort);
    if (!ipv4ChecksumHolds(data + ETHERNET_BYTES, IPV4_BYTES)) return DROP_OUTER_IPV4_CHECKSUM;
    if (strict && hasReservedBits(m)) return DROP_RESERVED_BITS;
    // The kind is 0 in flags that parse has just written.
    mbuf.vni = vxlanVni(data + PLAIN_VXLAN);
    mbuf.payload = PLAIN_INNER as u16;
    mbuf.l4Len = length;
    return OK;
  }

  /**
   * Moves the start of a frame that open accepted to the frame inside, and its end to where the UDP or IP length says. Returns OK, or
   * the cause with the frame untouched when no frame can be inside.
   */
  @inline
  static strip(m: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    const headers = mbuf.payload as u32;
    const end = (mbuf.l4 as u32) + mbuf.l4Len;
    if (end < headers + ETHERNET_BYTES) return DROP_ETHERNET_TRUNCATED;
    if (mbuf.segments != 1) {
      stripAny(m);
      return OK;
    }
    if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "decapsulation of a freed mbuf");
    const len = min(mbuf.pktLen, end) - headers;
    mbuf.data += headers;
    mbuf.len = len;
    mbuf.pktLen = len;
    mbuf.wireLen = end - headers;
    return OK;
  }
}

function openAny(m: usize, strict: bool, vxlanPort: u32): u32 {
  const mbuf = changetype<Mbuf>(m);
  const flags = mbuf.flags;
  const payload = mbuf.payload;
  const l4Len = mbuf.l4Len;
  let cause = findEncap(m, vxlanPort);
  if (cause != OK) return cause;
  cause = checkOuter(m);
  if (cause == OK && strict && hasReservedBits(m)) cause = DROP_RESERVED_BITS;
  if (cause == OK) return OK;
  mbuf.flags = flags;
  mbuf.payload = payload;
  mbuf.l4Len = l4Len;
  return cause;
}

/** Checks the outer IPv4 header's checksum, and the UDP checksum when there is one and the datagram is whole here. */
function checkOuter(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    const ip = (mbuf.data + mbuf.l3) as usize;
    if (!ipv4ChecksumHolds(ip, mbuf.l4 - mbuf.l3)) return DROP_OUTER_IPV4_CHECKSUM;
  }
  if ((mbuf.flags & FLAG_UDP) == 0) return OK;
  if (load<u16>(checksumField(m)) == 0 || !isWhole(m)) return OK;
  return complement(transportSum(m, pseudoSum(m))) == 0 ? OK : DROP_OUTER_UDP_CHECKSUM;
}

/** Strips a frame of any shape in which findEncap has found another, however short that is. */
export function stripAny(m: usize): void {
  const mbuf = changetype<Mbuf>(m);
  const end = mbuf.l4 + mbuf.l4Len;
  if (mbuf.pktLen > end) trim(m, mbuf.pktLen - end);
  mbuf.wireLen = end;
  adj(m, mbuf.payload as u32);
}
