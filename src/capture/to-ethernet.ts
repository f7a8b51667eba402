/**
 * Ethernet II frames out of packets of other link types, so that the engine, which speaks Ethernet, can take any
 * capture. What the capture lacks is made up and recognizable: destination 02:00:00:00:00:02 and, unless the capture
 * knows it, source 02:00:00:00:00:01 (locally administered addresses, which no vendor assigns).
 */
import * as link from "./linktype.js";

const ETHERNET_HEADER_BYTES = 14;
const SLL_HEADER_BYTES = 16;
const SLL2_HEADER_BYTES = 20;
const NULL_HEADER_BYTES = 4;
const MAC_BYTES = 6;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** Smaller values in a type field are lengths, or Linux's marks for frames that are not Ethernet II. */
const MIN_ETHERTYPE = 0x0600;

/** ARPHRD_ values under which a cooked capture's protocol field is no EtherType: FRAD, radiotap, netlink. */
const ARPHRD_WITHOUT_ETHERTYPE: ReadonlySet<number> = new Set([770, 803, 824]);

const AF_INET = 2;
/** AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, and Darwin. */
const AF_INET6: ReadonlySet<number> = new Set([10, 24, 28, 30]);

interface LinkPacket {
  readonly linkType: number;
  readonly data: Uint8Array;
  /** Length on the wire in bytes. */
  readonly originalLength: number;
}

interface EthernetFrame {
  readonly data: Uint8Array;
  /** Length on the wire in bytes, with the Ethernet header instead of the packet's own. */
  readonly originalLength: number;
}

/**
 * The packet as an Ethernet II frame without FCS: an Ethernet packet's own bytes (the same view), a new array for NULL,
 * LOOP, RAW, IPV4, IPV6, LINUX_SLL and LINUX_SLL2. Undefined for other link types, and where a link header that
 * has to be replaced is cut, or names a protocol that has no EtherType.
 */
export function toEthernet(packet: LinkPacket): EthernetFrame | undefined {
  const { data } = packet;
  switch (packet.linkType) {
    case link.LINKTYPE_ETHERNET:
      return { data, originalLength: packet.originalLength };
    case link.LINKTYPE_NULL:
    case link.LINKTYPE_LOOP:
      return frame(packet, NULL_HEADER_BYTES, etherTypeOfFamily(data), undefined);
    case link.LINKTYPE_RAW:
    case link.DLT_RAW:
    case link.DLT_RAW_OPENBSD:
    case link.LINKTYPE_IPV4:
    case link.LINKTYPE_IPV6:
      return frame(packet, 0, etherTypeOfVersion(data), undefined);
    case link.LINKTYPE_LINUX_SLL:
      if (data.length < SLL_HEADER_BYTES || ARPHRD_WITHOUT_ETHERTYPE.has(u16(data, 2))) return undefined;
      return frame(packet, SLL_HEADER_BYTES, u16(data, 14), u16(data, 4) === MAC_BYTES ? 6 : undefined);
    case link.LINKTYPE_LINUX_SLL2:
      if (data.length < SLL2_HEADER_BYTES || ARPHRD_WITHOUT_ETHERTYPE.has(u16(data, 8))) return undefined;
      return frame(packet, SLL2_HEADER_BYTES, u16(data, 0), data[11] === MAC_BYTES ? 12 : undefined);
    default:
      return undefined;
  }
}

/** Puts an Ethernet header before the bytes after the link header; `sourceAt` is where that has a source address. */
function frame(
  packet: LinkPacket,
  headerBytes: number,
  etherType: number | undefined,
  sourceAt: number | undefined,
): EthernetFrame | undefined {
  if (etherType === undefined || etherType < MIN_ETHERTYPE) return undefined;
  const payload = packet.data.subarray(headerBytes);
  const data = new Uint8Array(ETHERNET_HEADER_BYTES + payload.length);
  data.set([0x02, 0, 0, 0, 0, 0x02]);
  data.set(sourceAt === undefined ? [0x02, 0, 0, 0, 0, 0x01] : packet.data.subarray(sourceAt, sourceAt + MAC_BYTES), 6);
  data[12] = etherType >>> 8;
  data[13] = etherType & 0xff;
  data.set(payload, ETHERNET_HEADER_BYTES);
  return { data, originalLength: packet.originalLength - headerBytes + ETHERNET_HEADER_BYTES };
}

/** The family is in the byte order of a host unknown; families are small, so its two zero bytes tell. */
function etherTypeOfFamily(data: Uint8Array): number | undefined {
  if (data.length < NULL_HEADER_BYTES) return undefined;
  const high = u16(data, 0);
  const family = high === 0 ? u16(data, 2) : u16(data, 2) === 0 ? ((high & 0xff) << 8) | (high >>> 8) : -1;
  if (family === AF_INET) return ETHERTYPE_IPV4;
  return AF_INET6.has(family) ? ETHERTYPE_IPV6 : undefined;
}

function etherTypeOfVersion(data: Uint8Array): number | undefined {
  const version = (data[0] ?? 0) >>> 4;
  if (version === 4) return ETHERTYPE_IPV4;
  return version === 6 ? ETHERTYPE_IPV6 : undefined;
}

/** Big-endian; the caller has checked the length. */
function u16(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
}
