// Encapsulation by prepared template: everything is checked first, then headers are copied in front and patched, then pad and CRCs
// are appended. The UDP checksum of RoCEv2 is zero (annex A17), since the ICRC covers what it would, and more; a tunnel can ask for it
// all the same, over IPv6, where not everybody takes zero (RFC 6935).
import { load16be, store16be } from "../be";
import { complement, fold32, udpWire } from "../checksum";
import { icrcIbChain, icrcIpChain, vcrcChain } from "../crc/chain";
import {
  DROP_INNER_VLAN,
  DROP_NO_HEADROOM,
  DROP_NO_TAILROOM,
  DROP_TOO_BIG,
  ENCAP_INFINIBAND,
  OK,
  TUNNEL_F_INNER_VLAN,
  TUNNEL_F_IPV6,
  TUNNEL_F_UDP_CHECKSUM,
  TUNNEL_TEMPLATE,
} from "../layout";
import { append, headroom, Mbuf, prepend } from "../mbuf/mbuf";
import { sumChain } from "../mbuf/sum";
import { Ecn } from "../path/ecn";
import { flowHash } from "../path/hash";
import { removeTags, TAGS_STUCK, tagBytes } from "../path/tags";
import { Tunnel } from "../path/tunnel";
import { VLAN_BYTES } from "../wire/ethernet";
import {
  BTH_DEST_QPN,
  BTH_FLAGS,
  BTH_PSN,
  DETH_SOURCE_QPN,
  ICRC_BYTES,
  LRH_LENGTH,
  OVERLAY_BYTES,
  padOf,
  store24be,
  UD_BYTES,
  VCRC_BYTES,
} from "../wire/ib";
import { IPV4_CHECKSUM, IPV4_TOS, IPV4_TOTAL_LENGTH, ipv4PseudoSum } from "../wire/ipv4";
import { IPV6_BYTES, IPV6_PAYLOAD_LENGTH, ipv6PseudoSum } from "../wire/ipv6";
import { PROTOCOL_UDP, UDP_CHECKSUM, UDP_LENGTH } from "../wire/transport";

export function encapDatagram(
  m: usize,
  tunnel: usize,
  destQpn: u32,
  sourceQpn: u32,
  psn: u32,
  crc32Table: usize,
  crc16Table: usize,
  bufBytes: u32,
): u32 {
  const t = changetype<Tunnel>(tunnel);
  const mbuf = changetype<Mbuf>(m);
  const isNative = t.kind == (ENCAP_INFINIBAND as u8);
  const headerLen = t.headerLen;
  // 1. What of the frame is carried, and does it fit? What fits has lengths that the headers can say.
  const carriesTags = (t.flags & TUNNEL_F_INNER_VLAN) != 0;
  const tags = carriesTags ? 0 : tagBytes(mbuf);
  if (tags == TAGS_STUCK) return DROP_INNER_VLAN;
  const innerLen = mbuf.wireLen - tags;
  if (innerLen > t.frameBytesMax + (carriesTags ? VLAN_BYTES : 0)) return DROP_TOO_BIG;
  if (headroom(m) + tags < headerLen) return DROP_NO_HEADROOM;
  const pad = padOf(innerLen);
  // From the IP header, or the LRH, to the ICRC's last byte.
  const length = headerLen - t.l3 + innerLen + pad + ICRC_BYTES;
  const isWhole = mbuf.wireLen == mbuf.pktLen;
  const trailer = pad + ICRC_BYTES + (isNative ? VCRC_BYTES : 0);
  let end: usize = 0;
  if (isWhole) {
    end = append(m, trailer, bufBytes);
    if (end == 0) return DROP_NO_TAILROOM;
  } else {
    mbuf.wireLen += trailer;
  }

  // 2. From here on nothing fails.
  const tos = isNative ? 0 : Ecn.outer(m) & (t.tosKeep as u32);
  const hash = flowHash(m);
  if (tags != 0) removeTags(mbuf, tags);
  const outer = prepend(m, headerLen);
  copyTemplate(outer, tunnel + TUNNEL_TEMPLATE, headerLen);
  if (isNative) {
    store16be(outer + LRH_LENGTH, length >> 2);
  } else {
    patchIp(t, outer, length, tos);
    const udp = outer + t.l4;
    store16be(udp, (t.portBase as u32) + ((((hash as u64) * (t.portCount as u64)) >> 32) as u32));
    store16be(udp + UDP_LENGTH, length - (t.l4 - t.l3));
  }
  const bth = outer + headerLen - UD_BYTES - OVERLAY_BYTES;
  store<u8>(bth, (pad << 4) as u8, BTH_FLAGS);
  store24be(bth + BTH_DEST_QPN, destQpn);
  store24be(bth + BTH_PSN, psn);
  store24be(bth + DETH_SOURCE_QPN, sourceQpn);

  if (!isWhole) return OK;
  for (let i: u32 = 0; i < pad; i++) store<u8>(end + i, 0);
  const icrc = end + pad;
  const covered = length - ICRC_BYTES;
  if (isNative) {
    store<u32>(icrc, icrcIbChain(crc32Table, m, covered));
    store<u16>(icrc, vcrcChain(crc16Table, m, length) as u16, ICRC_BYTES);
  } else {
    store<u32>(icrc, icrcIpChain(crc32Table, m, t.l3, covered));
    if ((t.flags & TUNNEL_F_UDP_CHECKSUM) != 0) writeUdpChecksum(t, m, outer, length - (t.l4 - t.l3));
  }
  return OK;
}

/** Lengths, IPv4's checksum, and what of the inner type of service the outer one takes over. */
function patchIp(t: Tunnel, outer: usize, length: u32, tos: u32): void {
  const ip = outer + t.l3;
  if ((t.flags & TUNNEL_F_IPV6) != 0) {
    store16be(ip + IPV6_PAYLOAD_LENGTH, length - IPV6_BYTES);
    store16be(ip, load16be(ip) | (tos << 4));
    return;
  }
  store16be(ip + IPV4_TOTAL_LENGTH, length);
  const all = (load<u8>(ip, IPV4_TOS) as u32) | tos;
  store<u8>(ip, all as u8, IPV4_TOS);
  const sum = t.ipSum + (bswap<u16>(length as u16) as u32) + (all << 8);
  store<u16>(ip, (fold32(sum) ^ 0xffff) as u16, IPV4_CHECKSUM);
}

/** Over the whole datagram, the ICRC with it, which in its turn takes this field as ones. */
function writeUdpChecksum(t: Tunnel, m: usize, outer: usize, length: u32): void {
  const ip = outer + t.l3;
  const isIpv6 = (t.flags & TUNNEL_F_IPV6) != 0;
  const pseudo = isIpv6 ? ipv6PseudoSum(ip, PROTOCOL_UDP, length) : ipv4PseudoSum(ip, PROTOCOL_UDP, length);
  store<u16>(outer + t.l4, udpWire(complement(sumChain(m, t.l4, length, pseudo))) as u16, UDP_CHECKSUM);
}

/** Copies len bytes (32 or more) by whole vectors, the last one overlapping, so that nothing beyond len is written. */
function copyTemplate(to: usize, from: usize, len: u32): void {
  const last = (len - 16) as usize;
  for (let off: usize = 0; off < last; off += 16) v128.store(to + off, v128.load(from + off));
  v128.store(to + last, v128.load(from + last));
}
