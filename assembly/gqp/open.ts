// What is an RDMA packet that carries a frame or a control message, and is it sound? Cheap questions first, then the sums, and only
// when all is right is anything written down. A packet may be a chain, with its headers in the first segment.
import { load32be } from "../be";
import { complement } from "../checksum";
import { icrcIbChain, icrcIpChain, vcrcChain } from "../crc/chain";
import {
  CARRIES_CONTROL,
  CARRIES_FRAME,
  DROP_ETHERNET_TRUNCATED,
  DROP_HEADERS_SPLIT,
  DROP_IB_HEADER,
  DROP_IB_ICRC,
  DROP_IB_OPCODE,
  DROP_IB_QKEY,
  DROP_IB_TRUNCATED,
  DROP_IB_VCRC,
  DROP_NOT_IB,
  DROP_OUTER_FRAGMENT,
  DROP_OUTER_IPV4_CHECKSUM,
  DROP_OUTER_UDP_CHECKSUM,
  FLAG_FRAGMENT,
  FLAG_IPV4,
  FLAG_UDP,
  OK,
  QKEY_CONTROL,
  QPN_CONTROL,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { checksumField, isWhole, pseudoSum, transportSum } from "../path/transport";
import { ETHERNET_BYTES } from "../wire/ethernet";
import {
  BTH_BYTES,
  bthDestQpn,
  bthOpcode,
  bthPad,
  bthPartition,
  bthPsn,
  bthVersion,
  dethQkey,
  dethSourceQpn,
  ICRC_BYTES,
  LNH_LOCAL,
  LRH_BYTES,
  lrhBytes,
  lrhNext,
  lrhVersion,
  OPCODE_UD_SEND_ONLY,
  OVERLAY_BYTES,
  OVERLAY_HEADER,
  PARTITION_DEFAULT,
  ROCEV2_PORT,
  UD_BYTES,
  VCRC_BYTES,
} from "../wire/ib";
import { IPV4_BYTES, ipv4ChecksumHolds } from "../wire/ipv4";
import { IPV6_BYTES } from "../wire/ipv6";
import { UDP_BYTES, udpDestination, udpLength } from "../wire/transport";
import { Found } from "./found";

const VNI_MAX: u32 = 0xffffff;

export function openRoce(m: usize, found: usize, crc32Table: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  const l4 = mbuf.l4 as u32;
  const udp = (mbuf.data + l4) as usize;
  if ((mbuf.flags & FLAG_UDP) == 0 || mbuf.payload == 0 || udpDestination(udp) != ROCEV2_PORT) return DROP_NOT_IB;
  if ((mbuf.flags & FLAG_FRAGMENT) != 0) return DROP_OUTER_FRAGMENT;
  const bth = l4 + UDP_BYTES;
  const end = l4 + udpLength(udp);
  if (end < bth + BTH_BYTES + ICRC_BYTES) return DROP_IB_TRUNCATED;
  const icrc = end - ICRC_BYTES;
  const cause = checkTransport(mbuf, bth, icrc);
  if (cause != OK) return cause;
  // The ICRC is defined where nothing stands between the IP header and UDP.
  const isIpv4 = (mbuf.flags & FLAG_IPV4) != 0;
  const l3 = mbuf.l3 as u32;
  if (l4 - l3 != (isIpv4 ? IPV4_BYTES : IPV6_BYTES)) return DROP_IB_HEADER;
  if (isIpv4 && !ipv4ChecksumHolds((mbuf.data + l3) as usize, IPV4_BYTES)) return DROP_OUTER_IPV4_CHECKSUM;
  if (load<u16>(checksumField(m)) != 0 && isWhole(m)) {
    if (complement(transportSum(m, pseudoSum(m))) != 0) return DROP_OUTER_UDP_CHECKSUM;
  }
  if (mbuf.pktLen >= end) {
    if (icrcIpChain(crc32Table, m, l3, icrc - l3) != trailer(m, icrc, ICRC_BYTES)) return DROP_IB_ICRC;
  }
  accept(mbuf, found, bth, icrc);
  return OK;
}

export function openInfiniband(m: usize, found: usize, crc32Table: usize, crc16Table: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if (mbuf.len < LRH_BYTES) return mbuf.pktLen < LRH_BYTES ? DROP_IB_TRUNCATED : DROP_HEADERS_SPLIT;
  const lrh = mbuf.data as usize;
  if (lrhNext(lrh) != LNH_LOCAL) return DROP_NOT_IB;
  if (lrhVersion(lrh) != 0) return DROP_IB_HEADER;
  const end = lrhBytes(lrh);
  if (end < LRH_BYTES + BTH_BYTES + ICRC_BYTES || mbuf.wireLen < end + VCRC_BYTES) return DROP_IB_TRUNCATED;
  if (mbuf.wireLen > end + VCRC_BYTES) return DROP_IB_HEADER;
  const icrc = end - ICRC_BYTES;
  const cause = checkTransport(mbuf, LRH_BYTES, icrc);
  if (cause != OK) return cause;
  if (mbuf.pktLen == mbuf.wireLen) {
    if (vcrcChain(crc16Table, m, end) != trailer(m, end, VCRC_BYTES)) return DROP_IB_VCRC;
    if (icrcIbChain(crc32Table, m, icrc) != trailer(m, icrc, ICRC_BYTES)) return DROP_IB_ICRC;
  }
  mbuf.flags = 0;
  mbuf.l3 = 0;
  mbuf.l4 = LRH_BYTES as u16;
  accept(mbuf, found, LRH_BYTES, icrc);
  return OK;
}

/** Checks the transport headers at byte bth of a packet whose ICRC stands at byte icrc, and what they say of the bytes between. */
function checkTransport(mbuf: Mbuf, bth: u32, icrc: u32): u32 {
  if (mbuf.len < bth + BTH_BYTES) return missing(mbuf, bth + BTH_BYTES);
  const header = (mbuf.data + bth) as usize;
  if (bthOpcode(header) != OPCODE_UD_SEND_ONLY) return DROP_IB_OPCODE;
  if (bthVersion(header) != 0 || bthPartition(header) != PARTITION_DEFAULT) return DROP_IB_HEADER;
  const inside = bth + UD_BYTES;
  if (icrc < inside) return DROP_IB_TRUNCATED;
  if (mbuf.len < inside) return missing(mbuf, inside);
  const payload = icrc - inside;
  const pad = bthPad(header);
  if ((payload & 3) != 0 || payload < pad) return DROP_IB_HEADER;
  const qkey = dethQkey(header);
  if (bthDestQpn(header) == QPN_CONTROL) return qkey == QKEY_CONTROL ? OK : DROP_IB_QKEY;
  if (qkey > VNI_MAX) return DROP_IB_QKEY;
  if (payload < OVERLAY_BYTES) return DROP_IB_TRUNCATED;
  if (mbuf.len < inside + OVERLAY_BYTES) return missing(mbuf, inside + OVERLAY_BYTES);
  if (load32be(header + UD_BYTES) != OVERLAY_HEADER) return DROP_IB_HEADER;
  return payload < OVERLAY_BYTES + ETHERNET_BYTES + pad ? DROP_ETHERNET_TRUNCATED : OK;
}

/** The headers end at byte end, which is not in the first segment. */
function missing(mbuf: Mbuf, end: u32): u32 {
  return mbuf.pktLen < end ? DROP_IB_TRUNCATED : DROP_HEADERS_SPLIT;
}

/** Writes down what a sound packet says. */
function accept(mbuf: Mbuf, found: usize, bth: u32, icrc: u32): void {
  const header = (mbuf.data + bth) as usize;
  const f = changetype<Found>(found);
  const isControl = bthDestQpn(header) == QPN_CONTROL;
  const offset = bth + UD_BYTES + (isControl ? 0 : OVERLAY_BYTES);
  f.destQpn = bthDestQpn(header);
  f.sourceQpn = dethSourceQpn(header);
  f.psn = bthPsn(header);
  f.qkey = dethQkey(header);
  f.offset = offset;
  f.length = icrc - bthPad(header) - offset;
  f.carries = isControl ? CARRIES_CONTROL : CARRIES_FRAME;
  mbuf.payload = offset as u16;
  mbuf.vni = isControl ? 0 : f.qkey;
}

/** The n bytes (at most 4) of a chain from byte off on, the first one lowest; the chain holds them. */
function trailer(m: usize, off: u32, n: u32): u32 {
  let value: u32 = 0;
  let segment = changetype<Mbuf>(m);
  for (let i: u32 = 0; i < n; i++, off++) {
    while (off >= segment.len) {
      off -= segment.len;
      segment = changetype<Mbuf>(segment.next as usize);
    }
    value |= (load<u8>((segment.data + off) as usize) as u32) << (i << 3);
  }
  return value;
}
