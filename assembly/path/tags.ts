// VLAN tags of a frame that goes into a tunnel. RFC 7348 section 6.1, and RFC 7637 section 3.2 for NVGRE: the frame inside has none,
// unless both ends are told otherwise. A tag is taken out by moving the two MAC addresses up to what follows it.
import { FLAG_QINQ, FLAG_VLAN } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES, etherType, isVlanType } from "../wire/ethernet";

/** What tagBytes gives for a frame with a tag that cannot be taken out. */
export const TAGS_STUCK: u32 = 0xffffffff;

/** Bytes of the tags that parse found; TAGS_STUCK when there is a third one, or one that a capture has cut. */
export function tagBytes(mbuf: Mbuf): u32 {
  const l3 = mbuf.l3 as u32;
  if (l3 == ETHERNET_BYTES) return 0;
  // Parse stopped inside the Ethernet header, which may hide a tag, or inside a tag.
  if (l3 == 0) return mbuf.len < ETHERNET_BYTES ? 0 : TAGS_STUCK;
  return isVlanType(etherType((mbuf.data + l3 - 2) as usize)) ? TAGS_STUCK : l3 - ETHERNET_BYTES;
}

/** Takes the tags out of a parsed frame, bytes long together; flags and offsets are then those of the frame without them. */
export function removeTags(mbuf: Mbuf, bytes: u32): void {
  const data = mbuf.data as usize;
  const first = load<u64>(data);
  const last = load<u32>(data, 8);
  store<u64>(data + bytes, first);
  store<u32>(data + bytes, last, 8);
  mbuf.data += bytes;
  mbuf.len -= bytes;
  mbuf.pktLen -= bytes;
  mbuf.wireLen -= bytes;
  mbuf.flags &= ~(FLAG_VLAN | FLAG_QINQ);
  mbuf.l3 = ETHERNET_BYTES as u16;
  if (mbuf.l4 != 0) mbuf.l4 -= bytes as u16;
  if (mbuf.payload != 0) mbuf.payload -= bytes as u16;
}
