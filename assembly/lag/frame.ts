// What a group asks of a parsed frame: which network is it in, is it for one station or for many, is it for the port itself?
import { load16be } from "../be";
import { DROP_ETHERNET_TRUNCATED, FLAG_BROADCAST, FLAG_MULTICAST, FLAG_VLAN, OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { parse } from "../path/parse";
import { ETHERNET_BYTES, VLAN_ID_MASK } from "../wire/ethernet";

/** 01-80-C2-00-00-00 to 0F (IEEE 802.1Q-2018 table 8-1), as a little-endian number of six bytes. */
const RESERVED: u64 = 0x0000_00c2_8001;
const RESERVED_MASK: u64 = 0xf0ff_ffff_ffff;

/** A class because asc inlines on demand only decorated methods. */
export class FrameKind {
  /** The VLAN of the frame's first tag, whose priority does not count; 0 without one. */
  @inline
  static net(mbuf: Mbuf): u32 {
    return (mbuf.flags & FLAG_VLAN) == 0 ? 0 : load16be((mbuf.data + ETHERNET_BYTES) as usize) & VLAN_ID_MASK;
  }

  /** True for broadcast and multicast. */
  @inline
  static isFlood(mbuf: Mbuf): bool {
    return (mbuf.flags & (FLAG_BROADCAST | FLAG_MULTICAST)) != 0;
  }

  /** True for an address that no bridge forwards: the link's own protocols. */
  @inline
  static isReserved(mbuf: Mbuf): bool {
    return (load<u64>(mbuf.data as usize) & RESERVED_MASK) == RESERVED;
  }

  /** Parses a frame. One that a capture cut inside its Ethernet header or tags is no fault elsewhere; here it is nobody's. */
  @inline
  static parse(m: usize): u32 {
    const cause = parse(m);
    return cause == OK && changetype<Mbuf>(m).l3 == 0 ? DROP_ETHERNET_TRUNCATED : cause;
  }
}
