// Linux's flow dissector (net/core/flow_dissector.c, __skb_flow_dissect) as encap2+3 and encap3+4 use it: from header to header to the
// innermost addresses and ports, through VLAN tags, PPPoE, MPLS, IP in IP, GRE with IP or Ethernet inside. It never looks into UDP, so
// not into VXLAN or Geneve. What generations differ in are bits of the configuration (layout.ts, HASH_F_).
//
// A frame whose headers it knows is dissected even when it found no addresses (MPLS, ARP): those are 0 then. A header that it does not
// know, or that is not here, makes the whole frame one that hashes by layer 2. Not modelled: FCoE, TIPC, batman-adv, PTP, PRP, HSR and CFM
// (they hash by layer 2 here), BPF dissectors, and skb->hash, which encap3+4 takes where a socket or an adapter has set it.
import { load16be } from "../be";
import {
  HASH_F_ARP,
  HASH_F_EXTENSIONS,
  HASH_F_FLOW_LABEL,
  HASH_F_FRAGMENT_PORTS,
  HASH_F_ICMP,
  HASH_F_MPLS,
  HASH_F_PPPOE_CHECKED,
  HASH_F_PPTP,
} from "../layout";
import {
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_QINQ,
  ETHERTYPE_VLAN,
  etherType,
  VLAN_BYTES,
} from "../wire/ethernet";
import {
  ETHERTYPE_TEB,
  GRE_BYTES,
  GRE_KEY,
  GRE_ROUTING,
  greFlags,
  greHeaderBytes,
  greType,
  greVersion,
} from "../wire/gre";
import { IPV4_BYTES, ipv4HeaderBytes, ipv4IsFragment, ipv4Protocol } from "../wire/ipv4";
import {
  extensionBytes,
  IPV6_BYTES,
  ipv6NextHeader,
  NEXT_DESTINATION,
  NEXT_FRAGMENT,
  NEXT_HOP_BY_HOP,
  NEXT_ROUTING,
} from "../wire/ipv6";
import { PROTOCOL_GRE } from "../wire/transport";
import { addresses, icmpKey, isIcmp, portsAt } from "./bonding";
import { HashConfig } from "./config";

const ETHERTYPE_RARP: u32 = 0x8035;
const ETHERTYPE_MPLS: u32 = 0x8847;
const ETHERTYPE_MPLS_MULTICAST: u32 = 0x8848;
const ETHERTYPE_PPPOE: u32 = 0x8864;
const ETHERTYPE_PPTP: u32 = 0x880b;
const PROTOCOL_IPIP: u32 = 4;
const PROTOCOL_IPV6: u32 = 41;
const PROTOCOL_MPLS: u32 = 137;
const PPP_IPV4: u32 = 0x0021;
const PPP_IPV6: u32 = 0x0057;
const PPPOE_BYTES: u32 = 8;
const PPP_BYTES: u32 = 4;

/** Most headers that lead on to another. */
const HEADERS_MAX: u32 = 15;

/** How a header left it: another EtherType, another IP protocol, the end, or the end by something unknown. */
const TYPE: u32 = 0;
const PROTOCOL: u32 = 1;
const DONE: u32 = 2;
const UNKNOWN: u32 = 3;

/** Finds addresses and ports of the frame that was looked at; false when it hashes by layer 2. */
export function dissect(config: HashConfig): bool {
  config.addresses = 0;
  config.ports = 0;
  config.transport = config.network;
  let next = TYPE;
  for (let headers: u32 = 0; next < DONE && headers <= HEADERS_MAX; headers++) {
    if (next == TYPE) next = networkHeader(config);
    if (next == PROTOCOL) next = protocolHeader(config);
  }
  // Too many: what was found counts, and the ports of the protocol that would be next.
  if (next == PROTOCOL) config.ports = portsAt(config, config.transport);
  return next != UNKNOWN;
}

/** What type says: at config.transport, as everything here. */
function networkHeader(config: HashConfig): u32 {
  const type = config.type;
  const flags = config.flags;
  if (type == ETHERTYPE_IPV4) return ipv4(config);
  if (type == ETHERTYPE_IPV6) return ipv6(config);
  if (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ) {
    const at = config.transport;
    if (at + VLAN_BYTES > config.end) return UNKNOWN;
    return goOn(config, load16be((at as usize) + 2), at + VLAN_BYTES);
  }
  if (type == ETHERTYPE_PPPOE) return pppoe(config);
  if (type == ETHERTYPE_MPLS || type == ETHERTYPE_MPLS_MULTICAST) return (flags & HASH_F_MPLS) != 0 ? DONE : UNKNOWN;
  if (type == ETHERTYPE_ARP || type == ETHERTYPE_RARP) return (flags & HASH_F_ARP) != 0 ? DONE : UNKNOWN;
  return UNKNOWN;
}

function ipv4(config: HashConfig): u32 {
  const at = config.transport;
  const ip = at as usize;
  if (at + IPV4_BYTES > config.end || ipv4HeaderBytes(ip) < IPV4_BYTES) return UNKNOWN;
  config.addresses = addresses(ip, false);
  if (ipv4IsFragment(ip)) return noPorts(config);
  config.protocol = ipv4Protocol(ip);
  config.transport = at + ipv4HeaderBytes(ip);
  return PROTOCOL;
}

function ipv6(config: HashConfig): u32 {
  const at = config.transport;
  const ip = at as usize;
  if (at + IPV6_BYTES > config.end) return UNKNOWN;
  config.addresses = addresses(ip, true);
  // The lower 20 bits of the first word, as they stand in memory.
  const label = load<u32>(ip) & 0xffff0f00;
  if ((config.flags & HASH_F_FLOW_LABEL) != 0 && label != 0) {
    config.ports = label;
    return DONE;
  }
  config.protocol = ipv6NextHeader(ip);
  config.transport = at + IPV6_BYTES;
  return PROTOCOL;
}

/** What protocol says; where there is nothing to look into, ports. */
function protocolHeader(config: HashConfig): u32 {
  const protocol = config.protocol;
  const at = config.transport;
  const flags = config.flags;
  if (protocol == PROTOCOL_GRE) return gre(config);
  if (protocol == PROTOCOL_IPIP) return goOn(config, ETHERTYPE_IPV4, at);
  if (protocol == PROTOCOL_IPV6) return goOn(config, ETHERTYPE_IPV6, at);
  if (protocol == PROTOCOL_MPLS && (flags & HASH_F_MPLS) != 0) return goOn(config, ETHERTYPE_MPLS, at);
  if (config.type == ETHERTYPE_IPV6 && (flags & HASH_F_EXTENSIONS) != 0) {
    if (protocol == NEXT_HOP_BY_HOP || protocol == NEXT_ROUTING || protocol == NEXT_DESTINATION) {
      if (at + 2 > config.end) return UNKNOWN;
      config.protocol = load<u8>(at as usize) as u32;
      config.transport = at + extensionBytes(at as usize, protocol);
      return PROTOCOL;
    }
    if (protocol == NEXT_FRAGMENT) {
      if (at + 8 > config.end) return UNKNOWN;
      config.protocol = load<u8>(at as usize) as u32;
      if ((flags & HASH_F_FRAGMENT_PORTS) == 0) return noPorts(config);
      config.ports = portsAt(config, at + 8);
      return DONE;
    }
  }
  config.ports = (flags & HASH_F_ICMP) != 0 && isIcmp(protocol) ? icmpKey(config, at) : portsAt(config, at);
  return DONE;
}

/** GRE without a source route, of version 0; of version 1 that of PPTP (RFC 2637 section 4.1). Others are not looked into. */
function gre(config: HashConfig): u32 {
  const at = config.transport;
  const end = config.end;
  const header = at as usize;
  if (at + GRE_BYTES > end) return UNKNOWN;
  const flags = greFlags(header);
  const version = greVersion(header);
  const type = greType(header);
  const isPptp = version == 1 && type == ETHERTYPE_PPTP && (flags & GRE_KEY) != 0 && (config.flags & HASH_F_PPTP) != 0;
  if ((flags & GRE_ROUTING) != 0 || (version != 0 && !isPptp)) return noPorts(config);
  let inside = at + greHeaderBytes(header);
  if (isPptp) {
    // The acknowledgement number's flag is in the second byte.
    if ((load<u8>(header, 1) & 0x80) != 0) inside += 4;
    if (inside + PPP_BYTES > end) return UNKNOWN;
    const protocol = load16be((inside as usize) + 2);
    if (protocol == PPP_IPV4) return goOn(config, ETHERTYPE_IPV4, inside + PPP_BYTES);
    return protocol == PPP_IPV6 ? goOn(config, ETHERTYPE_IPV6, inside + PPP_BYTES) : UNKNOWN;
  }
  if (type != ETHERTYPE_TEB) return goOn(config, type, inside);
  if (inside + ETHERNET_BYTES > end) return UNKNOWN;
  return goOn(config, etherType((inside as usize) + ETHERNET_TYPE), inside + ETHERNET_BYTES);
}

/** A PPPoE session (RFC 2516 section 4) and its PPP protocol, which may be one byte long (RFC 1661 section 6.5). */
function pppoe(config: HashConfig): u32 {
  const at = config.transport;
  if (at + PPPOE_BYTES > config.end) return UNKNOWN;
  const isChecked = (config.flags & HASH_F_PPPOE_CHECKED) != 0;
  // Version 1, type 1, code 0.
  if (isChecked && load16be(at as usize) != 0x1100) return UNKNOWN;
  let inside = at + PPPOE_BYTES;
  let protocol = load16be((at as usize) + 6);
  if (isChecked && (protocol & 0x0100) != 0) {
    protocol >>= 8;
    inside--;
  }
  if (protocol == PPP_IPV4) return goOn(config, ETHERTYPE_IPV4, inside);
  if (protocol == PPP_IPV6) return goOn(config, ETHERTYPE_IPV6, inside);
  if (!isChecked) return UNKNOWN;
  // Any other protocol, MPLS too, is known and without addresses. Its last bit is one (RFC 1661 section 2); the last of an
  // uncompressed one's first byte is zero, as it is here.
  return (protocol & 1) != 0 ? DONE : UNKNOWN;
}

function goOn(config: HashConfig, type: u32, at: u32): u32 {
  config.type = type;
  config.transport = at;
  return TYPE;
}

/** The end without ports. */
function noPorts(config: HashConfig): u32 {
  config.ports = 0;
  return DONE;
}
