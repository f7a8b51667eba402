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
} from "../layout";
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_QINQ,
  ETHERTYPE_VLAN,
  VLAN_BYTES,
} from "../wire/ethernet";
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
import { DONE, goOn, gre, noPorts, PROTOCOL, pppoe, TYPE, UNKNOWN } from "./step";

const ETHERTYPE_RARP: u32 = 0x8035;
const ETHERTYPE_MPLS: u32 = 0x8847;
const ETHERTYPE_MPLS_MULTICAST: u32 = 0x8848;
const ETHERTYPE_PPPOE: u32 = 0x8864;
const PROTOCOL_IPIP: u32 = 4;
const PROTOCOL_IPV6: u32 = 41;
const PROTOCOL_MPLS: u32 = 137;

/** Most headers that lead on to another. */
const HEADERS_MAX: u32 = 15;

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
