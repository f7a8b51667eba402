// The hash by which Linux bonding chooses a link under xmit_hash_policy=layer3+4, bit for bit.
//
// Linux 6.x: drivers/net/bonding/bond_main.c (bond_xmit_hash, bond_flow_dissect, bond_flow_ip, bond_ip_hash, bond_eth_hash),
// net/core/flow_dissector.c (skb_flow_get_ports, skb_flow_get_icmp_tci), include/linux/in.h (proto_ports_offset),
// include/net/ipv6.h (ipv6_addr_hash); the formula is in Documentation/networking/bonding.rst. What is loaded is in the byte
// order of a little-endian machine, as there.
//
//   IP     x = ports ^ source ^ destination;  x ^= x >> 16;  x ^= x >> 8;  x >> 1          below 2^31
//   other  last byte of destination MAC ^ last byte of source MAC ^ EtherType              below 2^16
//
// Fragments have no ports, the first one neither. IPv6 extension headers are not walked, so behind them there are none.
// ICMP messages with an identifier hash by type, code and identifier instead; ICMP errors by the datagram that they quote.
// The first VLAN tag is not seen (the kernel keeps it beside the frame); behind a second one nothing is.
import { load16be } from "../be";
import { FLAG_FRAGMENT, FLAG_IPV4, FLAG_IPV6, FLAG_QINQ, FLAG_TCP, FLAG_UDP, FLAG_VLAN } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import {
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_QINQ,
  ETHERTYPE_VLAN,
  etherType,
  VLAN_BYTES,
} from "../wire/ethernet";
import { IPV4_BYTES, IPV4_DST, IPV4_SRC, ipv4HeaderBytes, ipv4IsFragment, ipv4Protocol } from "../wire/ipv4";
import { IPV6_BYTES, IPV6_SRC, ipv6NextHeader } from "../wire/ipv6";
import { ICMP_BYTES, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP, ports } from "../wire/transport";

const PROTOCOL_DCCP: u32 = 33;
const PROTOCOL_ESP: u32 = 50;
const PROTOCOL_AH: u32 = 51;
const PROTOCOL_SCTP: u32 = 132;
const PROTOCOL_UDPLITE: u32 = 136;
/** Of a fragment: none, since what it carries has no header to look at. */
const PROTOCOL_NONE: u32 = 256;

/** Bits that a hash has at most. */
const HASH_BITS: u32 = 31;
/** Of a frame that is not plain; no hash is above 2^31. */
const NOT_PLAIN: u32 = 0xffffffff;

/** The hash of a parsed frame. */
export function layer34(m: usize): u32 {
  return Layer34.of(m);
}

/** The hashes of n parsed frames (list: u32 addresses) into out (u32). */
export function layer34Burst(list: usize, out: usize, n: u32): void {
  const end = list + ((n as usize) << 2);
  const toOut = out - list;
  // Plain frames first, in a loop without a call: around one, V8 would spill what the loop holds.
  let seen: u32 = 0;
  for (let at = list; at < end; at += 4) {
    const hash = Layer34.plain(load<u32>(at) as usize);
    store<u32>(at + toOut, hash);
    seen |= hash;
  }
  if (seen >> 31 == 0) return;
  for (let at = list; at < end; at += 4) {
    if (load<u32>(at + toOut) == NOT_PLAIN) store<u32>(at + toOut, hashAny(load<u32>(at) as usize));
  }
}

/** For each of n parsed frames the member, 0 to members - 1, that it goes by: its hash modulo members, into out (u32). */
export function pickBurst(list: usize, members: u32, out: usize, n: u32): void {
  if (n == 0) return;
  layer34Burst(list, out, n);
  // hash / members by a multiplication: with 2^(l-1) < members <= 2^l and a reciprocal of 31 + l bits, rounded up, the quotient
  // is exact for every hash below 2^31 (Granlund and Montgomery, PLDI 1994, theorem 4.2), and the product fits 64 bits.
  const shift = (HASH_BITS + 32 - clz<u32>(members - 1)) as u64;
  const reciprocal = ((1 as u64) << shift) / (members as u64) + 1;
  const end = out + ((n as usize) << 2);
  // Tested at its end: V8 moves no division out of a loop that might run not once.
  do {
    const hash = load<u32>(out);
    store<u32>(out, hash - ((((hash as u64) * reciprocal) >> shift) as u32) * members);
    out += 4;
  } while (out < end);
}

/** A class because asc inlines on demand only decorated methods. */
export class Layer34 {
  @inline
  static of(m: usize): u32 {
    const hash = Layer34.plain(m);
    return hash == NOT_PLAIN ? hashAny(m) : hash;
  }

  /** TCP or UDP in whole, untagged datagrams without IPv6 extension headers; NOT_PLAIN for all else. */
  @inline
  static plain(m: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    const data = mbuf.data as usize;
    const l3 = mbuf.l3 as u32;
    const l4 = mbuf.l4 as u32;
    const ip = data + l3;
    const flags = mbuf.flags & (FLAG_IPV4 | FLAG_IPV6 | FLAG_TCP | FLAG_UDP | FLAG_FRAGMENT | FLAG_VLAN | FLAG_QINQ);
    let hash = NOT_PLAIN;
    if (mbuf.payload != 0) {
      // One test for both: UDP's flag is twice TCP's, so what is left is 0 for TCP and TCP's flag for UDP.
      if (((flags - (FLAG_IPV4 | FLAG_TCP)) & ~FLAG_TCP) == 0) {
        hash = mixed(ports(data + l4) ^ addresses(ip, false));
      } else if (((flags - (FLAG_IPV6 | FLAG_TCP)) & ~FLAG_TCP) == 0) {
        if (l4 - l3 == IPV6_BYTES) hash = mixed(ports(data + l4) ^ addresses(ip, true));
      }
    }
    return hash;
  }
}

function mixed(hash: u32): u32 {
  hash ^= hash >> 16;
  hash ^= hash >> 8;
  return hash >> 1;
}

/** Any frame, from its bytes: the kernel looks at nothing else. */
function hashAny(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  const data = mbuf.data as usize;
  const len = mbuf.len;
  if (len < ETHERNET_BYTES) return 0;
  let type = etherType(data + ETHERNET_TYPE);
  let l3 = ETHERNET_BYTES;
  if ((type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ) && len >= ETHERNET_BYTES + VLAN_BYTES) {
    l3 += VLAN_BYTES;
    type = etherType(data + ETHERNET_TYPE + VLAN_BYTES);
  }
  const layer2 = (load<u8>(data, 5) as u32) ^ (load<u8>(data, 11) as u32) ^ type;
  const isIpv6 = type == ETHERTYPE_IPV6;
  if (type != ETHERTYPE_IPV4 && !isIpv6) return layer2;
  const fixed = isIpv6 ? IPV6_BYTES : IPV4_BYTES;
  if (l3 + fixed > len) return layer2;

  let ip = data + l3;
  let l4 = l3 + headerBytes(ip, isIpv6);
  let kind = protocol(ip, isIpv6);
  if (kind == PROTOCOL_ICMP || kind == PROTOCOL_ICMPV6) {
    const icmp = data + l4;
    if (l4 + ICMP_BYTES > len) return mixed(addresses(ip, isIpv6));
    if (icmpHasId(load<u8>(icmp))) return mixed(addresses(ip, isIpv6) ^ icmpKey(icmp));
    if (icmpIsError(kind, load<u8>(icmp))) {
      const quoted = l4 + ICMP_BYTES;
      if (quoted + fixed > len) return layer2;
      ip = data + quoted;
      l4 = quoted + headerBytes(ip, isIpv6);
      kind = protocol(ip, isIpv6);
    }
  }
  return mixed(addresses(ip, isIpv6) ^ portsAt(data, len, l4, kind));
}

/** Source and destination address, folded to 32 bits. */
function addresses(ip: usize, isIpv6: bool): u32 {
  if (!isIpv6) return load<u32>(ip, IPV4_SRC) ^ load<u32>(ip, IPV4_DST);
  const source = load<u64>(ip, IPV6_SRC) ^ load<u64>(ip, IPV6_SRC + 8);
  const both = source ^ load<u64>(ip, IPV6_SRC + 16) ^ load<u64>(ip, IPV6_SRC + 24);
  return (both ^ (both >> 32)) as u32;
}

function headerBytes(ip: usize, isIpv6: bool): u32 {
  return isIpv6 ? IPV6_BYTES : ipv4HeaderBytes(ip);
}

function protocol(ip: usize, isIpv6: bool): u32 {
  if (isIpv6) return ipv6NextHeader(ip);
  return ipv4IsFragment(ip) ? PROTOCOL_NONE : ipv4Protocol(ip);
}

/** Both ports, or the SPI that IPsec has instead; 0 for what has neither, and where they are not here. */
function portsAt(data: usize, len: u32, l4: u32, kind: u32): u32 {
  if (kind == PROTOCOL_AH) l4 += 4;
  else if (!hasPorts(kind)) return 0;
  return l4 + 4 > len ? 0 : ports(data + l4);
}

function hasPorts(kind: u32): bool {
  if (kind == PROTOCOL_TCP || kind == PROTOCOL_UDP || kind == PROTOCOL_DCCP || kind == PROTOCOL_ESP) return true;
  return kind == PROTOCOL_SCTP || kind == PROTOCOL_UDPLITE;
}

/** Echo and timestamp of ICMP, echo of ICMPv6; the kernel asks for all of them in either. */
function icmpHasId(type: u32): bool {
  if (type == 0 || type == 8 || type == 13 || type == 14) return true;
  return type == 128 || type == 129;
}

/** Type and code, and the identifier as a number: one of 0 counts as 1, since 0 would mean that there is none. */
function icmpKey(icmp: usize): u32 {
  const id = load16be(icmp + 4);
  return (load<u16>(icmp) as u32) | ((id == 0 ? 1 : id) << 16);
}

function icmpIsError(kind: u32, type: u32): bool {
  if (kind == PROTOCOL_ICMPV6) return type - 1 < 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}
