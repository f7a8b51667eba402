// The flow hash: the same number for every frame of a flow, from what parse found. It feeds the outer source port, by
// which routers spread tunnels over equal paths (RFC 7348 section 4.1, RFC 6335 for the port range).
//
// Addresses and ports are two words: one is multiplied by an odd constant (2^64 over the golden ratio), the other turned by
// half, and what they come to goes through MurmurHash3's 64-bit finalizer (fmix64, A. Appleby, public domain). Fragments
// hash without ports, since later ones have none and all of a datagram must stay on one path. A frame that is not IP
// hashes by its MAC addresses and EtherType.
import { mix } from "../hash/murmur";
import { FLAG_FRAGMENT, FLAG_IPV4, FLAG_IPV6, FLAG_TCP, FLAG_UDP } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES, ETHERNET_DST, ETHERNET_TYPE } from "../wire/ethernet";
import { IPV4_PROTOCOL, IPV4_SRC } from "../wire/ipv4";
import { IPV6_SRC } from "../wire/ipv6";
import { ports } from "../wire/transport";

/** The 32-bit flow hash of a parsed frame; also kept in the mbuf. */
export function flowHash(m: usize): u32 {
  return FlowHash.of(m);
}

/** A class because asc inlines on demand only decorated methods, and a call makes V8 spill what the loop holds. */
export class FlowHash {
  /** The fast path: TCP or UDP in whole IPv4 datagrams. */
  @inline
  static of(m: usize): u32 {
    const mbuf = changetype<Mbuf>(m);
    const kind = mbuf.flags & (FLAG_IPV4 | FLAG_TCP | FLAG_UDP | FLAG_FRAGMENT);
    // One test for both: UDP's flag is twice TCP's, so what is left is 0 for TCP and TCP's flag for UDP.
    if (((kind - (FLAG_IPV4 | FLAG_TCP)) & ~FLAG_TCP) != 0) return hashAny(mbuf);
    if (mbuf.payload == 0) return hashAny(mbuf);
    const ip = (mbuf.data + mbuf.l3) as usize;
    const words = portWord(mbuf) ^ (load<u8>(ip, IPV4_PROTOCOL) as u64);
    const hash = combine(load<u64>(ip, IPV4_SRC), words);
    mbuf.hash = hash;
    return hash;
  }
}

function hashAny(mbuf: Mbuf): u32 {
  const data = mbuf.data as usize;
  const flags = mbuf.flags;
  const ip = data + mbuf.l3;
  let seed: u64 = 0;
  let addresses: u64 = 0;
  // A header that parse found but that is not whole here (l4 unset) has no addresses to read.
  if (mbuf.l4 == 0 || (flags & (FLAG_IPV4 | FLAG_IPV6)) == 0) {
    if (mbuf.len >= ETHERNET_BYTES) {
      seed = load<u16>(data, ETHERNET_TYPE) as u64;
      addresses = load<u64>(data, ETHERNET_DST) ^ ((load<u32>(data, 8) as u64) << 32);
    }
  } else if ((flags & FLAG_IPV4) != 0) {
    seed = load<u8>(ip, IPV4_PROTOCOL) as u64;
    addresses = load<u64>(ip, IPV4_SRC);
  } else {
    seed = mix(load<u64>(ip, IPV6_SRC) ^ mix(load<u64>(ip, IPV6_SRC + 8)));
    addresses = mix(load<u64>(ip, IPV6_SRC + 16)) ^ load<u64>(ip, IPV6_SRC + 24);
  }
  const transport = flags & (FLAG_TCP | FLAG_UDP | FLAG_FRAGMENT);
  if ((transport == FLAG_TCP || transport == FLAG_UDP) && mbuf.payload != 0) seed ^= portWord(mbuf);
  const hash = combine(addresses, seed);
  mbuf.hash = hash;
  return hash;
}

/** Both ports and which protocol they are of, TCP or UDP. */
function portWord(mbuf: Mbuf): u64 {
  return ((ports((mbuf.data + mbuf.l4) as usize) as u64) << 32) | (mbuf.flags & (FLAG_TCP | FLAG_UDP));
}

function combine(addresses: u64, seed: u64): u32 {
  return (mix((addresses * 0x9e3779b97f4a7c15) ^ rotl<u64>(seed, 32)) >> 32) as u32;
}
