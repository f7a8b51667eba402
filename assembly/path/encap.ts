// Encapsulation by prepared template (tunnel.ts): prepend, copy 42-208 bytes as vectors, patch lengths, type of service, entropy and
// checksums. VXLAN (RFC 7348), Geneve (RFC 8926), VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe-13) and NVGRE (RFC 7637). The inner bytes
// are not touched, but for VLAN tags that the tunnel does not carry, and read only when the outer UDP checksum is asked for.
//
// The outer ECN field is a copy of the inner one (RFC 6040 section 4.1, normal mode), the outer DSCP too or the template's
// (RFC 2983): tunnel.tosKeep says which bits are copied.
import { load16be, store16be } from "../be";
import { complement, fold32, udpWire } from "../checksum";
import {
  DROP_INNER_VLAN,
  DROP_NO_HEADROOM,
  DROP_TOO_BIG,
  DROP_TOO_LONG,
  ENCAP_NVGRE,
  MBUF_LEN,
  OK,
  TUNNEL_F_INNER_VLAN,
  TUNNEL_F_IPV6,
  TUNNEL_F_PLAIN,
  TUNNEL_F_UDP_CHECKSUM,
  TUNNEL_TEMPLATE,
} from "../layout";
import { headroom, Mbuf, prepend } from "../mbuf/mbuf";
import { sumChain } from "../mbuf/sum";
import { ETHERNET_BYTES, VLAN_BYTES } from "../wire/ethernet";
import { IPV4_BYTES, IPV4_CHECKSUM, IPV4_TOS, IPV4_TOTAL_LENGTH } from "../wire/ipv4";
import { IPV6_BYTES, IPV6_PAYLOAD_LENGTH } from "../wire/ipv6";
import { UDP_BYTES, UDP_CHECKSUM, UDP_LENGTH } from "../wire/transport";
import { VXLAN_BYTES } from "../wire/vxlan";
import { Ecn } from "./ecn";
import { FlowHash, flowHash } from "./hash";
import { Plain } from "./plain";
import { removeTags, TAGS_STUCK, tagBytes } from "./tags";
import { Tunnel } from "./tunnel";

const IP_LENGTH_MAX: u32 = 0xffff;
/** Headers of a plain tunnel: Ethernet without a tag, IPv4, UDP, VXLAN. */
const PLAIN_BYTES: u32 = ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES + VXLAN_BYTES;
/** Of a plain frame, and of the template that goes in front of it. */
const PLAIN_TOS: usize = (ETHERNET_BYTES as usize) + IPV4_TOS;

/** Puts the tunnel's outer headers in front of a parsed frame. Returns OK, or the cause with the frame untouched. */
export class Encap {
  /** The flow hash, by which the underlay spreads flows, is computed here and left in the mbuf. */
  @inline
  static of(m: usize, tunnel: usize): u32 {
    if (Encap.misfit(m, tunnel) != 0) return hashAndEncap(m, tunnel);
    Encap.plain(m, tunnel, FlowHash.ofPlain(changetype<Mbuf>(m).data as usize));
    return OK;
  }

  /** As of, with a flow hash that the caller has already. */
  @inline
  static hashed(m: usize, tunnel: usize, hash: u32): u32 {
    if (Encap.misfit(m, tunnel) != 0) return encapAny(m, tunnel, hash);
    Encap.plain(m, tunnel, hash);
    return OK;
  }

  /** 0 for what the fast path takes: a plain flow into a plain tunnel (TUNNEL_F_PLAIN), where it fits. One branch for four questions. */
  @inline
  private static misfit(m: usize, tunnel: usize): u64 {
    const misfits = u32(changetype<Mbuf>(m).wireLen > changetype<Tunnel>(tunnel).frameBytesMax);
    return Plain.differs(m) | ((Encap.unready(m, tunnel) | misfits) as u64);
  }

  /** 0 where the fast path takes a frame of a plain flow that is not too long for the tunnel. */
  @inline
  static unready(m: usize, tunnel: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    const other = (changetype<Tunnel>(tunnel).flags & TUNNEL_F_PLAIN) ^ TUNNEL_F_PLAIN;
    return other | u32(mbuf.data - mbuf.buf < PLAIN_BYTES);
  }

  /**
   * The fast path. The 50 bytes are made in registers and stored whole: three vectors and the last two bytes, with what varies put into
   * lanes of 8 and 16 bits.
   */
  @inline
  static plain(m: usize, tunnel: usize, hash: u32): void {
    const t = changetype<Tunnel>(tunnel);
    const mbuf = changetype<Mbuf>(m);
    if (!ASC_NO_ASSERT) assert(mbuf.refCount > 0, "encapsulation of a freed mbuf");
    const data = mbuf.data;
    const ipLength = mbuf.wireLen + (PLAIN_BYTES - ETHERNET_BYTES);
    mbuf.hash = hash;
    mbuf.data = data - PLAIN_BYTES;
    // len, next, pktLen and wireLen in one: next stays.
    v128.store(m, i32x4.add(v128.load(m, MBUF_LEN), i32x4(PLAIN_BYTES, 0, PLAIN_BYTES, PLAIN_BYTES)), MBUF_LEN);
    const outer = (data - PLAIN_BYTES) as usize;
    const kept = (load<u8>(data as usize, PLAIN_TOS) as u32) & (t.tosKeep as u32);
    const tos = kept | (load<u8>(tunnel, (TUNNEL_TEMPLATE as usize) + PLAIN_TOS) as u32);
    // As words in memory order both are 8 bits up: the type of service is an upper byte, and swapping a word's bytes is, to a
    // one's-complement sum, multiplying by 256 (RFC 1071 section 2(B)).
    const check = fold32(t.ipSum + ((ipLength + tos) << 8)) ^ 0xffff;
    const port = entropyPort(t, hash);
    const ethernet = i8x16.replace_lane(v128.load(tunnel, TUNNEL_TEMPLATE), 15, tos as i8);
    let ip = v128.load(tunnel, TUNNEL_TEMPLATE + 16);
    ip = i16x8.replace_lane(i16x8.replace_lane(ip, 0, swapped(ipLength)), 4, check as i16);
    let udp = v128.load(tunnel, TUNNEL_TEMPLATE + 32);
    udp = i16x8.replace_lane(udp, 1, swapped(port));
    udp = i16x8.replace_lane(udp, 3, swapped(ipLength - IPV4_BYTES));
    v128.store(outer, ethernet);
    v128.store(outer, ip, 16);
    v128.store(outer, udp, 32);
    store<u16>(outer, load<u16>(tunnel, TUNNEL_TEMPLATE + 48), 48);
  }
}

/** A number of 16 bits in network order, for a lane. */
function swapped(value: u32): i16 {
  return ((value << 8) | (value >> 8)) as i16;
}

function hashAndEncap(m: usize, tunnel: usize): u32 {
  return encapAny(m, tunnel, flowHash(m));
}

/** The hash, scaled to the range: no modulo, any range. */
function entropyPort(t: Tunnel, hash: u32): u32 {
  return (t.portBase as u32) + ((((hash as u64) * (t.portCount as u64)) >> 32) as u32);
}

/** Any frame into any tunnel. */
function encapAny(m: usize, tunnel: usize, hash: u32): u32 {
  const t = changetype<Tunnel>(tunnel);
  const mbuf = changetype<Mbuf>(m);
  const headerLen = t.headerLen;
  // 1. What of the frame is carried, and does it fit?
  const carriesTags = (t.flags & TUNNEL_F_INNER_VLAN) != 0;
  const tags = carriesTags ? 0 : tagBytes(mbuf);
  if (tags == TAGS_STUCK) return DROP_INNER_VLAN;
  const innerLen = mbuf.wireLen - tags;
  const ipLength = innerLen + headerLen - t.l3;
  if (ipLength > IP_LENGTH_MAX) return DROP_TOO_LONG;
  if (innerLen > t.frameBytesMax + (carriesTags ? VLAN_BYTES : 0)) return DROP_TOO_BIG;
  if (headroom(m) + tags < headerLen) return DROP_NO_HEADROOM;
  // 2. From here on nothing fails.
  const kept = Ecn.outer(m) & (t.tosKeep as u32);
  if (tags != 0) removeTags(mbuf, tags);
  mbuf.hash = hash;
  const outer = prepend(m, headerLen);
  copyTemplate(outer, tunnel + TUNNEL_TEMPLATE, headerLen);
  writeIp(t, outer + t.l3, ipLength, kept);
  if (t.kind == ENCAP_NVGRE) store<u8>(outer + headerLen - 1, (hash >> 24) as u8);
  else writeUdp(m, t, outer + t.l4, innerLen, hash);
  return OK;
}

/** Length, type of service (the bits of it that are kept go beside the template's), checksum. */
function writeIp(t: Tunnel, ip: usize, ipLength: u32, kept: u32): void {
  if ((t.flags & TUNNEL_F_IPV6) != 0) {
    store16be(ip, load16be(ip) | (kept << 4));
    store16be(ip + IPV6_PAYLOAD_LENGTH, ipLength - IPV6_BYTES);
    return;
  }
  const tos = (load<u8>(ip, IPV4_TOS) as u32) | kept;
  const sum = t.ipSum + (bswap<u16>(ipLength as u16) as u32) + (tos << 8);
  store<u8>(ip, tos as u8, IPV4_TOS);
  store16be(ip + IPV4_TOTAL_LENGTH, ipLength);
  store<u16>(ip, (fold32(sum) ^ 0xffff) as u16, IPV4_CHECKSUM);
}

/** Source port, length, and the checksum where the tunnel has one. */
function writeUdp(m: usize, t: Tunnel, udp: usize, innerLen: u32, hash: u32): void {
  const mbuf = changetype<Mbuf>(m);
  const headers = t.headerLen - t.l4;
  store16be(udp, entropyPort(t, hash));
  store16be(udp + UDP_LENGTH, headers + innerLen);
  // A frame that a capture cut is not whole here: its checksum cannot be known and stays absent.
  if ((t.flags & TUNNEL_F_UDP_CHECKSUM) == 0 || mbuf.wireLen != mbuf.pktLen) return;
  // What the template knows, the source port, the length (twice: in the pseudo-header, too), the rest.
  const varying = (load<u16>(udp) as u64) + (load<u16>(udp, UDP_LENGTH) as u64) * 2;
  const sum = sumChain(m, t.headerLen, mbuf.pktLen - t.headerLen, (t.udpSum as u64) + varying);
  store<u16>(udp, udpWire(complement(sum)) as u16, UDP_CHECKSUM);
}

/** Copies len bytes (42-208) by whole vectors, the last one overlapping, so that nothing beyond len is written. */
function copyTemplate(to: usize, from: usize, len: u32): void {
  const last = (len - 16) as usize;
  for (let off: usize = 0; off < last; off += 16) v128.store(to + off, v128.load(from + off));
  v128.store(to + last, v128.load(from + last));
}
