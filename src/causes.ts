/** Names of drop causes: the data plane counts by number, programs and people read these. */
import * as layout from "../assembly/layout.js";

/** Why a frame was dropped: name (stable, for programs) and text (for people), by the code in assembly/layout.ts. */
export const CAUSES: readonly (readonly [code: number, name: string, text: string])[] = [
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
  [layout.DROP_RESERVED_BITS, "reserved-bits", "reserved bits set in a tunnel's header, and the tunnel is strict"],
  [layout.DROP_NOT_ENCAPSULATED, "not-encapsulated", "in none of the encapsulations that this host takes"],
  [layout.DROP_INNER_PROTOCOL, "inner-protocol", "a tunnel's header that says it carries something else than Ethernet"],
  [layout.DROP_GENEVE_TRUNCATED, "geneve-truncated", "ends inside the Geneve header or its options"],
  [layout.DROP_GENEVE_VERSION, "geneve-version", "a Geneve header of another version than 0"],
  [layout.DROP_GENEVE_CONTROL, "geneve-control", "a Geneve control packet (O bit), which carries no frame for a guest"],
  [layout.DROP_GENEVE_CRITICAL_OPTION, "geneve-critical-option", "a critical Geneve option that nobody here knows"],
  [layout.DROP_GENEVE_OPTIONS, "geneve-options", "Geneve options that do not add up to the header's option length"],
  [layout.DROP_GPE_VERSION, "gpe-version", "a VXLAN-GPE header of another version than 0"],
  [layout.DROP_NVGRE_TRUNCATED, "nvgre-truncated", "ends inside the NVGRE header"],
  [layout.DROP_NVGRE_HEADER, "nvgre-header", "a GRE header that is not NVGRE's: K alone set, version 0"],
  [
    layout.DROP_ECN_CE,
    "ecn-ce",
    "congestion was marked outside (CE), and the inner packet cannot carry the mark (RFC 6040)",
  ],
  [layout.DROP_INNER_VLAN, "inner-vlan", "a VLAN tag inside a tunnel that takes none (RFC 7348 section 6.1)"],
  [layout.DROP_OUTER_ADDRESS, "outer-address", "the outer destination is not this host"],
  [layout.DROP_SPOOFED_MAC, "spoofed-mac", "a source MAC address that is not the partition's own"],
  [layout.DROP_SPOOFED_IP, "spoofed-ip", "a source IP address that is not the partition's own"],
  [
    layout.DROP_SPOOFED_HOST,
    "spoofed-host",
    "from a host that the directory does not name for the inner source address",
  ],
  [layout.DROP_LOOP, "loop", "this host's own encapsulation came back"],
  [layout.DROP_NESTED, "nested", "tunnels inside tunnels, beyond the limit"],
  [layout.DROP_POLICY, "policy", "denied by policy"],
  [layout.DROP_POLICY_BYPASS, "policy-bypass", "past the waypoint that the policy sends it through"],
  [layout.DROP_FRAGMENT_ORPHAN, "fragment-orphan", "a later fragment whose first one was not seen, or not allowed"],
  [layout.DROP_FLOW_TABLE_FULL, "flow-table-full", "a stateful flow that there is no room to remember"],
  [layout.DROP_NO_ENDPOINT, "no-endpoint", "the directory knows nobody of that address"],
  [layout.DROP_ENDPOINT_ELSEWHERE, "endpoint-elsewhere", "the destination is not, or no longer, on this host"],
  [layout.DROP_MISS_QUEUE_FULL, "miss-queue-full", "too many frames wait for the same answer of the directory"],
  [layout.DROP_MISS_TABLE_FULL, "miss-table-full", "too many destinations wait for the directory, or are remembered"],
  [layout.DROP_MISS_EXPIRED, "miss-expired", "the directory did not answer in time"],
  [layout.DROP_NO_PATH, "no-path", "no path to the destination's host is live"],
  [layout.DROP_NO_FLOOD, "no-flood", "a broadcast or multicast in a network that does not flood"],
  [layout.DROP_TOO_BIG, "too-big", "too big for the path, and nobody can be told"],
  [layout.DROP_TOO_BIG_ANSWERED, "too-big-answered", "too big for the path; the sender was told the MTU by ICMP"],
  [layout.DROP_CONTROL_RING_FULL, "control-ring-full", "for the control plane, which does not take its frames"],
  [layout.DROP_NOT_IB, "not-ib", "no RDMA packet with an overlay header"],
  [layout.DROP_IB_TRUNCATED, "ib-truncated", "ends inside the InfiniBand headers or checksums"],
  [layout.DROP_IB_OPCODE, "ib-opcode", "an InfiniBand opcode that carries no frame"],
  [
    layout.DROP_IB_HEADER,
    "ib-header",
    "InfiniBand header fields that contradict the frame: version, pad count, overlay header",
  ],
  [layout.DROP_IB_ICRC, "ib-icrc", "wrong invariant CRC"],
  [layout.DROP_IB_VCRC, "ib-vcrc", "wrong variant CRC"],
  [layout.DROP_IB_QKEY, "ib-qkey", "a queue key that is not the network's"],
  [layout.DROP_GQPN_ELSEWHERE, "gqpn-elsewhere", "the global queue pair is not, or no longer, on this host"],
  [layout.DROP_NO_TAILROOM, "no-tailroom", "pad and CRC do not fit behind the frame"],
  [layout.DROP_MBUF_LIMIT, "mbuf-limit", "its owner may hold no more buffers"],
  [layout.DROP_RDMA_NO_QP, "rdma-no-qp", "for a queue pair that this endpoint does not have"],
  [layout.DROP_RDMA_QP_STATE, "rdma-qp-state", "for a queue pair whose state takes no such packet"],
  [layout.DROP_RDMA_PEER, "rdma-peer", "not from the address, or not to it, that the queue pair is connected with"],
  [layout.DROP_RDMA_OPCODE, "rdma-opcode", "an operation of another type of service than the queue pair's"],
  [layout.DROP_RDMA_NO_RECEIVE, "rdma-no-receive", "a datagram for which no receive was posted, or no usable one"],
  [layout.DROP_RDMA_LENGTH, "rdma-length", "a datagram longer than the buffer that was posted for it"],
];

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
