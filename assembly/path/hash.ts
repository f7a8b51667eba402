// The flow hash: the same number for every frame of a flow, from what parse found. It feeds the outer source port, by
// which routers spread tunnels over equal paths (RFC 7348 section 4.1, RFC 6335 for the port range).
//
// It is the upper half of MurmurHash3_x64_128's h1 (hash/murmur.ts), seed 0, of the flow's key, zero padded:
//
//   IPv4    16 bytes   │ source 4 │ destination 4 │ ports 4 │ protocol 1 │ 0 │
//   IPv6    48 bytes   │ source 16 │ destination 16 │ ports 4 │ protocol 1 │ 0 │
//   others  16 bytes   │ MAC destination 6 │ MAC source 6 │ EtherType 2 │ 0 │
//
// all as they stand in the frame. Ports are there for whole TCP and UDP only: later fragments have none, and all of a datagram
// must stay on one path. The protocol of IPv6 is 6 or 17 with ports and 0 without.
import { Murmur } from "../hash/murmur";
import { FLAG_FRAGMENT, FLAG_IPV4, FLAG_IPV6, FLAG_TCP, FLAG_UDP } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES, ETHERNET_DST, ETHERNET_TYPE } from "../wire/ethernet";
import { IPV4_PROTOCOL, IPV4_SRC } from "../wire/ipv4";
import { IPV6_SRC } from "../wire/ipv6";
import { PROTOCOL_TCP, PROTOCOL_UDP, ports } from "../wire/transport";
import { PLAIN_L4, Plain } from "./plain";

/** The 32-bit flow hash of a parsed frame; also kept in the mbuf. */
export function flowHash(m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  // A frame that parse refused can look plain, but has no payload, and its ports need not be here.
  const isPlain = Plain.differs(m) == 0 && mbuf.payload != 0;
  const hash = isPlain ? FlowHash.ofPlain(mbuf.data as usize) : ((keyHash(mbuf) >> 32) as u32);
  mbuf.hash = hash;
  return hash;
}

/** A class because asc inlines on demand only decorated methods, and a call makes V8 spill what the loop holds. */
export class FlowHash {
  /** The hash of a plain frame that begins at data. */
  @inline
  static ofPlain(data: usize): u32 {
    const protocol = load<u8>(data, (ETHERNET_BYTES as usize) + IPV4_PROTOCOL) as u64;
    const rest = (load<u32>(data, PLAIN_L4 as usize) as u64) | (protocol << 32);
    return (Murmur.ofWords(load<u64>(data, (ETHERNET_BYTES as usize) + IPV4_SRC), rest, 0) >> 32) as u32;
  }
}

function keyHash(mbuf: Mbuf): u64 {
  const data = mbuf.data as usize;
  const flags = mbuf.flags;
  // A header that parse found but that is not whole here (l4 unset) has no addresses to read.
  if (mbuf.l4 == 0 || (flags & (FLAG_IPV4 | FLAG_IPV6)) == 0) {
    if (mbuf.len < ETHERNET_BYTES) return 0;
    const rest = (load<u32>(data, 8) as u64) | ((load<u16>(data, ETHERNET_TYPE) as u64) << 32);
    return Murmur.ofWords(load<u64>(data, ETHERNET_DST), rest, 0);
  }
  const ip = data + mbuf.l3;
  const transport = flags & (FLAG_TCP | FLAG_UDP | FLAG_FRAGMENT);
  const hasPorts = (transport == FLAG_TCP || transport == FLAG_UDP) && mbuf.payload != 0;
  let rest: u64 = hasPorts ? (ports(data + mbuf.l4) as u64) : 0;
  if ((flags & FLAG_IPV4) != 0) {
    rest |= (load<u8>(ip, IPV4_PROTOCOL) as u64) << 32;
    return Murmur.ofWords(load<u64>(ip, IPV4_SRC), rest, 0);
  }
  if (hasPorts) rest |= ((transport == FLAG_TCP ? PROTOCOL_TCP : PROTOCOL_UDP) as u64) << 32;
  return Murmur.ofParts(ip + IPV6_SRC, rest, 0, 0);
}
