// Which encapsulation a parsed frame is in: VXLAN, Geneve and VXLAN-GPE by their UDP ports, NVGRE by GRE's protocol number. Each
// header is checked as far as it must be to find the frame inside; bits that are reserved are a question of their own.
//
// What is found is left where a caller reads it at no cost: the network in mbuf.vni, the offset of the inner Ethernet frame in
// mbuf.payload, the length of the transport segment in mbuf.l4Len, the kind (ENCAP_) in mbuf.flags from ENCAP_SHIFT on.
import {
  DROP_GENEVE_CONTROL,
  DROP_GENEVE_CRITICAL_OPTION,
  DROP_GENEVE_OPTIONS,
  DROP_GENEVE_TRUNCATED,
  DROP_GENEVE_VERSION,
  DROP_GPE_VERSION,
  DROP_HEADERS_SPLIT,
  DROP_INNER_PROTOCOL,
  DROP_NOT_ENCAPSULATED,
  DROP_NVGRE_HEADER,
  DROP_NVGRE_TRUNCATED,
  DROP_OUTER_FRAGMENT,
  DROP_VXLAN_NO_VNI_FLAG,
  DROP_VXLAN_TRUNCATED,
  ENCAP_GENEVE,
  ENCAP_GPE,
  ENCAP_NVGRE,
  ENCAP_SHIFT,
  ENCAP_VXLAN,
  FLAG_FRAGMENT,
  FLAG_IPV4,
  FLAG_IPV6,
  FLAG_LATER_FRAGMENT,
  FLAG_UDP,
  OK,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import {
  GENEVE_BYTES,
  GENEVE_PORT,
  geneveHasReserved,
  geneveIsControl,
  geneveIsCritical,
  geneveOptionBytes,
  geneveOptions,
  geneveType,
  geneveVersion,
  geneveVni,
  OPTIONS_CRITICAL,
  OPTIONS_MISFIT,
  OPTIONS_RESERVED,
} from "../wire/geneve";
import { GPE_BYTES, GPE_PORT, gpeCarriesEthernet, gpeHasReserved, gpeHasVni, gpeVersion } from "../wire/gpe";
import { ETHERTYPE_TEB, greType } from "../wire/gre";
import { ipv4Protocol } from "../wire/ipv4";
import { ipv6ProtocolAt } from "../wire/ipv6";
import { NVGRE_BYTES, nvgreHasReserved, nvgreIsPlain, nvgreVsid } from "../wire/nvgre";
import { PROTOCOL_GRE, UDP_BYTES, udpDestination, udpLength } from "../wire/transport";
import { VXLAN_BYTES, vxlanHasReserved, vxlanHasVni, vxlanVni } from "../wire/vxlan";

/** Looks for a frame inside one that parse accepted; VXLAN is on UDP port vxlanPort. Returns OK, or the cause with nothing found. */
export function findEncap(m: usize, vxlanPort: u32): u32 {
  const mbuf = changetype<Mbuf>(m);
  return (mbuf.flags & FLAG_UDP) != 0 ? findInUdp(mbuf, vxlanPort) : findInGre(mbuf);
}

/** The kind of a frame in which findEncap has found another: one of ENCAP_. */
export function encapKind(m: usize): u32 {
  return changetype<Mbuf>(m).flags >> ENCAP_SHIFT;
}

/** True when the header that findEncap has found, or an option of it, has bits set that must be zero when sent. */
export function hasReservedBits(m: usize): bool {
  const mbuf = changetype<Mbuf>(m);
  const kind = encapKind(m);
  const l4 = (mbuf.data + mbuf.l4) as usize;
  if (kind == ENCAP_NVGRE) return nvgreHasReserved(l4);
  const header = l4 + UDP_BYTES;
  if (kind == ENCAP_VXLAN) return vxlanHasReserved(header);
  if (kind == ENCAP_GPE) return gpeHasReserved(header);
  return geneveHasReserved(header) || (geneveOptions(header) & OPTIONS_RESERVED) != 0;
}

function findInUdp(mbuf: Mbuf, vxlanPort: u32): u32 {
  if (mbuf.payload == 0) return DROP_NOT_ENCAPSULATED;
  const udp = (mbuf.data + mbuf.l4) as usize;
  const port = udpDestination(udp);
  const isVxlan = port == vxlanPort;
  if (!isVxlan && port != GENEVE_PORT && port != GPE_PORT) return DROP_NOT_ENCAPSULATED;
  if ((mbuf.flags & FLAG_FRAGMENT) != 0) return DROP_OUTER_FRAGMENT;
  const length = udpLength(udp);
  if (isVxlan) return findVxlan(mbuf, length);
  return port == GENEVE_PORT ? findGeneve(mbuf, length) : findGpe(mbuf, length);
}

function findVxlan(mbuf: Mbuf, length: u32): u32 {
  const cause = need(mbuf, length, UDP_BYTES + VXLAN_BYTES, DROP_VXLAN_TRUNCATED);
  if (cause != OK) return cause;
  const vxlan = headerOf(mbuf);
  if (!vxlanHasVni(vxlan)) return DROP_VXLAN_NO_VNI_FLAG;
  return found(mbuf, ENCAP_VXLAN, vxlanVni(vxlan), UDP_BYTES + VXLAN_BYTES, length);
}

function findGpe(mbuf: Mbuf, length: u32): u32 {
  const cause = need(mbuf, length, UDP_BYTES + GPE_BYTES, DROP_VXLAN_TRUNCATED);
  if (cause != OK) return cause;
  const gpe = headerOf(mbuf);
  if (gpeVersion(gpe) != 0) return DROP_GPE_VERSION;
  if (!gpeHasVni(gpe)) return DROP_VXLAN_NO_VNI_FLAG;
  if (!gpeCarriesEthernet(gpe)) return DROP_INNER_PROTOCOL;
  return found(mbuf, ENCAP_GPE, vxlanVni(gpe), UDP_BYTES + GPE_BYTES, length);
}

function findGeneve(mbuf: Mbuf, length: u32): u32 {
  let cause = need(mbuf, length, UDP_BYTES + GENEVE_BYTES, DROP_GENEVE_TRUNCATED);
  if (cause != OK) return cause;
  const geneve = headerOf(mbuf);
  if (geneveVersion(geneve) != 0) return DROP_GENEVE_VERSION;
  const bytes = UDP_BYTES + GENEVE_BYTES + geneveOptionBytes(geneve);
  cause = need(mbuf, length, bytes, DROP_GENEVE_TRUNCATED);
  if (cause != OK) return cause;
  if (geneveIsControl(geneve)) return DROP_GENEVE_CONTROL;
  if (geneveType(geneve) != ETHERTYPE_TEB) return DROP_INNER_PROTOCOL;
  const options = geneveOptions(geneve);
  if ((options & OPTIONS_MISFIT) != 0) return DROP_GENEVE_OPTIONS;
  // No option is known here, so that one which must be understood is not.
  if (geneveIsCritical(geneve) || (options & OPTIONS_CRITICAL) != 0) return DROP_GENEVE_CRITICAL_OPTION;
  return found(mbuf, ENCAP_GENEVE, geneveVni(geneve), bytes, length);
}

function findInGre(mbuf: Mbuf): u32 {
  const flags = mbuf.flags;
  if ((flags & (FLAG_IPV4 | FLAG_IPV6)) == 0 || mbuf.l4 == 0) return DROP_NOT_ENCAPSULATED;
  if ((flags & FLAG_LATER_FRAGMENT) != 0) return DROP_NOT_ENCAPSULATED;
  const ip = (mbuf.data + mbuf.l3) as usize;
  const protocol = (flags & FLAG_IPV4) != 0 ? ipv4Protocol(ip) : ipv6ProtocolAt(ip, mbuf.l4 - mbuf.l3);
  if (protocol != PROTOCOL_GRE) return DROP_NOT_ENCAPSULATED;
  if ((flags & FLAG_FRAGMENT) != 0) return DROP_OUTER_FRAGMENT;
  const cause = need(mbuf, mbuf.l4Len, NVGRE_BYTES, DROP_NVGRE_TRUNCATED);
  if (cause != OK) return cause;
  const gre = (mbuf.data + mbuf.l4) as usize;
  if (!nvgreIsPlain(gre)) return DROP_NVGRE_HEADER;
  if (greType(gre) != ETHERTYPE_TEB) return DROP_INNER_PROTOCOL;
  return found(mbuf, ENCAP_NVGRE, nvgreVsid(gre), NVGRE_BYTES, mbuf.l4Len);
}

/** The header behind UDP's. */
function headerOf(mbuf: Mbuf): usize {
  return (mbuf.data + mbuf.l4 + UDP_BYTES) as usize;
}

/** The first bytes of a transport segment of the given length must be in it, in the frame and in the head segment. */
function need(mbuf: Mbuf, length: u32, bytes: u32, cause: u32): u32 {
  const end = mbuf.l4 + bytes;
  if (length < bytes || mbuf.pktLen < end) return cause;
  return mbuf.len < end ? DROP_HEADERS_SPLIT : OK;
}

function found(mbuf: Mbuf, kind: u32, vni: u32, bytes: u32, length: u32): u32 {
  mbuf.flags |= kind << ENCAP_SHIFT;
  mbuf.vni = vni;
  mbuf.payload = (mbuf.l4 + bytes) as u16;
  mbuf.l4Len = length;
  return OK;
}
