/**
 * Link types: what the first bytes of a packet are. Values and names are the LINKTYPE_ registry's
 * (draft-ietf-opsawg-pcaplinktype; https://www.tcpdump.org/linktypes.html).
 */

/** BSD loopback: an address family of 4 bytes in the byte order of the host that captured. */
export const LINKTYPE_NULL = 0;
export const LINKTYPE_ETHERNET = 1;
/** IP without a link header, as OpenBSD's (14) and everybody else's (12) old files number it. */
export const DLT_RAW = 12;
export const DLT_RAW_OPENBSD = 14;
/** IP without a link header; the version nibble tells which. */
export const LINKTYPE_RAW = 101;
/** OpenBSD loopback: like NULL, but in network byte order. */
export const LINKTYPE_LOOP = 108;
/** Linux "cooked" capture, 16-byte header: what the "any" device gives. */
export const LINKTYPE_LINUX_SLL = 113;
/** Endace's extensible record format; erf.ts. */
export const LINKTYPE_ERF = 197;
export const LINKTYPE_IPV4 = 228;
export const LINKTYPE_IPV6 = 229;
export const LINKTYPE_INFINIBAND = 247;
/** Linux "cooked" capture version 2, 20-byte header. */
export const LINKTYPE_LINUX_SLL2 = 276;

const NAMES: ReadonlyMap<number, string> = new Map([
  [LINKTYPE_NULL, "NULL"],
  [LINKTYPE_ETHERNET, "ETHERNET"],
  [6, "IEEE802_5"],
  [9, "PPP"],
  [10, "FDDI"],
  [DLT_RAW, "RAW"],
  [DLT_RAW_OPENBSD, "RAW"],
  [50, "PPP_HDLC"],
  [51, "PPP_ETHER"],
  [LINKTYPE_RAW, "RAW"],
  [104, "C_HDLC"],
  [105, "IEEE802_11"],
  [107, "FRELAY"],
  [LINKTYPE_LOOP, "LOOP"],
  [LINKTYPE_LINUX_SLL, "LINUX_SLL"],
  [117, "PFLOG"],
  [119, "IEEE802_11_PRISM"],
  [127, "IEEE802_11_RADIOTAP"],
  [147, "USER0"],
  [187, "BLUETOOTH_HCI_H4"],
  [189, "USB_LINUX"],
  [192, "PPI"],
  [195, "IEEE802_15_4_WITHFCS"],
  [LINKTYPE_ERF, "ERF"],
  [220, "USB_LINUX_MMAPPED"],
  [227, "CAN_SOCKETCAN"],
  [LINKTYPE_IPV4, "IPV4"],
  [LINKTYPE_IPV6, "IPV6"],
  [239, "NFLOG"],
  [LINKTYPE_INFINIBAND, "INFINIBAND"],
  [249, "USBPCAP"],
  [253, "NETLINK"],
  [LINKTYPE_LINUX_SLL2, "LINUX_SLL2"],
]);

/** The registry's name, such as "ETHERNET"; "LINKTYPE 4711" for a value without a name here. */
export function linkTypeName(linkType: number): string {
  return NAMES.get(linkType) ?? `LINKTYPE ${linkType}`;
}
