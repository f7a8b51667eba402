// VXLAN encapsulation (RFC 7348) by prepared template: prepend, copy 50-74 bytes as vectors, patch lengths, entropy port
// and checksums. The inner bytes are not touched, and read only when the outer UDP checksum is asked for.
import { store16be } from "../be";
import { complement, fold32, udpWire } from "../checksum";
import {
  DROP_NO_HEADROOM,
  DROP_TOO_LONG,
  MBUF_LEN,
  OK,
  TUNNEL_F_IPV6,
  TUNNEL_F_PLAIN,
  TUNNEL_F_UDP_CHECKSUM,
  TUNNEL_GROWTH,
  TUNNEL_TEMPLATE,
} from "../layout";
import { Mbuf, prepend } from "../mbuf/mbuf";
import { sumChain } from "../mbuf/sum";
import { ETHERNET_BYTES } from "../wire/ethernet";
import { IPV4_BYTES, IPV4_CHECKSUM, IPV4_TOTAL_LENGTH } from "../wire/ipv4";
import { IPV6_BYTES, IPV6_PAYLOAD_LENGTH } from "../wire/ipv6";
import { UDP_BYTES, UDP_CHECKSUM, UDP_LENGTH } from "../wire/transport";
import { VXLAN_BYTES } from "../wire/vxlan";
import { FlowHash, flowHash } from "./hash";
import { Plain } from "./plain";
import { Tunnel } from "./tunnel";

const IP_LENGTH_MAX: u32 = 0xffff;
/** Headers of a plain tunnel: Ethernet without a tag, IPv4, UDP, VXLAN. */
const PLAIN_BYTES: u32 = ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES + VXLAN_BYTES;

/** Puts the tunnel's outer headers in front of a parsed frame. Returns OK, or the cause with the frame untouched. */
export class Encap {
  /**
   * The fast path: a plain flow into a plain tunnel (TUNNEL_F_PLAIN). The 50 bytes are made in registers and stored whole: three
   * vectors and the last two bytes, with what varies put into lanes of 16 bits.
   */
  @inline
  static of(m: usize, tunnel: usize): u32 {
    const t = changetype<Tunnel>(tunnel);
    const mbuf = changetype<Mbuf>(m);
    if (t.flags != TUNNEL_F_PLAIN) return encapAny(m, tunnel);
    if (Plain.differs(m) != 0) return encapAny(m, tunnel);
    const data = mbuf.data;
    const ipLength = mbuf.wireLen + (PLAIN_BYTES - ETHERNET_BYTES);
    if (ipLength > IP_LENGTH_MAX) return encapAny(m, tunnel);
    if (data - mbuf.buf < PLAIN_BYTES) return encapAny(m, tunnel);
    if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "encapsulation of a freed mbuf");
    const hash = FlowHash.ofPlain(data as usize);
    mbuf.hash = hash;
    mbuf.data = data - PLAIN_BYTES;
    // len, next, pktLen and wireLen in one: next stays.
    v128.store(m, i32x4.add(v128.load(m, MBUF_LEN), v128.load(tunnel, TUNNEL_GROWTH)), MBUF_LEN);
    const outer = (data - PLAIN_BYTES) as usize;
    const length = bswap<u16>(ipLength as u16);
    const check = fold32(t.ipSum + (length as u32)) ^ 0xffff;
    const port = entropyPort(t, hash);
    const udpLength = ipLength - IPV4_BYTES;
    let ip = v128.load(tunnel, TUNNEL_TEMPLATE + 16);
    ip = i16x8.replace_lane(i16x8.replace_lane(ip, 0, length as i16), 4, check as i16);
    let udp = v128.load(tunnel, TUNNEL_TEMPLATE + 32);
    udp = i16x8.replace_lane(udp, 1, bswap<u16>(port as u16) as i16);
    udp = i16x8.replace_lane(udp, 3, bswap<u16>(udpLength as u16) as i16);
    v128.store(outer, v128.load(tunnel, TUNNEL_TEMPLATE));
    v128.store(outer, ip, 16);
    v128.store(outer, udp, 32);
    store<u16>(outer, load<u16>(tunnel, TUNNEL_TEMPLATE + 48), 48);
    return OK;
  }
}

/** The hash, scaled to the range: no modulo, any range. */
function entropyPort(t: Tunnel, hash: u32): u32 {
  return (t.portBase as u32) + ((((hash as u64) * (t.portCount as u64)) >> 32) as u32);
}

/** Any frame into any tunnel. */
function encapAny(m: usize, tunnel: usize): u32 {
  const t = changetype<Tunnel>(tunnel);
  const mbuf = changetype<Mbuf>(m);
  const headerLen = t.headerLen;
  const innerLen = mbuf.wireLen;
  const l3 = t.l3;
  const ipLength = innerLen + headerLen - l3;
  if (ipLength > IP_LENGTH_MAX) return DROP_TOO_LONG;
  const hash = flowHash(m);
  const outer = prepend(m, headerLen);
  if (outer == 0) return DROP_NO_HEADROOM;
  copyTemplate(outer, tunnel + TUNNEL_TEMPLATE, headerLen);

  const ip = outer + l3;
  const udpLength = UDP_BYTES + VXLAN_BYTES + innerLen;
  if ((t.flags & TUNNEL_F_IPV6) == 0) {
    store16be(ip + IPV4_TOTAL_LENGTH, ipLength);
    store<u16>(ip, (fold32(t.ipSum + (bswap<u16>(ipLength as u16) as u32)) ^ 0xffff) as u16, IPV4_CHECKSUM);
  } else {
    store16be(ip + IPV6_PAYLOAD_LENGTH, ipLength - IPV6_BYTES);
  }

  const udp = outer + headerLen - UDP_BYTES - VXLAN_BYTES;
  store16be(udp, entropyPort(t, hash));
  store16be(udp + UDP_LENGTH, udpLength);
  // A frame that a capture cut is not whole here: its checksum cannot be known and stays absent.
  if ((t.flags & TUNNEL_F_UDP_CHECKSUM) != 0) {
    if (mbuf.wireLen == mbuf.pktLen) writeUdpChecksum(m, udp, headerLen, t.udpSum);
  }
  return OK;
}

/** Fills in the outer UDP checksum: what the template knows, the length (twice: in the pseudo-header, too), the rest. */
function writeUdpChecksum(m: usize, udp: usize, headerLen: u32, templateSum: u32): void {
  const varying = (load<u16>(udp) as u64) + (load<u16>(udp, UDP_LENGTH) as u64) * 2;
  const sum = sumChain(m, headerLen, changetype<Mbuf>(m).pktLen - headerLen, (templateSum as u64) + varying);
  store<u16>(udp, udpWire(complement(sum)) as u16, UDP_CHECKSUM);
}

/** Copies len bytes (50-80) by whole vectors, the last one overlapping, so that nothing beyond len is written. */
function copyTemplate(to: usize, from: usize, len: u32): void {
  const last = (len - 16) as usize;
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  if (len > 64) v128.store(to, v128.load(from, 48), 48);
  v128.store(to + last, v128.load(from + last));
}
