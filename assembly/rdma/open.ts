// Is an arrived frame a sound RoCEv2 packet (annex A17; IBTA volume 1, 9.6)? Cheap questions first, the ICRC last. Afterwards the
// packet is one run of bytes, and its headers up to the payload are there.
import { icrcIp } from "../crc/icrc";
import {
  DROP_HEADERS_SPLIT,
  DROP_IB_HEADER,
  DROP_IB_ICRC,
  DROP_IB_TRUNCATED,
  DROP_NOT_IB,
  DROP_OUTER_FRAGMENT,
  DROP_OUTER_IPV4_CHECKSUM,
  FLAG_FRAGMENT,
  FLAG_IPV4,
  FLAG_UDP,
  OK,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { linearize } from "../mbuf/pool";
import { parse } from "../path/parse";
import {
  BTH_BYTES,
  bthOpcode,
  bthPad,
  bthPartition,
  bthVersion,
  ICRC_BYTES,
  PARTITION_DEFAULT,
  ROCEV2_PORT,
  UD_BYTES,
} from "../wire/ib";
import { IPV4_BYTES, ipv4ChecksumHolds } from "../wire/ipv4";
import { IPV6_BYTES } from "../wire/ipv6";
import { IMM_BYTES, OP_UD_SEND, OP_UD_SEND_IMM, opHeaderBytes, opIsKnown } from "../wire/rc";
import { UDP_BYTES, udpDestination, udpLength } from "../wire/transport";

/** OK, with mbuf.payload at the BTH; or the cause for a drop. Without a crc table the ICRC is not looked at. */
export function openPacket(pool: usize, crc: usize, m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if (mbuf.segments > 1 && linearize(pool, m) == u32.MAX_VALUE) return DROP_HEADERS_SPLIT;
  const cause = parse(m);
  if (cause != OK) return cause;
  const l4 = mbuf.l4 as u32;
  const udp = (mbuf.data + l4) as usize;
  if ((mbuf.flags & FLAG_UDP) == 0 || mbuf.payload == 0 || udpDestination(udp) != ROCEV2_PORT) return DROP_NOT_IB;
  if ((mbuf.flags & FLAG_FRAGMENT) != 0) return DROP_OUTER_FRAGMENT;
  const l3 = mbuf.l3 as u32;
  const isIpv4 = (mbuf.flags & FLAG_IPV4) != 0;
  // The ICRC is defined where nothing stands between the IP header and UDP.
  if (l4 - l3 != (isIpv4 ? IPV4_BYTES : IPV6_BYTES)) return DROP_IB_HEADER;
  const bytes = udpLength(udp);
  if (bytes < UDP_BYTES + BTH_BYTES + ICRC_BYTES || mbuf.len < l4 + bytes) return DROP_IB_TRUNCATED;
  const bth = udp + UDP_BYTES;
  const length = bytes - UDP_BYTES - ICRC_BYTES;
  const headers = BTH_BYTES + headerBytesOf(bthOpcode(bth));
  if (length < headers) return DROP_IB_TRUNCATED;
  if ((length & 3) != 0 || bthPad(bth) > length - headers) return DROP_IB_HEADER;
  if (bthVersion(bth) != 0 || bthPartition(bth) != PARTITION_DEFAULT) return DROP_IB_HEADER;
  const ip = (mbuf.data + l3) as usize;
  if (isIpv4 && !ipv4ChecksumHolds(ip, IPV4_BYTES)) return DROP_OUTER_IPV4_CHECKSUM;
  if (crc != 0 && icrcIp(crc, ip, l4 - l3 + bytes) != load<u32>(bth + length)) return DROP_IB_ICRC;
  mbuf.payload = (l4 + UDP_BYTES) as u16;
  return OK;
}

/** Bytes between the BTH and the payload; none of an operation that is not known here. */
export function headerBytesOf(op: u32): u32 {
  if (opIsKnown(op)) return opHeaderBytes(op);
  if (op == OP_UD_SEND) return UD_BYTES - BTH_BYTES;
  return op == OP_UD_SEND_IMM ? UD_BYTES - BTH_BYTES + IMM_BYTES : 0;
}
