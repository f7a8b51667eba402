// Ethernet II and VLAN tags (IEEE 802.3 clause 3, IEEE 802.1Q clause 9). Offsets from the frame's first byte.
//
//   0        6        12     14
//   │ dst    │ src    │ type │ …        with a tag: │ 0x8100 or 0x88a8 │ tci │ type │ …
import { load16be } from "../be";

export const ETHERNET_BYTES: u32 = 14;
export const VLAN_BYTES: u32 = 4;
/** The VLAN in a tag's control field; above it priority and drop eligibility. */
export const VLAN_ID_MASK: u32 = 0xfff;
export const ETHERNET_DST: usize = 0;
export const ETHERNET_SRC: usize = 6;
export const ETHERNET_TYPE: usize = 12;

export const ETHERTYPE_IPV4: u32 = 0x0800;
export const ETHERTYPE_ARP: u32 = 0x0806;
export const ETHERTYPE_VLAN: u32 = 0x8100;
export const ETHERTYPE_QINQ: u32 = 0x88a8;
/** The service tag of equipment older than 802.1ad. */
export const ETHERTYPE_QINQ_OLD: u32 = 0x9100;
export const ETHERTYPE_IPV6: u32 = 0x86dd;

/** A type field at ptr: the EtherType of a frame, or of what a tag carries. */
export function etherType(ptr: usize): u32 {
  return load16be(ptr);
}

export function isVlanType(type: u32): bool {
  return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

export function isMulticastAddress(mac: usize): bool {
  return (load<u8>(mac) & 1) != 0;
}

export function isBroadcastAddress(mac: usize): bool {
  return load<u32>(mac) == 0xffffffff && load<u16>(mac, 4) == 0xffff;
}
