/**
 * What an underlay reads of a frame to know whom it is for: Ethernet addresses (IEEE 802.3), VLAN tags (802.1Q) and the destination of
 * IPv4 (RFC 791) or IPv6 (RFC 8200). Addresses are keys of maps here: numbers, or text for the 16 bytes of IPv6.
 */

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_SERVICE_VLAN = 0x88a8;

/** An IP address as a map's key. */
export type IpKey = number | string;

/** The key of an address of 4 or 16 bytes at an offset. */
export function ipKey(bytes: Uint8Array, at: number, length: number): IpKey {
  if (length === 4) return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
  let text = "";
  for (let i = 0; i < 16; i += 2) text += String.fromCharCode(u16(bytes, at + i));
  return text;
}

/** The key of a MAC address at an offset. */
export function macKey(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) * 0x10000 + u16(bytes, at + 2)) * 0x10000 + u16(bytes, at + 4);
}

/** Bytes before the Ethernet payload: 14, and 4 for each VLAN tag. */
export function headerBytes(frame: Uint8Array): number {
  let at = 12;
  while (isTag(u16(frame, at))) at += 4;
  return at + 2;
}

/** The destination of the frame's outermost IP header; undefined where there is none. */
export function ipDestination(frame: Uint8Array): IpKey | undefined {
  const at = headerBytes(frame);
  const ethertype = u16(frame, at - 2);
  if (ethertype === ETHERTYPE_IPV4 && frame.length >= at + 20) return ipKey(frame, at + 16, 4);
  if (ethertype === ETHERTYPE_IPV6 && frame.length >= at + 40) return ipKey(frame, at + 24, 16);
  return undefined;
}

/** For a group: multicast or broadcast. */
export function isGroup(frame: Uint8Array): boolean {
  return ((frame[0] ?? 0) & 1) === 1;
}

/** An address that bridges do not forward (IEEE 802.1Q, 8.6.3): LACP, LLDP. */
export function isLinkLocal(frame: Uint8Array): boolean {
  const key = macKey(frame, 0);
  return key >= 0x0180c2000000 && key <= 0x0180c200000f;
}

/** A number that is the same for frames of one outer flow: IP addresses and what lies in the ports' place, or the MAC addresses. */
export function outerFlow(frame: Uint8Array): number {
  const at = headerBytes(frame);
  const ethertype = u16(frame, at - 2);
  if (ethertype === ETHERTYPE_IPV4) return sumOf(frame, at + 12, at + 24);
  if (ethertype === ETHERTYPE_IPV6) return sumOf(frame, at + 8, at + 44);
  return sumOf(frame, 0, 12);
}

/** FNV-1a (draft-eastlake-fnv) of a part of the frame, folded, so that its lowest bits are good. */
function sumOf(frame: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (frame[i] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function isTag(ethertype: number): boolean {
  return ethertype === ETHERTYPE_VLAN || ethertype === ETHERTYPE_SERVICE_VLAN;
}

/** Network byte order; what is beyond the end counts as 0. */
function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
