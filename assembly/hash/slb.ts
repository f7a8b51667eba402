// The hash by which Open vSwitch balances bonds of mode balance-slb: of source MAC, VLAN and a basis (lib/packets.h: hash_mac; lib/hash.h:
// hash_uint64_basis in the build without CRC32 instructions, as Debian's is; ofproto/bond.c). It is MurmurHash3_x86_32 over two
// words: │ VLAN id 16 │ MAC 48 │, the lower one first. Its lower 8 bits are the bucket.
//
// The VLAN is that of the tag, by its 12-bit id; 0 is no tag, a priority tag, or a tag that Open vSwitch does not know (0x9100).
import { HASH_F_INNER } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES, ETHERNET_SRC, VLAN_ID_MASK } from "../wire/ethernet";
import { HashConfig, NO_TAG } from "./config";
import { look } from "./inner";
import { NOT_PLAIN } from "./plain";

/** The hashes of the untagged frames among n; true when others are left, as NOT_PLAIN. */
export function slbBurst(config: HashConfig, list: usize, out: usize, n: u32): bool {
  const basis = config.basis;
  const untagged = (config.flags & HASH_F_INNER) != 0 ? NOT_PLAIN : ETHERNET_BYTES;
  const end = list + ((n as usize) << 2);
  const toOut = out - list;
  let isLeft = false;
  for (let at = list; at < end; at += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
    let hash = NOT_PLAIN;
    if ((mbuf.l3 as u32) == untagged) hash = Slb.hash(mbuf.data as usize, 0, basis);
    store<u32>(at + toOut, hash);
    if (hash == NOT_PLAIN) isLeft = true;
  }
  return isLeft;
}

/** The hash of any frame. */
export function slbOf(config: HashConfig, m: usize): u32 {
  if (!look(config, m)) return 0;
  const vlan = config.tag == NO_TAG ? 0 : config.tag & VLAN_ID_MASK;
  return Slb.hash(config.ethernet as usize, vlan, config.basis);
}

/** A class because asc inlines on demand only decorated methods. */
class Slb {
  @inline
  static hash(ethernet: usize, vlan: u32, basis: u32): u32 {
    // Two bytes of the destination stand in front of the source's six.
    const mac = bswap<u64>(load<u64>(ethernet, ETHERNET_SRC - 2)) & 0xffffffffffff;
    let hash = Slb.add(basis, mac as u32);
    hash = Slb.add(hash, ((mac >> 32) as u32) | (vlan << 16)) ^ 8;
    hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
    hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
    return hash ^ (hash >> 16);
  }

  @inline
  static add(hash: u32, word: u32): u32 {
    return rotl<u32>(hash ^ (rotl<u32>(word * 0xcc9e2d51, 15) * 0x1b873593), 13) * 5 + 0xe6546b64;
  }
}
