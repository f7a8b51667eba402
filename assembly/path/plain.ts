// What a frame looks like that nearly every frame is: TCP or UDP in whole IPv4 datagrams without options, no VLAN tag. parse leaves
// flags, l3 and l4 beside each other in the mbuf, so one word says it.
import { FLAG_IPV4, FLAG_TCP, FLAG_UDP, MBUF_FLAGS } from "../layout";
import { ETHERNET_BYTES } from "../wire/ethernet";
import { IPV4_BYTES } from "../wire/ipv4";

/** Offset of the transport header. */
export const PLAIN_L4: u32 = ETHERNET_BYTES + IPV4_BYTES;

const OFFSETS: u64 = ((PLAIN_L4 as u64) << 48) | ((ETHERNET_BYTES as u64) << 32);
/** The word at MBUF_FLAGS: flags, l3 and l4. */
export const PLAIN_UDP: u64 = OFFSETS | ((FLAG_IPV4 | FLAG_UDP) as u64);
export const PLAIN_TCP: u64 = OFFSETS | ((FLAG_IPV4 | FLAG_TCP) as u64);

/** A class because asc inlines on demand only decorated methods. */
export class Plain {
  /** 0 for a plain frame. UDP's flag is twice TCP's, so what is left of their difference is 0 for TCP and TCP's flag for UDP. */
  @inline
  static differs(m: usize): u64 {
    return (load<u64>(m, MBUF_FLAGS) - PLAIN_TCP) & ~(FLAG_TCP as u64);
  }
}
