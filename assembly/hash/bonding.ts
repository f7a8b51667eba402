// The hashes by which Linux bonding chooses a link (xmit_hash_policy), bit for bit, in the generations that are in the field.
//
// drivers/net/bonding/bond_main.c (bond_xmit_hash, bond_flow_dissect, bond_flow_ip, bond_ip_hash, bond_eth_hash,
// bond_vlan_srcmac_hash), net/core/flow_dissector.c (skb_flow_get_ports, skb_flow_get_icmp_tci), include/linux/in.h
// (proto_ports_offset), include/net/ipv6.h (ipv6_addr_hash); the formulas are in Documentation/networking/bonding.rst. What is loaded
// is in the byte order of a little-endian machine, as there. docs/kernels.md says which kernels have which generation.
//
//   layer2       last byte of destination MAC ^ last byte of source MAC ^ EtherType            below 2^16
//   fold         x ^= source ^ destination;  x ^= x >> 16;  x ^= x >> 8;  and x >> 1 where the generation shifts
//   layer2+3     fold of layer2                              encap2+3, encap3+4: the same of what the dissector finds (dissect.ts)
//   layer3+4     fold of the ports as one word
//   vlan+srcmac  first half of source MAC ^ second half ^ the tag's control field, as numbers  below 2^24
//
// What is no IP hashes by layer2 under all but vlan+srcmac. Fragments have no ports, the first one neither. The plain policies do not
// walk IPv6 extension headers, so behind them there are no ports. From 5.5 on ICMP messages with an identifier hash by type, code and
// identifier instead of ports, and ICMP errors by the datagram that they quote, addresses included. The first VLAN tag is not seen
// (the kernel keeps it beside the frame); behind a second one nothing is.
import { load16be } from "../be";
import {
  HASH_F_ICMP,
  HASH_F_ICMP_NUMBER,
  HASH_F_SHIFT,
  HASH_F_TYPE,
  HASH_F_TYPE_NUMBER,
  HASH_LAYER34,
} from "../layout";
import { ETHERNET_SRC, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../wire/ethernet";
import { IPV4_BYTES, IPV4_DST, IPV4_SRC, ipv4HeaderBytes, ipv4IsFragment, ipv4Protocol } from "../wire/ipv4";
import { IPV6_BYTES, IPV6_SRC, ipv6NextHeader } from "../wire/ipv6";
import { ICMP_BYTES, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP, ports } from "../wire/transport";
import { HashConfig, NO_TAG, PROTOCOL_NONE } from "./config";

const PROTOCOL_DCCP: u32 = 33;
const PROTOCOL_ESP: u32 = 50;
const PROTOCOL_AH: u32 = 51;
const PROTOCOL_SCTP: u32 = 132;
const PROTOCOL_UDPLITE: u32 = 136;

/** The hash under layer2, layer2+3 and layer3+4 of the frame that was looked at. */
export function plainPolicy(config: HashConfig): u32 {
  const isLayer34 = config.kind == HASH_LAYER34;
  const start = layer2(config);
  if (!ipHeader(config, config.network)) return start;
  if ((config.flags & HASH_F_ICMP) != 0 && isIcmp(config.protocol)) {
    const icmp = config.transport;
    // Only an error is looked into further: of others there are no ports.
    if (icmp + ICMP_BYTES <= config.end && icmpIsError(config.protocol, load<u8>(icmp as usize))) {
      if (!ipHeader(config, icmp + ICMP_BYTES)) return start;
    } else {
      return fold(config.flags, (isLayer34 ? icmpKey(config, icmp) : start) ^ config.addresses);
    }
  }
  return fold(config.flags, (isLayer34 ? portsAt(config, config.transport) : start) ^ config.addresses);
}

/** The hash under vlan+srcmac. The tag goes in with its priority. */
export function vlanSrcmac(config: HashConfig): u32 {
  return Bonding.srcmac(config.ethernet as usize) ^ (config.tag == NO_TAG ? 0 : config.tag);
}

/** What the hash is of what is no IP. */
export function layer2(config: HashConfig): u32 {
  const ethernet = config.ethernet as usize;
  return Bonding.layer2(config.flags, ethernet, config.type);
}

/** Source and destination address, folded to 32 bits. */
export function addresses(ip: usize, isIpv6: bool): u32 {
  if (!isIpv6) return load<u32>(ip, IPV4_SRC) ^ load<u32>(ip, IPV4_DST);
  const source = load<u64>(ip, IPV6_SRC) ^ load<u64>(ip, IPV6_SRC + 8);
  const both = source ^ load<u64>(ip, IPV6_SRC + 16) ^ load<u64>(ip, IPV6_SRC + 24);
  return (both ^ (both >> 32)) as u32;
}

/** Both ports, or the SPI that IPsec has instead, of the protocol found; 0 for what has neither, and where they are not here. */
export function portsAt(config: HashConfig, at: u32): u32 {
  const protocol = config.protocol;
  if (protocol == PROTOCOL_AH) at += 4;
  else if (!hasPorts(protocol)) return 0;
  return at + 4 > config.end ? 0 : ports(at as usize);
}

/** Type, code and identifier of an ICMP message: one of 0 counts as 1, since 0 would mean that there is none. 0 for others. */
export function icmpKey(config: HashConfig, icmp: u32): u32 {
  if (icmp + ICMP_BYTES > config.end || !icmpHasId(load<u8>(icmp as usize))) return 0;
  const id =
    (config.flags & HASH_F_ICMP_NUMBER) != 0 ? load16be((icmp as usize) + 4) : (load<u16>(icmp as usize, 4) as u32);
  return (load<u16>(icmp as usize) as u32) | ((id == 0 ? 1 : id) << 16);
}

export function isIcmp(protocol: u32): bool {
  return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

export function fold(flags: u32, hash: u32): u32 {
  return Bonding.fold(hash, Bonding.shift(flags));
}

/** A class because asc inlines on demand only decorated methods. */
export class Bonding {
  /** How far the fold shifts. */
  @inline
  static shift(flags: u32): u32 {
    return (flags & HASH_F_SHIFT) != 0 ? 1 : 0;
  }

  @inline
  static fold(hash: u32, shift: u32): u32 {
    hash ^= hash >> 16;
    hash ^= hash >> 8;
    return hash >> shift;
  }

  @inline
  static srcmac(ethernet: usize): u32 {
    // Two bytes of the destination stand in front of the source's six.
    const source = bswap<u64>(load<u64>(ethernet, ETHERNET_SRC - 2));
    return (((source >> 24) ^ source) & 0xffffff) as u32;
  }

  @inline
  static layer2(flags: u32, ethernet: usize, type: u32): u32 {
    const macs = (load<u8>(ethernet, 5) ^ load<u8>(ethernet, 11)) as u32;
    if ((flags & HASH_F_TYPE_NUMBER) != 0) return macs ^ type;
    return (flags & HASH_F_TYPE) != 0 ? macs ^ (bswap<u16>(type as u16) as u32) : macs;
  }
}

/** Reads an IP header of the type that the frame carries: addresses, protocol, transport. False when it is not IP, or not here. */
function ipHeader(config: HashConfig, at: u32): bool {
  const ip = at as usize;
  const isIpv6 = config.type == ETHERTYPE_IPV6;
  if (!isIpv6 && config.type != ETHERTYPE_IPV4) return false;
  if (at + (isIpv6 ? IPV6_BYTES : IPV4_BYTES) > config.end) return false;
  config.addresses = addresses(ip, isIpv6);
  config.transport = at + (isIpv6 ? IPV6_BYTES : ipv4HeaderBytes(ip));
  config.protocol = isIpv6 ? ipv6NextHeader(ip) : ipv4IsFragment(ip) ? PROTOCOL_NONE : ipv4Protocol(ip);
  return true;
}

function hasPorts(protocol: u32): bool {
  if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_DCCP) return true;
  return protocol == PROTOCOL_ESP || protocol == PROTOCOL_SCTP || protocol == PROTOCOL_UDPLITE;
}

/** Echo and timestamp of ICMP, echo of ICMPv6; the kernel asks for all of them in either. */
function icmpHasId(type: u32): bool {
  if (type == 0 || type == 8 || type == 13 || type == 14) return true;
  return type == 128 || type == 129;
}

function icmpIsError(protocol: u32, type: u32): bool {
  if (protocol == PROTOCOL_ICMPV6) return type - 1 < 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}
