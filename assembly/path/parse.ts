// Parse: from a frame's bytes to flags and offsets in its mbuf. One length check at the door of each header; the
// accessors in wire/ trust it. Returns OK or the cause for a drop; never reads outside the head segment.
//
// Two lengths are in play. A header must be *here* (in the head segment) to be read; where a capture's snaplen cut the
// frame, a missing header is no fault of the frame: parsing ends with FLAG_CUT. What a length field claims is held against
// the length *on the wire*. Unknown EtherTypes and protocols are not faults either: the frame is carried as it is.

import { load16be } from "../be";
import {
  DROP_ARP_TRUNCATED,
  DROP_ETHERNET_TRUNCATED,
  DROP_HEADERS_SPLIT,
  DROP_ICMP_TRUNCATED,
  DROP_IPV4_HEADER_LENGTH,
  DROP_IPV4_TOTAL_LENGTH,
  DROP_IPV4_TRUNCATED,
  DROP_IPV4_VERSION,
  DROP_IPV6_EXTENSION,
  DROP_IPV6_PAYLOAD_LENGTH,
  DROP_IPV6_TRUNCATED,
  DROP_IPV6_VERSION,
  DROP_TCP_DATA_OFFSET,
  DROP_TCP_TRUNCATED,
  DROP_UDP_LENGTH,
  DROP_UDP_TRUNCATED,
  DROP_VLAN_TRUNCATED,
  FLAG_ARP,
  FLAG_BROADCAST,
  FLAG_CUT,
  FLAG_FRAGMENT,
  FLAG_ICMP,
  FLAG_ICMPV6,
  FLAG_IPV4,
  FLAG_IPV6,
  FLAG_LATER_FRAGMENT,
  FLAG_MULTICAST,
  FLAG_QINQ,
  FLAG_ROUTED,
  FLAG_TCP,
  FLAG_UDP,
  FLAG_VLAN,
  OK,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ARP_BYTES } from "../wire/arp";
import {
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  etherType,
  isBroadcastAddress,
  isMulticastAddress,
  isVlanType,
  VLAN_BYTES,
} from "../wire/ethernet";
import {
  IPV4_BYTES,
  IPV4_FRAGMENT,
  ipVersion,
  ipv4FragmentOffset,
  ipv4HeaderBytes,
  ipv4IsFragment,
  ipv4Protocol,
  ipv4TotalLength,
} from "../wire/ipv4";
import {
  extensionBytes,
  IPV6_BYTES,
  IPV6_EXTENSIONS_MAX,
  ipv6NextHeader,
  ipv6PayloadLength,
  isExtension,
  NEXT_FRAGMENT,
  NEXT_ROUTING,
} from "../wire/ipv6";
import {
  ICMP_BYTES,
  ICMPV6_BYTES,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_BYTES,
  tcpHeaderBytes,
  UDP_BYTES,
  udpLength,
} from "../wire/transport";
import { PLAIN_L4 } from "./plain";

/** A datagram longer than its 16-bit length field can say carries 0 there: a GSO or GRO frame as a host recorded it. */
const LENGTH_FIELD_MAX: u32 = 0xffff;

/** Parses the frame from its Ethernet header on; fills flags, l3, l4, payload and l4Len. */
export function parse(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  return parsePlain(mbuf) ? OK : parseAny(mbuf);
}

/**
 * The fast path: TCP or UDP in IPv4 without options, no fragment, untagged, to one station; sound in all its lengths.
 * That is nearly every frame. False, and the mbuf untouched, for all others: what they are, parseAny finds out.
 */
function parsePlain(mbuf: Mbuf): bool {
  const data = mbuf.data as usize;
  if (mbuf.len < PLAIN_L4 + TCP_BYTES) return false;
  const ip = data + ETHERNET_BYTES;
  // One branch for four questions. In memory order: EtherType 08 00, version and header length 45; MF and offset zero.
  const kind = (load<u32>(data, ETHERNET_TYPE) & 0x00ffffff) ^ 0x00450008;
  const fragment = (load<u16>(ip, IPV4_FRAGMENT) as u32) & 0xff3f;
  if ((kind | fragment | ((load<u8>(data) as u32) & 1)) != 0) return false;
  const l4Len = ipv4TotalLength(ip) - IPV4_BYTES;
  // A total length below 20 wraps round and is caught, too.
  if (l4Len > mbuf.wireLen - PLAIN_L4) return false;
  const l4 = ip + IPV4_BYTES;
  const protocol = ipv4Protocol(ip);
  if (protocol == PROTOCOL_UDP) {
    const length = udpLength(l4);
    if (length < UDP_BYTES || length > l4Len) return false;
    mbuf.flags = FLAG_IPV4 | FLAG_UDP;
    mbuf.payload = (PLAIN_L4 + UDP_BYTES) as u16;
  } else {
    const headerBytes = tcpHeaderBytes(l4);
    if (protocol != PROTOCOL_TCP || headerBytes < TCP_BYTES || headerBytes > l4Len) return false;
    mbuf.flags = FLAG_IPV4 | FLAG_TCP;
    mbuf.payload = (PLAIN_L4 + headerBytes) as u16;
  }
  mbuf.l3 = ETHERNET_BYTES as u16;
  mbuf.l4 = PLAIN_L4 as u16;
  mbuf.l4Len = l4Len;
  return true;
}

function parseAny(mbuf: Mbuf): u32 {
  const data = mbuf.data as usize;
  mbuf.flags = 0;
  mbuf.l3 = 0;
  mbuf.l4 = 0;
  mbuf.payload = 0;
  mbuf.l4Len = 0;
  if (mbuf.len < ETHERNET_BYTES) return missing(mbuf, ETHERNET_BYTES, DROP_ETHERNET_TRUNCATED);
  if (isMulticastAddress(data)) mbuf.flags = isBroadcastAddress(data) ? FLAG_BROADCAST : FLAG_MULTICAST;

  let type = etherType(data + ETHERNET_TYPE);
  let l3 = ETHERNET_BYTES;
  if (isVlanType(type)) {
    if (mbuf.len < l3 + VLAN_BYTES) return missing(mbuf, l3 + VLAN_BYTES, DROP_VLAN_TRUNCATED);
    type = etherType(data + l3 + 2);
    l3 += VLAN_BYTES;
    mbuf.flags |= FLAG_VLAN;
    if (isVlanType(type)) {
      if (mbuf.len < l3 + VLAN_BYTES) return missing(mbuf, l3 + VLAN_BYTES, DROP_VLAN_TRUNCATED);
      type = etherType(data + l3 + 2);
      l3 += VLAN_BYTES;
      mbuf.flags |= FLAG_QINQ;
    }
  }
  mbuf.l3 = l3 as u16;
  if (type == ETHERTYPE_IPV4) return parseIpv4(mbuf, data, l3);
  if (type == ETHERTYPE_IPV6) return parseIpv6(mbuf, data, l3);
  if (type == ETHERTYPE_ARP) {
    mbuf.flags |= FLAG_ARP;
    if (mbuf.len < l3 + ARP_BYTES) return missing(mbuf, l3 + ARP_BYTES, DROP_ARP_TRUNCATED);
  }
  return OK;
}

function parseIpv4(mbuf: Mbuf, data: usize, l3: u32): u32 {
  const ip = data + l3;
  mbuf.flags |= FLAG_IPV4;
  if (mbuf.len < l3 + IPV4_BYTES) return missing(mbuf, l3 + IPV4_BYTES, DROP_IPV4_TRUNCATED);
  if (ipVersion(ip) != 4) return DROP_IPV4_VERSION;
  const headerBytes = ipv4HeaderBytes(ip);
  if (headerBytes < IPV4_BYTES) return DROP_IPV4_HEADER_LENGTH;
  const wireBytes = mbuf.wireLen - l3;
  let totalLength = ipv4TotalLength(ip);
  if (totalLength == 0 && wireBytes > LENGTH_FIELD_MAX) totalLength = wireBytes;
  if (totalLength < headerBytes || totalLength > wireBytes) return DROP_IPV4_TOTAL_LENGTH;
  if (mbuf.len < l3 + headerBytes) return missing(mbuf, l3 + headerBytes, DROP_IPV4_TRUNCATED);
  mbuf.l4 = (l3 + headerBytes) as u16;
  mbuf.l4Len = totalLength - headerBytes;
  if (ipv4IsFragment(ip)) {
    mbuf.flags |= FLAG_FRAGMENT;
    if (ipv4FragmentOffset(ip) != 0) {
      mbuf.flags |= FLAG_LATER_FRAGMENT;
      return OK;
    }
  }
  return parseTransport(mbuf, data, ipv4Protocol(ip));
}

function parseIpv6(mbuf: Mbuf, data: usize, l3: u32): u32 {
  const ip = data + l3;
  mbuf.flags |= FLAG_IPV6;
  if (mbuf.len < l3 + IPV6_BYTES) return missing(mbuf, l3 + IPV6_BYTES, DROP_IPV6_TRUNCATED);
  if (ipVersion(ip) != 6) return DROP_IPV6_VERSION;
  const wireBytes = mbuf.wireLen - l3 - IPV6_BYTES;
  let payloadLength = ipv6PayloadLength(ip);
  if (payloadLength == 0 && wireBytes > LENGTH_FIELD_MAX) payloadLength = wireBytes;
  if (payloadLength > wireBytes) return DROP_IPV6_PAYLOAD_LENGTH;

  let next = ipv6NextHeader(ip);
  let off = l3 + IPV6_BYTES;
  const end = off + payloadLength;
  for (let walked: u32 = 0; isExtension(next); walked++) {
    if (walked == IPV6_EXTENSIONS_MAX || off + 8 > end) return DROP_IPV6_EXTENSION;
    if (mbuf.len < off + 8) return missing(mbuf, off + 8, DROP_IPV6_TRUNCATED);
    const header = data + off;
    const bytes = extensionBytes(header, next);
    if (off + bytes > end) return DROP_IPV6_EXTENSION;
    if (next == NEXT_ROUTING && load<u8>(header, 3) != 0) mbuf.flags |= FLAG_ROUTED;
    if (next == NEXT_FRAGMENT && (load16be(header + 2) & 0xfff9) != 0) {
      mbuf.flags |= FLAG_FRAGMENT;
      if ((load16be(header + 2) & 0xfff8) != 0) mbuf.flags |= FLAG_LATER_FRAGMENT;
    }
    next = load<u8>(header) as u32;
    off += bytes;
    // What follows a later fragment's header is payload, whatever its next-header field names.
    if (mbuf.flags & FLAG_LATER_FRAGMENT) break;
  }
  if (mbuf.len < off) return missing(mbuf, off, DROP_IPV6_TRUNCATED);
  mbuf.l4 = off as u16;
  mbuf.l4Len = end - off;
  return mbuf.flags & FLAG_LATER_FRAGMENT ? OK : parseTransport(mbuf, data, next);
}

function parseTransport(mbuf: Mbuf, data: usize, protocol: u32): u32 {
  if (protocol == PROTOCOL_TCP) return parseTcp(mbuf, data);
  if (protocol == PROTOCOL_UDP) return parseUdp(mbuf, data);
  if (protocol == PROTOCOL_ICMP && (mbuf.flags & FLAG_IPV4) != 0) {
    mbuf.flags |= FLAG_ICMP;
    return fixedHeader(mbuf, ICMP_BYTES, DROP_ICMP_TRUNCATED);
  }
  if (protocol == PROTOCOL_ICMPV6 && (mbuf.flags & FLAG_IPV6) != 0) {
    mbuf.flags |= FLAG_ICMPV6;
    return fixedHeader(mbuf, ICMPV6_BYTES, DROP_ICMP_TRUNCATED);
  }
  return OK;
}

function parseTcp(mbuf: Mbuf, data: usize): u32 {
  mbuf.flags |= FLAG_TCP;
  const cause = fixedHeader(mbuf, TCP_BYTES, DROP_TCP_TRUNCATED);
  if (cause != OK || mbuf.payload == 0) return cause;
  const headerBytes = tcpHeaderBytes(data + mbuf.l4);
  if (headerBytes < TCP_BYTES) return DROP_TCP_DATA_OFFSET;
  if (headerBytes > mbuf.l4Len) return mbuf.flags & FLAG_FRAGMENT ? OK : DROP_TCP_DATA_OFFSET;
  mbuf.payload = mbuf.l4 + (headerBytes as u16);
  return OK;
}

function parseUdp(mbuf: Mbuf, data: usize): u32 {
  mbuf.flags |= FLAG_UDP;
  const cause = fixedHeader(mbuf, UDP_BYTES, DROP_UDP_TRUNCATED);
  if (cause != OK || mbuf.payload == 0) return cause;
  const length = udpLength(data + mbuf.l4);
  // A first fragment's length is that of the whole datagram; 0 is what a GSO frame too long for the field carries.
  if (length == 0 && mbuf.l4Len > LENGTH_FIELD_MAX) return OK;
  if (length < UDP_BYTES || (length > mbuf.l4Len && (mbuf.flags & FLAG_FRAGMENT) == 0)) return DROP_UDP_LENGTH;
  return OK;
}

/**
 * Checks that bytes of a transport header are in the datagram and here; the payload starts behind them. A first fragment may
 * be too short for them (RFC 791: 8 bytes are enough): the rest comes in the next.
 */
function fixedHeader(mbuf: Mbuf, bytes: u32, cause: u32): u32 {
  if (mbuf.l4Len < bytes) return (mbuf.flags & FLAG_FRAGMENT) != 0 ? OK : cause;
  if (mbuf.len < mbuf.l4 + bytes) return missing(mbuf, mbuf.l4 + bytes, cause);
  mbuf.payload = mbuf.l4 + (bytes as u16);
  return OK;
}

/**
 * A header that ends at byte end is not in the head segment: it lies in a later one, or a capture cut it off (it was on the
 * wire), or the frame itself is too short.
 */
function missing(mbuf: Mbuf, end: u32, cause: u32): u32 {
  if (mbuf.pktLen >= end) return DROP_HEADERS_SPLIT;
  if (mbuf.wireLen < end) return cause;
  mbuf.flags |= FLAG_CUT;
  return OK;
}
