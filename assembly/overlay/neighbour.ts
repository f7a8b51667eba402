// Address resolution is the overlay's own: ARP (RFC 826) and neighbour solicitations and advertisements (RFC 4861 sections 4.3 and 4.4)
// are for the control plane, which answers from the directory.
import { FLAG_ARP, FLAG_ICMPV6 } from "../layout";
import { Mbuf } from "../mbuf/mbuf";

const NEIGHBOUR_SOLICITATION: u32 = 135;
const NEIGHBOUR_ADVERTISEMENT: u32 = 136;

export function isNeighbourTalk(mbuf: Mbuf): bool {
  const flags = mbuf.flags & (FLAG_ARP | FLAG_ICMPV6);
  if (flags == 0) return false;
  if ((flags & FLAG_ARP) != 0) return true;
  if (mbuf.payload == 0) return false;
  const type = load<u8>((mbuf.data + mbuf.l4) as usize) as u32;
  return type == NEIGHBOUR_SOLICITATION || type == NEIGHBOUR_ADVERTISEMENT;
}
