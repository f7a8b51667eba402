// The hash modes of AIX's EtherChannel in standard and 802.3ad mode (IBM, AIX documentation, "EtherChannel load-balancing options" and
// "Standard or 802.3ad algorithm"): a numerical value, of which the last byte is divided by the number of adapters.
//
//   default       the destination IP address; the destination MAC address for ARP and all else that is no IP
//   src_dst_port  source and destination port of TCP or UDP added and halved; src_port, dst_port: one of them
//                 what is no TCP or UDP falls back to default
//
// The hash is that last byte. What IBM leaves open, and is decided here: IPv6 is IP, by its last byte, too; a fragment has no ports, the first
// one neither, so that a datagram goes one way; one VLAN tag is looked behind.
import { load16be } from "../be";
import { HASH_AIX_DEFAULT, HASH_AIX_DST_PORT, HASH_AIX_PORTS, HASH_F_INNER } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERTYPE_IPV4 } from "../wire/ethernet";
import { IPV4_DST } from "../wire/ipv4";
import { IPV6_DST } from "../wire/ipv6";
import { ports } from "../wire/transport";
import { HashConfig } from "./config";
import { findTransport, hasTransportPorts } from "./headers";
import { look } from "./inner";
import { NOT_PLAIN, PlainFlow } from "./plain";

/** The hashes in default mode of the plain IPv4 frames among n; true when others are left, as NOT_PLAIN. */
export function aixDefaultBurst(config: HashConfig, list: usize, out: usize, n: u32): bool {
  const isInner = (config.flags & HASH_F_INNER) != 0;
  const end = list + ((n as usize) << 2);
  const toOut = out - list;
  let isLeft = false;
  for (let at = list; at < end; at += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
    let hash = NOT_PLAIN;
    if (PlainFlow.isIpv4(mbuf)) hash = load<u8>((mbuf.data + mbuf.l3) as usize, IPV4_DST + 3) as u32;
    if (isInner && PlainFlow.mayHoldFrame(ports((mbuf.data + mbuf.l4) as usize))) hash = NOT_PLAIN;
    store<u32>(at + toOut, hash);
    if (hash == NOT_PLAIN) isLeft = true;
  }
  return isLeft;
}

/** The hashes in the modes by port, likewise, and of plain IPv6 frames. */
export function aixPortsBurst(config: HashConfig, list: usize, out: usize, n: u32): bool {
  // How often each port counts, and by how much the sum is shifted: no mode has to be asked for in the loop.
  const kind = config.kind;
  const source: u32 = kind == HASH_AIX_DST_PORT ? 0 : 1;
  const destination: u32 = kind == HASH_AIX_DST_PORT || kind == HASH_AIX_PORTS ? 1 : 0;
  const half = source & destination;
  const isInner = (config.flags & HASH_F_INNER) != 0;
  const end = list + ((n as usize) << 2);
  const toOut = out - list;
  let isLeft = false;
  for (let at = list; at < end; at += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
    const l4 = (mbuf.data + mbuf.l4) as usize;
    let hash = NOT_PLAIN;
    if (PlainFlow.isIpv4(mbuf) || PlainFlow.isIpv6(mbuf)) {
      hash = ((load16be(l4) * source + load16be(l4 + 2) * destination) >> half) & 0xff;
    }
    if (isInner && PlainFlow.mayHoldFrame(ports(l4))) hash = NOT_PLAIN;
    store<u32>(at + toOut, hash);
    if (hash == NOT_PLAIN) isLeft = true;
  }
  return isLeft;
}

/** The hash of any frame. */
export function aixOf(config: HashConfig, m: usize): u32 {
  if (!look(config, m)) return 0;
  if (!findTransport(config)) return load<u8>(config.ethernet as usize, 5) as u32;
  const kind = config.kind;
  if (kind != HASH_AIX_DEFAULT && hasTransportPorts(config)) {
    const source = load16be(config.transport as usize);
    const destination = load16be((config.transport as usize) + 2);
    if (kind == HASH_AIX_PORTS) return ((source + destination) >> 1) & 0xff;
    return (kind == HASH_AIX_DST_PORT ? destination : source) & 0xff;
  }
  const ip = config.network as usize;
  if (config.type == ETHERTYPE_IPV4) return load<u8>(ip, IPV4_DST + 3) as u32;
  return load<u8>(ip, IPV6_DST + 15) as u32;
}
