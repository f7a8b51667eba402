/** Names of the counters and drop causes: the data plane counts by number, people read these. */
import * as layout from "../assembly/layout.js";
import type { Arena } from "./memory.js";

/** Why a frame was dropped: name (stable, for programs) and text (for people), by the code in assembly/layout.ts. */
const CAUSES: readonly (readonly [code: number, name: string, text: string])[] = [
  [layout.DROP_ETHERNET_TRUNCATED, "ethernet-truncated", "shorter than an Ethernet header"],
  [layout.DROP_VLAN_TRUNCATED, "vlan-truncated", "ends inside a VLAN tag"],
  [layout.DROP_ARP_TRUNCATED, "arp-truncated", "ends inside an ARP message"],
  [layout.DROP_IPV4_TRUNCATED, "ipv4-truncated", "ends inside the IPv4 header"],
  [layout.DROP_IPV4_VERSION, "ipv4-version", "EtherType says IPv4, the header another version"],
  [layout.DROP_IPV4_HEADER_LENGTH, "ipv4-header-length", "IPv4 header length under 20 bytes"],
  [layout.DROP_IPV4_TOTAL_LENGTH, "ipv4-total-length", "IPv4 total length below the header's or beyond the frame"],
  [layout.DROP_IPV6_TRUNCATED, "ipv6-truncated", "ends inside an IPv6 header"],
  [layout.DROP_IPV6_VERSION, "ipv6-version", "EtherType says IPv6, the header another version"],
  [layout.DROP_IPV6_PAYLOAD_LENGTH, "ipv6-payload-length", "IPv6 payload length beyond the frame"],
  [layout.DROP_IPV6_EXTENSION, "ipv6-extension", "an IPv6 extension header beyond the payload, or over 8 of them"],
  [layout.DROP_TCP_TRUNCATED, "tcp-truncated", "ends inside the TCP header"],
  [layout.DROP_TCP_DATA_OFFSET, "tcp-data-offset", "TCP data offset under 20 bytes or beyond the segment"],
  [layout.DROP_UDP_TRUNCATED, "udp-truncated", "ends inside the UDP header"],
  [layout.DROP_UDP_LENGTH, "udp-length", "UDP length under 8 bytes or beyond the datagram"],
  [layout.DROP_ICMP_TRUNCATED, "icmp-truncated", "ends inside the ICMP header"],
  [layout.DROP_NO_HEADROOM, "no-headroom", "the outer headers do not fit in front"],
  [layout.DROP_TOO_LONG, "too-long", "too long for an outer IP datagram of 65535 bytes"],
  [layout.DROP_NEEDS_SCATTER_GATHER, "needs-scatter-gather", "longer than a buffer, and the port takes one span only"],
  [layout.DROP_NOT_VXLAN, "not-vxlan", "no UDP datagram to the VXLAN port"],
  [layout.DROP_VXLAN_TRUNCATED, "vxlan-truncated", "ends inside the VXLAN header"],
  [layout.DROP_VXLAN_NO_VNI_FLAG, "vxlan-no-vni-flag", "VXLAN header without the I flag"],
  [layout.DROP_OUTER_FRAGMENT, "outer-fragment", "a fragment of an outer datagram"],
  [layout.DROP_OUTER_IPV4_CHECKSUM, "outer-ipv4-checksum", "wrong checksum in the outer IPv4 header"],
  [layout.DROP_OUTER_UDP_CHECKSUM, "outer-udp-checksum", "wrong outer UDP checksum"],
  [layout.DROP_UNKNOWN_VNI, "unknown-vni", "no tunnel here for this VNI"],
  [layout.DROP_UNKNOWN_TUNNEL_ADDRESS, "unknown-tunnel-address", "a known VNI between other tunnel addresses"],
  [layout.DROP_HEADERS_SPLIT, "headers-split", "the headers do not lie in the frame's first buffer"],
  [layout.DROP_TOO_MANY_SEGMENTS, "too-many-segments", "in more buffers than the transmit queue has descriptors"],
  [layout.DROP_FRAME_TOO_LONG, "frame-too-long", "longer than the longest chain of buffers"],
  [layout.DROP_QUEUE_FULL, "queue-full", "the receiver does not take its frames"],
  [
    layout.DROP_UNKNOWN_PARTITION,
    "unknown-partition",
    "no partition of the group has this address or sends on this port",
  ],
  [layout.DROP_NO_LIVE_PORT, "no-live-port", "no port of the partition's set is usable"],
  [layout.DROP_OUTSIDE_PORT_SET, "outside-port-set", "came by a port that is not in its partition's set"],
  [
    layout.DROP_FLOOD_ELSEWHERE,
    "flood-elsewhere",
    "a copy of a broadcast that no partition takes: theirs come by other ports, or it is their own",
  ],
  [layout.DROP_RESERVED_ADDRESS, "reserved-address", "to an address that no bridge forwards (01-80-C2-00-00-00 to 0F)"],
  [layout.DROP_CONTROL_BACKLOG, "control-backlog", "slow protocol frames that the control plane has not read"],
];

/** Counts since a port was made. Byte counts are of the bytes present, without FCS. */
export interface PortCounters {
  /** Frames and bytes that arrived from outside. */
  readonly rxFrames: number;
  readonly rxBytes: number;
  /** Frames, bytes, descriptors and doorbells that were posted to the outside. */
  readonly txFrames: number;
  readonly txBytes: number;
  readonly txDescriptors: number;
  readonly txDoorbells: number;
  /** Frames that found the receive ring or the transmit queue full and stayed with the caller. */
  readonly rxRefused: number;
  readonly txRefused: number;
  /** Frames that stayed with the caller because the pool had no buffer. */
  readonly noBuffer: number;
  /** Bytes that the engine copied for this port's frames: on arrival, and when fragments were gathered. */
  readonly copiedBytes: number;
  /** Headers that found no room in front of a frame. */
  readonly prependFailures: number;
  /** Frames of several pieces that were copied into one span, and that went as several descriptors. */
  readonly gatheredFrames: number;
  readonly scatteredFrames: number;
  /** Descriptors over frames; 1 on the single-DMA path, 0 before the first frame. */
  readonly descriptorsPerFrame: number;
  /** Dropped frames by cause; causes that did not occur are left out. */
  readonly drops: Readonly<Record<string, number>>;
}

/** The name of a drop cause, for programs: stable. */
export function causeName(code: number): string {
  return causeOf(code)[1];
}

/** What a drop cause means, for people. */
export function causeText(name: string): string {
  const found = CAUSES.find((cause) => cause[1] === name);
  if (!found) throw new Error(`no drop cause is named ${name}`);
  return found[2];
}

function causeOf(code: number) {
  const found = CAUSES.find((cause) => cause[0] === code);
  if (!found) throw new Error(`drop cause ${code} has no name`);
  return found;
}

/** Reads a port's counter block, layout.COUNTERS words of 64 bits at the given address. */
export function readCounters(arena: Arena, block: number): PortCounters {
  const at = (index: number) => Number(arena.u64[block / 8 + index]);
  const txFrames = at(layout.COUNTER_TX_FRAMES);
  const txDescriptors = at(layout.COUNTER_TX_DESCRIPTORS);
  const drops: Record<string, number> = {};
  for (const [code, name] of CAUSES) {
    const count = at(layout.COUNTER_DROP + code);
    if (count > 0) drops[name] = count;
  }
  return {
    rxFrames: at(layout.COUNTER_RX_FRAMES),
    rxBytes: at(layout.COUNTER_RX_BYTES),
    txFrames,
    txBytes: at(layout.COUNTER_TX_BYTES),
    txDescriptors,
    txDoorbells: at(layout.COUNTER_TX_DOORBELLS),
    rxRefused: at(layout.COUNTER_RX_REFUSED),
    txRefused: at(layout.COUNTER_TX_REFUSED),
    noBuffer: at(layout.COUNTER_NO_BUFFER),
    copiedBytes: at(layout.COUNTER_COPIED_BYTES),
    prependFailures: at(layout.COUNTER_PREPEND_FAILURES),
    gatheredFrames: at(layout.COUNTER_GATHERED),
    scatteredFrames: at(layout.COUNTER_SCATTERED),
    descriptorsPerFrame: txFrames === 0 ? 0 : txDescriptors / txFrames,
    drops,
  };
}
