// What the data plane and the control plane both know: record sizes, field offsets, codes.
//
// Only bare `export const` of literals: this file compiles under asc and under tsc alike. The records that these offsets
// describe are drawn above their @unmanaged classes, where the compiler checks each offset (STYLE: offsetof + ERROR).
// Records are little-endian, as all linear memory; wire headers are big-endian and live in wire/.

/** Most frames in one crossing. */
export const BURST_MAX = 256;
/** Most segments of one frame: a 64 KiB GSO frame in 2 KiB buffers, with room to spare. */
export const SEGMENTS_MAX = 64;
/** The longest frame that arrives from outside: a 64 KiB GSO frame with Ethernet and VLAN headers, and then some. */
export const FRAME_BYTES_MAX = 65599;
/** More than any frame has on a wire, and far enough from 2^32 for headers in front: captures can say what they like. */
export const WIRE_BYTES_MAX = 0x80000000;

// mbuf (mbuf/mbuf.ts)
export const MBUF_BYTES = 64;
export const MBUF_BUF = 0;
export const MBUF_DATA = 4;
export const MBUF_LEN = 8;
export const MBUF_NEXT = 12;
export const MBUF_PKT_LEN = 16;
export const MBUF_WIRE_LEN = 20;
export const MBUF_REF_COUNT = 24;
export const MBUF_SEGMENTS = 26;
export const MBUF_PORT = 28;
export const MBUF_CENSUS_ROUND = 30;
export const MBUF_CENSUS_SEEN = 31;
export const MBUF_FLAGS = 32;
export const MBUF_L3 = 36;
export const MBUF_L4 = 38;
export const MBUF_PAYLOAD = 40;
export const MBUF_CAUSE = 42;
export const MBUF_HASH = 44;
export const MBUF_TIMESTAMP_NS = 48;
export const MBUF_VNI = 56;
export const MBUF_L4_LEN = 60;

// What parse found (mbuf.flags)
export const FLAG_IPV4 = 0x1;
export const FLAG_IPV6 = 0x2;
export const FLAG_ARP = 0x4;
export const FLAG_TCP = 0x10;
export const FLAG_UDP = 0x20;
export const FLAG_ICMP = 0x40;
export const FLAG_ICMPV6 = 0x80;
export const FLAG_FRAGMENT = 0x100;
/** A fragment without the transport header: every one but the first. */
export const FLAG_LATER_FRAGMENT = 0x200;
/** The bytes that a header needs are on the wire but not in the capture. */
export const FLAG_CUT = 0x400;
/** An IPv6 routing header with segments left: the final destination is not the one in the fixed header. */
export const FLAG_ROUTED = 0x800;
export const FLAG_VLAN = 0x1000;
export const FLAG_QINQ = 0x2000;
export const FLAG_MULTICAST = 0x4000;
export const FLAG_BROADCAST = 0x8000;

// pool (mbuf/pool.ts)
export const POOL_BYTES = 64;
export const POOL_RECORDS = 0;
export const POOL_BUFFERS = 4;
export const POOL_FREE_STACK = 8;
export const POOL_FREE_COUNT = 12;
export const POOL_COUNT = 16;
export const POOL_BUF_BYTES = 20;
export const POOL_HEADROOM = 24;
export const POOL_CENSUS_ROUND = 28;
export const POOL_CENSUS_DOUBLES = 32;
export const POOL_LEDGER = 36;
export const POOL_EMPTY = 40;

// ledger (mbuf/ledger.ts): who holds which mbuf
export const LEDGER_BYTES = 64;
export const LEDGER_ENTRIES = 0;
export const LEDGER_MBUFS = 4;
export const LEDGER_NOW = 8;
export const LEDGER_DUE = 12;
export const LEDGER_PEERS = 16;
export const LEDGER_STRANGERS = 20;
export const LEDGER_STRANGER_COUNT = 24;
export const LEDGER_KEY = 28;
export const LEDGER_SEEN = 32;
export const LEDGER_EPOCH = 40;
export const LEDGER_MONITOR = 44;
/** For each owner's number the address of its health record (u32), or 0. */
export const LEDGER_HEALTHS = 48;
/** What the ledger keeps of an mbuf: its owner's record (u32, 0 for none), and when it was charged (u32, microseconds). */
export const LEDGER_ENTRY_BYTES = 8;
/** Peers without a record of their own that are remembered between two looks at them: a key each. */
export const STRANGERS_MAX = 64;
/** A peer's key: its IPv6 address, or its IPv4 address mapped into IPv6 (RFC 4291 section 2.5.5.2), then its partition's record, then zeros. */
export const PEER_KEY_BYTES = 32;
export const PEER_ADDRESS = 0;
export const PEER_PARTITION = 16;

// limit (mbuf/limit.ts): an owner, the mbufs that it holds and may hold, and what it did since its window began
export const LIMIT_BYTES = 64;
export const LIMIT_IN_USE = 0;
export const LIMIT_MARK = 4;
export const LIMIT_LIMIT = 8;
export const LIMIT_RETURNED = 12;
export const LIMIT_HIGH = 16;
export const LIMIT_LOW = 20;
export const LIMIT_HELD_LEAST = 24;
export const LIMIT_HELD_MOST = 28;
export const LIMIT_CHARGED_BYTES = 32;
export const LIMIT_WINDOW = 40;
export const LIMIT_FLAGS = 44;
export const LIMIT_OWNER = 48;
export const LIMIT_REFUSED = 52;
export const LIMIT_CHAINED = 56;
export const LIMIT_UNFILLED = 60;
/** Its window is due for want of room, or because enough mbufs came back: it is in the ring of those that are. */
export const LIMIT_F_PRESSURE = 0x1;
export const LIMIT_F_RETURNED = 0x2;
export const LIMIT_F_DUE = 0x3;
/** A partition's: its peers have records of their own. */
export const LIMIT_F_PEERS = 0x4;
/** A partition's: the health of TCP connections through its ports is measured, for it or for its peers. */
export const LIMIT_F_HEALTH = 0x8;
/** In the flags, above the bits: the number of the partition that the owner is of. */
export const LIMIT_PARTITION_SHIFT = 8;

// ring (dma/ring.ts): producer and consumer cursors on cache lines of their own, slots behind
export const RING_BYTES = 192;
export const RING_SLOTS = 0;
export const RING_MASK = 4;
export const RING_HEAD = 64;
export const RING_REFUSED = 72;
export const RING_TAIL = 128;

// descriptor (dma/desc.ts), VIRTIO 1.2 section 2.8.13, struct pvirtq_desc
export const DESC_BYTES = 16;
export const DESC_ADDR = 0;
export const DESC_LEN = 8;
export const DESC_ID = 12;
export const DESC_FLAGS = 14;
export const DESC_F_NEXT = 0x1;
export const DESC_F_AVAIL = 0x80;
export const DESC_F_USED = 0x8000;

// queue (dma/queue.ts): the posting side and the device side on cache lines of their own
export const QUEUE_BYTES = 128;
export const QUEUE_DESCS = 0;
export const QUEUE_SIZE = 4;
export const QUEUE_SLOTS = 8;
export const QUEUE_FREE = 12;
export const QUEUE_FREE_ID = 16;
export const QUEUE_NEXT_AVAIL = 20;
export const QUEUE_AVAIL_WRAP = 24;
export const QUEUE_NEXT_USED = 28;
export const QUEUE_USED_WRAP = 32;
export const QUEUE_REFUSED = 40;
export const QUEUE_DOORBELLS = 48;
export const QUEUE_DEVICE_AVAIL = 64;
export const QUEUE_DEVICE_AVAIL_WRAP = 68;
export const QUEUE_DEVICE_USED = 72;
export const QUEUE_DEVICE_USED_WRAP = 76;
export const QUEUE_DEVICE_SEGMENTS = 80;
/** What the posting side remembers of a buffer id: its mbuf, its descriptors, the next free id. */
export const QUEUE_SLOT_BYTES = 8;
/** One span handed to a device: where, how long, its buffer id, whether more of the frame follow, and its mbuf. */
export const SPAN_BYTES = 16;
export const SPAN_ADDR = 0;
export const SPAN_LEN = 4;
export const SPAN_ID = 8;
export const SPAN_MORE = 10;
export const SPAN_MBUF = 12;

// port (path/port.ts)
export const PORT_BYTES = 32;
export const PORT_INDEX = 0;
export const PORT_FLAGS = 4;
export const PORT_POOL = 8;
export const PORT_RX_RING = 12;
export const PORT_TX_QUEUE = 16;
export const PORT_COUNTERS = 20;
/** The record of the owner that the port's frames are charged to, 0 for none. */
export const PORT_OWNER = 24;
/** The port takes frames of several descriptors. */
export const PORT_F_SCATTER_GATHER = 0x1;

// stage and packed frame (path/stage.ts)
export const STAGE_BYTES = 64;
export const STAGE_ROOM = 0;
export const STAGE_END = 4;
export const STAGE_AT = 8;
export const STAGE_STOP = 12;
export const STAGE_SEGMENT_BYTES = 16;
export const STAGE_FRAME_BYTES_MAX = 20;
/** Packed frames stand behind the record, and behind them a vector that a copy of whole vectors may touch. */
export const STAGE_DATA = 64;
export const STAGE_SLACK_BYTES = 16;
export const PACKED_BYTES = 16;
export const PACKED_LEN = 0;
export const PACKED_WIRE_LEN = 4;
export const PACKED_TIMESTAMP_NS = 8;
/** Why unpacking stopped (stage.stop): no whole frame is left, the burst is full, it must wait, or the bytes make no sense. */
export const STOP_DRAINED = 0;
export const STOP_BURST = 1;
export const STOP_RING_FULL = 2;
export const STOP_NO_BUFFER = 3;
export const STOP_DAMAGED = 4;

// snapshot of frames (snapshot/frames.ts): how far a section was written, checked or taken in, and a frame's record in it
export const SNAPSHOT_JOB_BYTES = 40;
export const SNAPSHOT_RECORDS = 0;
export const SNAPSHOT_LENS = 4;
export const SNAPSHOT_DATA = 8;
export const SNAPSHOT_LENS_LEFT = 12;
export const SNAPSHOT_MBUFS = 16;
export const SNAPSHOT_PORTABLE = 20;
export const SNAPSHOT_BYTES = 24;
export const SNAPSHOT_BUF_BYTES = 32;
export const SNAPSHOT_DATA_BYTES = 36;
export const FRAME_RECORD_BYTES = 24;
export const FRAME_RECORD_TIMESTAMP_NS = 0;
export const FRAME_RECORD_LEN = 8;
export const FRAME_RECORD_WIRE_LEN = 12;
export const FRAME_RECORD_SEGMENTS = 16;
export const FRAME_RECORD_PLACE = 18;
/** WIRE_BYTES_MAX, and headers that were put in front. */
export const SNAPSHOT_WIRE_BYTES_MAX = 0x80010000;

// tunnel (path/tunnel.ts): a path's prepared outer headers
export const TUNNEL_BYTES = 320;
export const TUNNEL_VNI = 0;
export const TUNNEL_FLAGS = 4;
export const TUNNEL_VNIC = 8;
export const TUNNEL_UPLINK = 12;
export const TUNNEL_HEADER_LEN = 16;
export const TUNNEL_L3 = 20;
export const TUNNEL_IP_SUM = 24;
export const TUNNEL_UDP_SUM = 28;
export const TUNNEL_PORT_BASE = 32;
export const TUNNEL_PORT_COUNT = 34;
/** The bits of the inner type of service (or traffic class) that the outer one takes over; the template has the others. */
export const TUNNEL_TOS_KEEP = 36;
/** One of ENCAP_. */
export const TUNNEL_KIND = 37;
/** Offset of the header behind the outer IP header. */
export const TUNNEL_L4 = 38;
/** The longest inner frame that the path takes, from its Ethernet header on, an 802.1Q tag not counted. */
export const TUNNEL_FRAME_BYTES_MAX = 40;
/** 208 bytes: Ethernet 14 + VLAN 4 + IPv6 40 + UDP 8 + Geneve 8 and options of 124, rounded up to whole vectors. */
export const TUNNEL_TEMPLATE = 48;
export const TUNNEL_OPTION_BYTES_MAX = 124;
export const TUNNEL_LOCAL = 256;
export const TUNNEL_REMOTE = 272;
export const TUNNEL_F_IPV6 = 0x1;
/** Compute the outer UDP checksum; otherwise it is sent as zero (absent). */
export const TUNNEL_F_UDP_CHECKSUM = 0x2;
/** VXLAN over IPv4, without a VLAN tag or a UDP checksum: what the fast path of encapsulation takes. Never with the two above. */
export const TUNNEL_F_PLAIN = 0x4;
/** Reserved bits that are set are a fault of what arrives. */
export const TUNNEL_F_STRICT = 0x8;
/** Inner VLAN tags are carried; otherwise they are stripped on the way out and refused on the way in. */
export const TUNNEL_F_INNER_VLAN = 0x10;
/** The outer DSCP goes into the inner packet on the way in (RFC 2983's uniform model); otherwise it ends with the tunnel (pipe). */
export const TUNNEL_F_UNIFORM = 0x20;
// Encapsulations
export const ENCAP_VXLAN = 0;
export const ENCAP_GENEVE = 1;
export const ENCAP_GPE = 2;
export const ENCAP_NVGRE = 3;
export const ENCAP_ROCEV2 = 4;
export const ENCAP_INFINIBAND = 5;
/** Where the encapsulation that a frame was found in stands in mbuf.flags (path/outer.ts), above the bits of parse: 0 is VXLAN. */
export const ENCAP_SHIFT = 16;

// global queue pair (gqp/found.ts): what an RDMA packet's transport headers said
export const GQP_BYTES = 32;
export const GQP_DEST_QPN = 0;
export const GQP_SOURCE_QPN = 4;
export const GQP_PSN = 8;
export const GQP_QKEY = 12;
/** Where the inner frame, or the control message, begins in the packet, and how many bytes it has on the wire. */
export const GQP_OFFSET = 16;
export const GQP_LENGTH = 20;
/** One of CARRIES_. */
export const GQP_CARRIES = 24;
export const CARRIES_FRAME = 0;
export const CARRIES_CONTROL = 1;
/** The queue pair of every host that takes control messages: no VM has this number. */
export const QPN_CONTROL = 0xfffffe;
/** Its queue key: a controlled one (top bit set), which no network has. */
export const QKEY_CONTROL = 0x80006558;

// policy of a network (overlay/policy.ts): a block that src/overlay/policy writes whole; offsets from its first byte
export const POLICY_BYTES = 64;
/** Classes: sets of groups that addresses are in. Class 0 is that of addresses in no group. */
export const POLICY_CLASSES = 0;
/** For each source class and destination class (source * classes + destination) a program: u16. */
export const POLICY_PAIRS = 4;
/** PROGRAM_ENTRIES u16 a program: by protocol a decision, or with PROGRAM_F_PORTS a port map. */
export const POLICY_PROGRAMS = 8;
/** 256 u16 a port map: by the destination port's high byte a page. */
export const POLICY_PORT_MAPS = 12;
/** 256 u16 a page: by the low byte a decision. */
export const POLICY_PAGES = 16;
export const POLICY_DECISIONS = 20;
/** Ranges of IPv4 addresses that no endpoint has, ascending from 0.0.0.0 on: RANGE4_BYTES each, and how many. */
export const POLICY_RANGES4 = 24;
export const POLICY_RANGE4_COUNT = 28;
/** The same for IPv6. */
export const POLICY_RANGES6 = 32;
export const POLICY_RANGE6_COUNT = 36;
export const POLICY_DECISION_COUNT = 40;
export const PROGRAM_ENTRIES = 264;
/** The entry of frames that are neither IPv4 nor IPv6. */
export const PROGRAM_NOT_IP = 256;
export const PROGRAM_F_PORTS = 0x8000;
// A decision: action, flags, waypoint (u16, its place among the network's), rule (u16, its place in the file from 1, 0 for the
// default), then frames that it decided (u64). The default is decision 0, rule n decision n.
export const DECISION_BYTES = 16;
export const DECISION_ACTION = 0;
export const DECISION_FLAGS = 1;
export const DECISION_WAYPOINT = 2;
export const DECISION_RULE = 4;
export const DECISION_HITS = 8;
export const ACTION_DENY = 0;
export const ACTION_ALLOW = 1;
export const ACTION_VIA = 2;
/** What returns of an allowed flow is allowed. */
export const DECISION_F_STATEFUL = 0x1;
/** First address (u32, as a number; IPv6: upper and lower u64, as numbers) and class (u32). */
export const RANGE4_BYTES = 8;
export const RANGE4_FIRST = 0;
export const RANGE4_CLASS = 4;
export const RANGE6_BYTES = 24;
export const RANGE6_UPPER = 0;
export const RANGE6_LOWER = 8;
export const RANGE6_CLASS = 16;

// overlay (overlay/overlay.ts): a host's tables, its scratch for a burst, its rings
export const OVERLAY_BYTES = 192;
export const OVERLAY_LOCAL = 0;
export const OVERLAY_ENDPOINTS = 16;
export const OVERLAY_ADDRESSES = 20;
export const OVERLAY_NETWORKS = 24;
export const OVERLAY_FLOWS4 = 28;
export const OVERLAY_FLOWS6 = 32;
export const OVERLAY_RECORDS = 36;
export const OVERLAY_RECORD_COUNT = 40;
export const OVERLAY_FREE_RECORDS = 44;
export const OVERLAY_FREE_RECORD_COUNT = 48;
export const OVERLAY_FREE_RINGS = 52;
export const OVERLAY_FREE_RING_COUNT = 56;
export const OVERLAY_EVENTS = 60;
export const OVERLAY_CONTROL = 64;
export const OVERLAY_POOL = 68;
export const OVERLAY_VNICS = 72;
export const OVERLAY_VNIC_BY_PORT = 76;
export const OVERLAY_VNIC_COUNT = 80;
export const OVERLAY_GROUP = 84;
export const OVERLAY_UPLINKS = 88;
export const OVERLAY_UPLINK_COUNT = 92;
export const OVERLAY_CRC32 = 96;
export const OVERLAY_CRC16 = 100;
export const OVERLAY_SCRATCH = 104;
export const OVERLAY_TICK = 108;
export const OVERLAY_LEASE_ENDS = 112;
export const OVERLAY_FLOW_TICKS = 116;
export const OVERLAY_FRAGMENT_TICKS = 120;
export const OVERLAY_MISS_TICKS = 124;
export const OVERLAY_IDLE_TICKS = 128;
export const OVERLAY_AGE_FLOWS4 = 132;
export const OVERLAY_AGE_FLOWS6 = 136;
export const OVERLAY_AGE_RECORDS = 140;
export const OVERLAY_FLAGS = 144;
export const OVERLAY_NESTED_MAX = 148;
export const OVERLAY_TOUCHED = 152;
export const OVERLAY_GQP = 156;
export const OVERLAY_COUNTERS = 160;
export const OVERLAY_PORTS = 164;
export const OVERLAY_WAITS_FOR = 168;
export const OVERLAY_GUEST = 172;
export const OVERLAY_REFRESH_TICKS = 176;
export const OVERLAY_RECENT = 180;
export const OVERLAY_DECISION = 184;
export const OVERLAY_ORIGINS = 188;
/** Endpoints that were sent to lately (u32 addresses), by a hash of their MAC addresses: a power of two. */
export const RECENT_ENTRIES = 4096;
export const OVERLAY_F_IPV6 = 0x1;
/** Reserved bits in a tunnel's header are a fault. */
export const OVERLAY_F_STRICT = 0x2;
// Counters of an overlay, 64 bits each
export const OVERLAY_COUNTERS_COUNT = 16;
export const COUNTER_MISSES = 0;
export const COUNTER_REFRESHES = 1;
export const COUNTER_HELD_FRAMES = 2;
export const COUNTER_LOCAL_FRAMES = 3;
export const COUNTER_FLOOD_COPIES = 4;
export const COUNTER_FLOWS_MADE = 5;
export const COUNTER_FLOWS_AGED = 6;
export const COUNTER_FORWARDED = 7;
export const COUNTER_RESENT = 8;
export const COUNTER_FRAGMENTS_MADE = 9;
export const COUNTER_REDIRECTED = 10;
export const COUNTER_NOT_RETAINED = 11;
/** Scratch of a burst: keys (16 bytes each, two a frame), their addresses, what was found, a list of mbufs or of places, and of each frame the path and the decision. */
export const SCRATCH_BYTES = 16384;
export const SCRATCH_KEYS = 0;
export const SCRATCH_KEY_PTRS = 8192;
export const SCRATCH_FOUND = 10240;
export const SCRATCH_LIST = 12288;
export const SCRATCH_PATHS = 14336;
export const SCRATCH_DECISIONS = 15360;
// network (overlay/network.ts)
export const NETWORK_BYTES = 64;
export const NETWORK_VNI = 0;
export const NETWORK_FLAGS = 4;
export const NETWORK_INDEX = 8;
export const NETWORK_POLICY = 12;
export const NETWORK_FLOOD_ROUTES = 16;
export const NETWORK_FLOOD_COUNT = 20;
/** Endpoints of waypoints, by their number in the policy (u32), WAYPOINTS_MAX of them. */
export const NETWORK_WAYPOINTS = 24;
/** Waypoints that the rules of a network may name. */
export const WAYPOINTS_MAX = 64;
export const NETWORK_F_FLOOD = 0x1;
/** Some rule is stateful: what no rule allows may be the return of what one did. */
export const NETWORK_F_STATEFUL = 0x2;
/** Inner VLAN tags are carried. */
export const NETWORK_F_INNER_VLAN = 0x4;
/** The outer DSCP goes into inner packets (RFC 2983's uniform model). */
export const NETWORK_F_UNIFORM = 0x8;
/** The MSS of TCP connections is lowered to what the path takes. */
export const NETWORK_F_CLAMP_MSS = 0x10;
// vnic (overlay/network.ts): a partition's port into a network
export const VNIC_BYTES = 32;
export const VNIC_PORT = 0;
export const VNIC_NETWORK = 4;
export const VNIC_ENDPOINT = 8;
export const VNIC_PARTITION = 12;
export const VNIC_FLAGS = 16;
/** What is for its guest is handed to the control plane: it is on the move. */
export const VNIC_F_DIVERTED = 0x1;
/** Nothing of what its guest has sent goes on: it has stopped. */
export const VNIC_F_PAUSED = 0x2;
// route (overlay/route.ts): the paths to a host, in as many buckets as their weights ask for, behind the first of them
export const ROUTE_BYTES = 384;
/** Buckets less one, a power of two; paths fill all of them, 0 where none is live. 0 where the first path is the only one. */
export const ROUTE_MASK = 44;
export const ROUTE_PATHS = 320;
export const ROUTE_BUCKETS_MAX = 16;
// endpoint (overlay/endpoint.ts): who has an address, or that this is being asked
export const ENDPOINT_BYTES = 128;
export const ENDPOINT_STATE = 0;
export const ENDPOINT_NETWORK = 4;
export const ENDPOINT_CLASS4 = 8;
export const ENDPOINT_ROUTE = 12;
export const ENDPOINT_IP4 = 16;
export const ENDPOINT_VNIC = 20;
export const ENDPOINT_GQPN = 24;
export const ENDPOINT_PSN = 28;
export const ENDPOINT_FLAGS = 32;
export const ENDPOINT_LAST_USED = 36;
export const ENDPOINT_HOLD = 40;
export const ENDPOINT_DEADLINE = 44;
export const ENDPOINT_MAC = 48;
export const ENDPOINT_RETAINED = 56;
export const ENDPOINT_FORWARDS = 60;
export const ENDPOINT_IP6 = 64;
export const ENDPOINT_HOST = 80;
export const ENDPOINT_CLASS6 = 96;
export const ENDPOINT_CLASS = 100;
export const ENDPOINT_REFRESH_AFTER = 104;
export const ENDPOINT_GENERATION = 108;
export const ENDPOINT_TOLD = 112;
export const ENDPOINT_PEER = 120;
export const ENDPOINT_PEER_EPOCH = 124;
// An endpoint's state: in no use, asked about, on another host, on this host, known not to exist
export const STATE_FREE = 0;
export const STATE_PENDING = 1;
export const STATE_REMOTE = 2;
export const STATE_LOCAL = 3;
export const STATE_ABSENT = 4;
/** An IP address that was seen where it is not its endpoint's: ip4 or ip6 says which; it has a class and nothing else. */
export const ENDPOINT_F_ADDRESS = 0x1;
/** Sends with addresses that are not its own: a waypoint. */
export const ENDPOINT_F_FORWARDS = 0x2;
/** The directory has been asked and has not answered. */
export const ENDPOINT_F_ASKED = 0x4;
/** The address is IPv6. */
export const ENDPOINT_F_IPV6 = 0x8;
/** Stays although nobody talks to it: a waypoint. */
export const ENDPOINT_F_PINNED = 0x10;
/** Is about to be here, when the directory agrees. */
export const ENDPOINT_F_CLAIMED = 0x20;
/** What waits for it is only of guests that have stopped: all others go past. */
export const ENDPOINT_F_PASSED = 0x40;
// origin (overlay/origin.ts): a host that an endpoint's frames come from although it is elsewhere
export const ORIGIN_BYTES = 32;
export const ORIGIN_ENDPOINT = 0;
export const ORIGIN_UNTIL = 4;
export const ORIGIN_KIND = 8;
export const ORIGIN_HOST = 16;
/** It was there before: what is under way from there is taken. */
export const ORIGIN_FORMER = 1;
/** The directory was asked because of it, and said otherwise: what comes from there is a lie. */
export const ORIGIN_DOUBTED = 2;
/** Sets of entries, a power of two, and entries of a set: an endpoint's are all in one. */
export const ORIGIN_SETS = 256;
export const ORIGIN_WAYS = 4;
// Why a frame was handed to the control plane (in mbuf.cause); the number that goes with it is in mbuf.hash
export const CONTROL_NEIGHBOUR = 1;
export const CONTROL_TOO_BIG = 2;
export const CONTROL_ELSEWHERE = 3;
export const CONTROL_QUEUE_PAIR = 4;
export const CONTROL_DIVERTED = 5;
/** In mbuf.cause, of a frame that lost its outer headers and waits for an address's class. */
export const WAITS_INSIDE = 0xffff;
/** In the place of a class: not known yet. */
export const CLASS_WAITS = 0xffffffff;
// flow (overlay/flow.ts): kinds of keys
export const FLOW_TRANSPORT = 1;
export const FLOW_FRAGMENT = 2;

// fragments (overlay/fragment.ts)
/** Most fragments of one frame: a datagram of 64 KiB over paths of 1100 bytes and more. */
export const FRAGMENTS_MAX = 64;

// health of TCP connections (health/monitor.ts): the connections that are followed, of all peers
export const MONITOR_BYTES = 272;
export const MONITOR_FLOWS4 = 0;
export const MONITOR_FLOWS6 = 4;
/** Connections that nobody uses (u32 addresses), and how many. */
export const MONITOR_FREE = 8;
export const MONITOR_FREE_COUNT = 12;
export const MONITOR_TICK = 16;
export const MONITOR_IDLE_TICKS = 20;
export const MONITOR_AGE4 = 24;
export const MONITOR_AGE6 = 28;
export const MONITOR_NOW_NS = 32;
export const MONITOR_MADE = 40;
export const MONITOR_AGED = 48;
export const MONITOR_REFUSED = 56;
export const MONITOR_SKIPPED = 64;
export const MONITOR_FORGOTTEN = 72;
export const MONITOR_TOUCHED = 80;
/** The key of the frame being looked at: 16 bytes for IPv4, 48 for IPv6. */
export const MONITOR_KEY = 96;
/** Frames of a pass, and what it found of them (u32 each). */
export const MONITOR_RUN = 32;
export const MONITOR_HALVES = 144;
// connection (health/connection.ts): two halves, what each end sends, the one of the lower address and port first
export const CONNECTION_BYTES = 128;
export const HALF_BYTES = 64;
export const HALF_FLAGS = 0;
export const HALF_SHIFT = 1;
export const HALF_LAST_TICK = 2;
export const HALF_FIRST = 4;
export const HALF_NEXT = 8;
export const HALF_ACK = 12;
export const HALF_WINDOW = 16;
export const HALF_STAMP = 20;
export const HALF_ASKED = 24;
export const HALF_ASKED_US = 28;
/** HOLES_MAX pairs of u32: first sequence number, and the one behind the last. */
export const HALF_HOLES = 32;
export const HOLES_MAX = 4;
/** A segment was seen; an acknowledgment; a window scale in the SYN; a TSval; and a TSval waits for its echo. */
export const HALF_F_OPEN = 0x1;
export const HALF_F_ACKED = 0x2;
export const HALF_F_SCALED = 0x4;
export const HALF_F_STAMPED = 0x8;
export const HALF_F_ASKS = 0x10;
// health of a peer (health/peer.ts): what its TCP segments showed, u64 each
export const HEALTH_BYTES = 128;
export const HEALTH_SEGMENTS = 0;
export const HEALTH_DATA_SEGMENTS = 8;
export const HEALTH_RETRANSMISSIONS = 16;
export const HEALTH_OUT_OF_ORDER = 24;
export const HEALTH_DUPLICATE_ACKS = 32;
export const HEALTH_ZERO_WINDOWS = 40;
export const HEALTH_ROUND_TRIPS = 48;
export const HEALTH_ROUND_TRIP_US = 56;
/** Least round trip, one microsecond more, so that 0 is none: of all, and since the host last cleared this one. */
export const HEALTH_LEAST_US = 64;
export const HEALTH_WINDOW_LEAST_US = 72;
export const HEALTH_FRAME_BYTES = 80;
export const HEALTH_MBUFS = 88;

// LAG group (lag/group.ts)
export const GROUP_BYTES = 128;
export const GROUP_PORTS = 0;
export const GROUP_PORT_COUNT = 4;
export const GROUP_HASH = 8;
export const GROUP_IDENTITY = 12;
export const GROUP_OWNERS = 16;
export const GROUP_PARTITIONS = 20;
export const GROUP_PARTITION_STRIDE = 24;
export const GROUP_PARTITION_COUNT = 28;
export const GROUP_LIST = 32;
export const GROUP_HASHES = 36;
export const GROUP_HOLD = 40;
export const GROUP_CONTROL = 44;
export const GROUP_FLAGS = 48;
export const GROUP_NETWORK = 52;
export const GROUP_TUNNELS = 56;
export const GROUP_TUNNEL_COUNT = 60;
export const GROUP_MASK = 64;
export const GROUP_LEARNERS = 68;
/** Partitions are found by the destination address of what goes to them, not by the vnic that they send on. */
export const GROUP_F_SWITCH = 0x1;
/** Ports of a group at most: a bit each says which are in a partition's set. */
export const GROUP_PORTS_MAX = 32;

// partition (lag/partition.ts): the record, its counters, then for each bucket its owner, its next owner and its state (a byte
// each), then its bytes sent (u64)
export const PARTITION_BYTES = 64;
export const PARTITION_BUCKETS = 0;
export const PARTITION_MODE = 4;
export const PARTITION_PORTS = 8;
export const PARTITION_FLAGS = 12;
export const PARTITION_TURN = 16;
export const PARTITION_LOADS = 20;
export const PARTITION_VNIC = 24;
export const PARTITION_TUNNEL = 28;
export const PARTITION_NET = 32;
export const PARTITION_MOVING = 36;
export const PARTITION_LEARNED = 40;
export const PARTITION_LEARNED_MAX = 44;
export const PARTITION_LIVE = 48;
export const PARTITION_COUNTERS = 64;
/** Where the buckets' owners are, behind the counters. */
export const PARTITION_OWNERS = 704;
/** How an owner is chosen: bucket hash mod a power of two, hash mod any count, or each in its turn. */
export const MODE_BUCKETS = 0;
export const MODE_MODULO = 1;
export const MODE_TURN = 2;
/** Frames that arrive on a port outside the set are taken, and counted; otherwise they are dropped. */
export const PARTITION_F_ACCEPT_OUTSIDE = 0x1;
/** The bytes that each bucket sends are counted. */
export const PARTITION_F_MEASURE = 0x2;
/** Addresses that the partition sends from become its own. */
export const PARTITION_F_LEARN = 0x4;
/** A broadcast is taken from whatever port it comes by: the peer sends one copy for the whole aggregate. */
export const PARTITION_F_FLOOD_ANY = 0x8;
// A bucket's owner: a port of the group; with OWNER_MOVING it moves on and its frames are held; or nobody.
export const OWNER_MOVING = 0x80;
export const OWNER_NONE = 0xff;
// A bucket's state while it moves: it must wait for the peer's word, or for nothing any more; and what settling notes.
export const MOVE_GATED = 0x1;
export const MOVE_FORCED = 0x2;
export const MOVE_IN_FLIGHT = 0x4;
export const MOVE_BLOCKED = 0x8;
// Counters of a partition, 64 bits each (counter.ts); frames by port follow at COUNTER_SENT_BY and COUNTER_RECEIVED_BY + port
export const PARTITION_COUNTERS_COUNT = 80;
export const COUNTER_SENT_FRAMES = 0;
export const COUNTER_SENT_BYTES = 1;
export const COUNTER_RECEIVED_FRAMES = 2;
export const COUNTER_RECEIVED_BYTES = 3;
export const COUNTER_OUTSIDE_ACCEPTED = 4;
export const COUNTER_OUTSIDE_DROPPED = 5;
export const COUNTER_HELD = 6;
export const COUNTER_FLOODED = 7;
export const COUNTER_LEARN_REFUSED = 8;
export const COUNTER_SENT_BY = 16;
export const COUNTER_RECEIVED_BY = 48;
/** What a pick gives for a frame of no partition, of an empty set, and of a bucket that moves; else a port of the group. */
export const PICK_UNKNOWN = 0xfd;
export const PICK_MOVING = 0xfe;
export const PICK_NONE = 0xff;

// identity (lag/identity.ts): buckets of a cache line, four keys of 64 bits each
export const IDENTITY_BYTES = 32;
export const IDENTITY_BUCKETS = 0;
export const IDENTITY_SHIFT = 4;
export const IDENTITY_MULTIPLIER = 8;
export const IDENTITY_ENTRIES = 16;
export const IDENTITY_LEARNED = 20;
export const IDENTITY_TICK = 24;
export const IDENTITY_BUCKET_BYTES = 64;
export const IDENTITY_WAYS = 4;
/** In a value, whose other bits are the partition's address: the data plane has learned it. */
export const IDENTITY_F_LEARNED = 0x1;
/** Networks of a key: VLANs as they are numbered (0 is none), tunnels from here on. */
export const NET_TUNNELS = 0x1000;

// Toeplitz table (hash/toeplitz.ts): for each byte of a tuple a row of 256 u32
export const TOEPLITZ_ROW_BYTES = 1024;
/** Rows of the longest tuple: IPv6 addresses and ports. A shorter tuple's are the first of them. */
export const TOEPLITZ_ROWS = 36;

// hash (hash/config.ts): what to hash by; behind table stands what is known of the frame being looked at
export const HASH_BYTES = 64;
export const HASH_KIND = 0;
export const HASH_FLAGS = 4;
export const HASH_BASIS = 8;
export const HASH_TABLE = 12;
export const HASH_ETHERNET = 16;
export const HASH_NETWORK = 20;
export const HASH_END = 24;
export const HASH_TYPE = 28;
export const HASH_TAG = 32;
export const HASH_PROTOCOL = 36;
export const HASH_TRANSPORT = 40;
export const HASH_ADDRESSES = 44;
export const HASH_PORTS = 48;
// Kinds of hash
export const HASH_LAYER2 = 0;
export const HASH_LAYER23 = 1;
export const HASH_LAYER34 = 2;
export const HASH_ENCAP23 = 3;
export const HASH_ENCAP34 = 4;
export const HASH_VLAN_SRCMAC = 5;
export const HASH_SLB = 6;
export const HASH_AIX_DEFAULT = 7;
export const HASH_AIX_PORTS = 8;
export const HASH_AIX_SRC_PORT = 9;
export const HASH_AIX_DST_PORT = 10;
export const HASH_TOEPLITZ = 11;
/** Of the innermost frame, through tunnels and tags. */
export const HASH_F_INNER = 0x1;
/** Toeplitz: of addresses only. */
export const HASH_F_ADDRESSES = 0x2;
// What a generation of Linux bonding does, and its flow dissector. The shift is set for the policies that have it.
/** The lowest bit is discarded after the fold. */
export const HASH_F_SHIFT = 0x10;
/** The EtherType goes into the layer 2 hash, in memory order. */
export const HASH_F_TYPE = 0x20;
/** The EtherType goes into the layer 2 hash as a number. */
export const HASH_F_TYPE_NUMBER = 0x40;
/** ICMP messages hash by their identifier, and without dissector ICMP errors by the datagram that they quote. */
export const HASH_F_ICMP = 0x80;
/** The ICMP identifier is taken as a number, not in memory order. */
export const HASH_F_ICMP_NUMBER = 0x100;
/** Dissector: an IPv6 flow label stands for the ports. */
export const HASH_F_FLOW_LABEL = 0x200;
/** Dissector: IPv6 hop-by-hop, routing and destination headers are walked; fragment headers end it. */
export const HASH_F_EXTENSIONS = 0x400;
/** Dissector: behind an IPv6 fragment header ports are read, whatever stands there. */
export const HASH_F_FRAGMENT_PORTS = 0x800;
/** Dissector: MPLS is known, and hashes without addresses. */
export const HASH_F_MPLS = 0x1000;
/** Dissector: ARP and RARP are known, and hash without addresses. */
export const HASH_F_ARP = 0x2000;
/** Dissector: PPTP's GRE, version 1, is looked into. */
export const HASH_F_PPTP = 0x4000;
/** Dissector: PPPoE headers are checked, and their protocol may be compressed. */
export const HASH_F_PPPOE_CHECKED = 0x8000;
// sub-frames of streams (path/stream.ts): a message, an aggregate that is being filled
export const MESSAGE_BYTES = 16;
export const MESSAGE_PTR = 0;
export const MESSAGE_LEN = 4;
export const MESSAGE_STREAM = 8;
export const MESSAGE_SEQUENCE = 10;
export const MESSAGE_FLAGS = 12;
export const AGGREGATE_BYTES = 16;
export const AGGREGATE_DATA = 0;
export const AGGREGATE_ROOM = 4;
export const AGGREGATE_END = 8;
export const AGGREGATE_FAULT = 12;
export const SUB_HEADER_BYTES = 6;
/** The longest message whose length a sub-header can say; a longer one is the rest of its transfer. */
export const SUB_LENGTH_MAX = 0xfff;
/** Messages of a stream that may be unacknowledged at once: with more, a wrapped sequence would be ambiguous (RFC 1982). */
export const STREAM_UNACKED_MAX = 0x7fff;
/** The message goes on in the stream's next sub-frame. */
export const STREAM_F_MORE = 0x8;
/** The stream ends behind this message. */
export const STREAM_F_FIN = 0x4;
/** The stream is broken off; no bytes. */
export const STREAM_F_RST = 0x2;
/** To be delivered at once. */
export const STREAM_F_URGENT = 0x1;
// What is wrong with an aggregate, or with a message that should go into one. Names and texts stand in src/rdma/aggregate/faults.ts.
export const FAULT_NONE = 0;
export const FAULT_TOO_MANY = 1;
export const FAULT_TRUNCATED = 2;
export const FAULT_FLAGS = 3;
export const FAULT_RESET_DATA = 4;
export const FAULT_LENGTH = 5;
export const FAULT_SHORT_REST = 6;
export const FAULT_EMPTY = 7;
export const FAULT_LONG_FIN = 8;

// table (table/table.ts): the record, then what a burst keeps of its keys, then what an insert's search has seen
export const TABLE_BYTES = 2880;
export const TABLE_BUCKETS = 0;
export const TABLE_MASK = 4;
export const TABLE_BUCKET_BYTES = 8;
export const TABLE_KEY_BYTES = 12;
export const TABLE_KEY_FIRST = 16;
export const TABLE_KEY_STRIDE = 20;
export const TABLE_CAPACITY = 24;
export const TABLE_ENTRIES = 28;
export const TABLE_SEED = 32;
export const TABLE_MOVES = 40;
export const TABLE_REFUSED = 48;
export const TABLE_LARGE = 56;
export const TABLE_TOUCHED = 60;
export const TABLE_HASHES = 64;
export const TABLE_PENDING = 576;
export const TABLE_SEARCH = 832;
/** Keys that a burst's lookup takes at once. */
export const TABLE_BURST = 64;
/** Most entries of a table. */
export const TABLE_CAPACITY_MAX = 0x1000000;
/** Slots of a bucket; a slot's number is 4 * bucket + way, so every fourth number names none. */
export const TABLE_WAYS = 3;
/** What a lookup gives for a key that is not there; no value. */
export const TABLE_MISS = 0xffffffff;
/** What a walk gives after the last slot. */
export const TABLE_END = 0xffffffff;
// What tableInsert did; every code from TABLE_FULL on means that nothing changed.
export const TABLE_INSERTED = 0;
export const TABLE_UPDATED = 1;
export const TABLE_FULL = 2;
export const TABLE_BAD_VALUE = 3;
// What tableStats writes, u32s
export const STATS_BYTES = 32;
export const STATS_ENTRIES = 0;
export const STATS_SECOND = 4;
export const STATS_LONGEST = 8;
export const STATS_SLOTS = 12;
/** Buckets that hold 0, 1, 2 and 3 entries. */
export const STATS_FILL = 16;
// CRC table (crc/table.ts)
export const CRC_TABLE_BYTES = 19136;
export const CRC_SLICE = 0;
export const CRC_FOLD = 16384;
export const CRC_WINDOW = 18048;
export const CRC_ONES = 18176;
export const CRC_POLYNOMIAL = 19072;
/** Most planes of 16 bytes that are folded straight onto the last one: beyond, it is quicker to thin them out first. */
export const CRC_FOLD_PLANES = 12;
export const CRC_ONES_BYTES = 224;
/** Packet formats whose ICRC takes some bits as ones. */
export const CRC_ONES_ROCE_IPV4 = 0;
export const CRC_ONES_ROCE_IPV6 = 1;
export const CRC_ONES_IB_LOCAL = 2;
export const CRC_ONES_IB_GLOBAL = 3;
/** Polynomials, reflected: CRC-32 (IEEE 802.3), CRC-32C (RFC 3720), CRC-16 of InfiniBand's VCRC (IBTA volume 1, 7.8.2). */
export const CRC_POLYNOMIAL_32 = 0xedb88320;
export const CRC_POLYNOMIAL_32C = 0x82f63b78;
export const CRC_POLYNOMIAL_16 = 0xd008;

// RDMA endpoint (rdma/endpoint.ts): one to an engine
export const RDMA_ENDPOINT_BYTES = 128;
export const RDMA_ENDPOINT_POOL = 0;
export const RDMA_ENDPOINT_PORT = 4;
/** The table that ICRCs are made and checked with; 0: neither. */
export const RDMA_ENDPOINT_CRC = 8;
/** Queue pairs by their number's low bits: addresses (u32), 0 for none. */
export const RDMA_ENDPOINT_QPS = 12;
export const RDMA_ENDPOINT_QP_MASK = 16;
/** Memory regions by the low bits of a key's upper 24. */
export const RDMA_ENDPOINT_REGIONS = 20;
export const RDMA_ENDPOINT_REGION_MASK = 24;
export const RDMA_ENDPOINT_NOW_US = 28;
/** Ring of queue pairs with something to send. */
export const RDMA_ENDPOINT_ACTIVE = 32;
/** Ring of queue pairs that went to ERROR: their numbers. */
export const RDMA_ENDPOINT_EVENTS = 36;
export const RDMA_ENDPOINT_COUNTERS = 40;
/** BURST_MAX words each: the queue pairs that a burst touched, and the frames that it is to free. */
export const RDMA_ENDPOINT_TOUCHED = 44;
export const RDMA_ENDPOINT_TOUCHED_COUNT = 48;
export const RDMA_ENDPOINT_LIST = 52;
export const RDMA_ENDPOINT_SENT = 56;
export const RDMA_ENDPOINT_BUDGET = 60;
/** Ring of queue pairs that wait for a time to come. */
export const RDMA_ENDPOINT_TIMED = 64;

// Queue pair (rdma/qp.ts)
export const QP_BYTES = 256;
export const QP_STATE = 0;
export const QP_TYPE = 4;
export const QP_QPN = 8;
export const QP_DEST_QPN = 12;
export const QP_MTU = 16;
export const QP_PD = 20;
export const QP_ACCESS = 24;
export const QP_QKEY = 28;
export const QP_PATH = 32;
export const QP_SEND_CQ = 36;
export const QP_RECV_CQ = 40;
export const QP_FLAGS = 44;
export const QP_SQ = 48;
export const QP_SQ_MASK = 52;
export const QP_SQ_POSTED = 56;
export const QP_SQ_SENT = 60;
export const QP_SQ_DONE = 64;
export const QP_SQ_PACKETS = 68;
export const QP_NEXT_PSN = 72;
export const QP_FRESH_PSN = 76;
export const QP_ACKED_PSN = 80;
export const QP_WINDOW = 84;
export const QP_READS = 88;
export const QP_READS_MAX = 92;
export const QP_RETRIES = 96;
export const QP_RETRIES_MAX = 100;
export const QP_RNR_RETRIES = 104;
export const QP_RNR_RETRIES_MAX = 108;
export const QP_TIMEOUT_US = 112;
export const QP_DEADLINE_US = 116;
export const QP_BACKOFF = 120;
export const QP_RESUME_US = 124;
export const QP_EXPECTED_PSN = 128;
export const QP_MSN = 132;
export const QP_RQ = 136;
export const QP_RQ_MASK = 140;
export const QP_RQ_POSTED = 144;
export const QP_RQ_DONE = 148;
export const QP_INBOUND = 152;
export const QP_INBOUND_BYTES = 156;
export const QP_WRITE_VA = 160;
export const QP_WRITE_LEFT = 168;
export const QP_WRITE_KEY = 172;
export const QP_RNR_TIMER = 176;
export const QP_REPLY = 180;
export const QP_ANSWERS = 184;
export const QP_ANSWERS_HEAD = 188;
export const QP_ANSWERS_TAIL = 192;
export const QP_ATOMICS = 196;
export const QP_ATOMICS_HEAD = 200;
// States (IBTA volume 1, 10.3.1)
export const QP_RESET = 0;
export const QP_INIT = 1;
export const QP_RTR = 2;
export const QP_RTS = 3;
export const QP_SQD = 4;
export const QP_ERROR = 5;
// Types
export const QP_RC = 0;
export const QP_UD = 1;
// qp.flags: in the endpoint's ring of active ones, in its list of touched ones; a deadline runs; it waits for a receiver that was
// not ready; a NAK went out and the packet that it asks for has not come; a lost response was asked for again; in the endpoint's ring
// of timed ones.
export const QP_F_ACTIVE = 0x1;
export const QP_F_TOUCHED = 0x2;
export const QP_F_DEADLINE = 0x4;
export const QP_F_RNR_WAIT = 0x8;
export const QP_F_NAK_SENT = 0x10;
export const QP_F_ASKED_AGAIN = 0x20;
export const QP_F_TIMED = 0x40;
/** qp.inbound: what kind of message is under way. */
export const INBOUND_NONE = 0;
export const INBOUND_SEND = 1;
export const INBOUND_WRITE = 2;
/** qp.reply: nothing is due, or an AETH syndrome with this bit. */
export const REPLY_DUE = 0x100;

// Path of a queue pair or datagram (rdma/path.ts): prepared Ethernet, IP and UDP headers
export const RDMA_PATH_BYTES = 128;
export const RDMA_PATH_HEADER_LEN = 0;
export const RDMA_PATH_L3 = 4;
export const RDMA_PATH_IPV6 = 8;
export const RDMA_PATH_IP_SUM = 12;
export const RDMA_PATH_TEMPLATE = 16;
/** Ethernet 14, VLAN 4, IPv6 40, UDP 8. */
export const RDMA_PATH_TEMPLATE_MAX = 66;

// Memory region (rdma/region.ts)
export const REGION_BYTES = 32;
export const REGION_KEY = 0;
export const REGION_PD = 4;
export const REGION_BASE = 8;
export const REGION_LENGTH = 12;
export const REGION_VA = 16;
export const REGION_ACCESS = 24;
// Access, as in libibverbs
export const ACCESS_LOCAL_WRITE = 0x1;
export const ACCESS_REMOTE_WRITE = 0x2;
export const ACCESS_REMOTE_READ = 0x4;
export const ACCESS_REMOTE_ATOMIC = 0x8;

// Work request on a send queue (rdma/wqe.ts)
export const SEND_WQE_BYTES = 80;
export const SEND_WQE_WR_ID = 0;
export const SEND_WQE_OPCODE = 4;
export const SEND_WQE_FLAGS = 8;
export const SEND_WQE_LKEY = 12;
export const SEND_WQE_ADDRESS = 16;
export const SEND_WQE_LENGTH = 20;
export const SEND_WQE_IMM = 24;
export const SEND_WQE_RKEY = 28;
export const SEND_WQE_VA = 32;
export const SEND_WQE_FIRST_PSN = 40;
export const SEND_WQE_PACKETS = 44;
export const SEND_WQE_COMPARE_ADD = 48;
export const SEND_WQE_SWAP = 56;
export const SEND_WQE_PATH = 64;
export const SEND_WQE_DEST_QPN = 68;
export const SEND_WQE_QKEY = 72;
// Operations, as in libibverbs' ibv_wr_opcode
export const WR_RDMA_WRITE = 0;
export const WR_RDMA_WRITE_WITH_IMM = 1;
export const WR_SEND = 2;
export const WR_SEND_WITH_IMM = 3;
export const WR_RDMA_READ = 4;
export const WR_ATOMIC_CMP_AND_SWP = 5;
export const WR_ATOMIC_FETCH_AND_ADD = 6;
export const WR_F_SIGNALED = 0x1;
export const WR_F_SOLICITED = 0x2;
/** Not before the READs and atomics in front of it have their answers (10.8.3.3). */
export const WR_F_FENCE = 0x4;

// Work request on a receive queue (rdma/wqe.ts)
export const RECV_WQE_BYTES = 16;
export const RECV_WQE_WR_ID = 0;
export const RECV_WQE_LKEY = 4;
export const RECV_WQE_ADDRESS = 8;
export const RECV_WQE_LENGTH = 12;
/** What stands in front of a datagram in its buffer: a global route header, or an IPv4 header in its last 20 bytes (annex A17). */
export const GRH_BYTES = 40;

// Completion queue and completion (rdma/cq.ts)
export const CQ_BYTES = 32;
export const CQ_ENTRIES = 0;
export const CQ_MASK = 4;
export const CQ_HEAD = 8;
export const CQ_TAIL = 12;
export const CQ_OVERRUNS = 16;
export const CQE_BYTES = 32;
export const CQE_WR_ID = 0;
export const CQE_STATUS = 4;
export const CQE_OPCODE = 8;
export const CQE_LENGTH = 12;
export const CQE_IMM = 16;
export const CQE_QPN = 20;
export const CQE_SOURCE_QPN = 24;
export const CQE_FLAGS = 28;
// What completed: an operation of a send queue (WR_), or a receive
export const WC_RECV = 128;
export const WC_RECV_RDMA_WITH_IMM = 129;
export const WC_F_WITH_IMM = 0x1;
export const WC_F_SOLICITED = 0x2;
export const WC_F_GRH = 0x4;
// Status, as in libibverbs' ibv_wc_status
export const WC_SUCCESS = 0;
export const WC_LOC_LEN_ERR = 1;
export const WC_LOC_PROT_ERR = 4;
export const WC_WR_FLUSH_ERR = 5;
export const WC_BAD_RESP_ERR = 7;
export const WC_REM_INV_REQ_ERR = 9;
export const WC_REM_ACCESS_ERR = 10;
export const WC_REM_OP_ERR = 11;
export const WC_RETRY_EXC_ERR = 12;
export const WC_RNR_RETRY_EXC_ERR = 13;

// What a responder still has to send of READs and atomics, and what atomics it remembers (rdma/answer.ts)
export const ANSWER_BYTES = 40;
export const ANSWER_KEY = 0;
export const ANSWER_LENGTH = 4;
export const ANSWER_VA = 8;
export const ANSWER_PSN = 16;
export const ANSWER_PACKETS = 20;
export const ANSWER_SENT = 24;
export const ANSWER_MSN = 28;
export const ANSWER_ORIGINAL = 32;
/** READs and atomics that a responder takes at a time; a power of two. */
export const ANSWERS_MAX = 16;
export const ATOMIC_BYTES = 16;
export const ATOMIC_ORIGINAL = 0;
export const ATOMIC_PSN = 8;
export const ATOMIC_VALID = 12;

// What sends transfers on a queue pair (rdma/sender.ts)
export const SENDER_BYTES = 96;
export const SENDER_ENDPOINT = 0;
export const SENDER_QP = 4;
export const SENDER_CQ = 8;
export const SENDER_LKEY = 12;
export const SENDER_SLOTS = 16;
export const SENDER_STRIDE_BYTES = 20;
export const SENDER_SLOT_MASK = 24;
export const SENDER_TRANSFERS = 28;
export const SENDER_AGGREGATE = 32;
export const SENDER_SENT = 48;
export const SENDER_ACKED = 56;
export const SENDER_MESSAGES_SENT = 64;
export const SENDER_MESSAGES_ACKED = 72;
export const SENDER_STATUS = 80;
// A transfer in a slot
export const TRANSFER_BYTES = 16;
export const TRANSFER_LENGTH = 0;
export const TRANSFER_MESSAGES = 4;
export const TRANSFER_FLAGS = 8;
export const TRANSFER_IMM = 12;
/** It has an immediate: it is no aggregate, but what its sender gave as a whole. */
export const TRANSFER_F_WHOLE = 0x1;

// What receives them (rdma/receiver.ts)
export const RECEIVER_BYTES = 96;
export const RECEIVER_QP = 0;
export const RECEIVER_CQ = 4;
export const RECEIVER_LKEY = 8;
export const RECEIVER_SLOTS = 12;
export const RECEIVER_STRIDE_BYTES = 16;
export const RECEIVER_SLOT_BYTES = 20;
export const RECEIVER_SLOT_MASK = 24;
export const RECEIVER_MESSAGES = 28;
export const RECEIVER_MESSAGES_MAX = 32;
export const RECEIVER_TAKEN = 36;
export const RECEIVER_RELEASED = 40;
export const RECEIVER_COUNT = 44;
export const RECEIVER_LENGTH = 48;
export const RECEIVER_IMM = 52;
export const RECEIVER_DATA = 56;
export const RECEIVER_FAULT = 60;
export const RECEIVER_STATUS = 64;
export const RECEIVER_TRANSFERS = 68;
// What receiverNext found
export const TAKEN_NOTHING = 0;
export const TAKEN_AGGREGATE = 1;
export const TAKEN_WHOLE = 2;
export const TAKEN_BAD = 3;

// Counters of an endpoint, 64 bits each (counter.ts)
export const RDMA_COUNTERS = 32;
export const RDMA_COUNT_SENT = 0;
export const RDMA_COUNT_SENT_AGAIN = 1;
export const RDMA_COUNT_RECEIVED = 2;
export const RDMA_COUNT_ACKS_SENT = 3;
export const RDMA_COUNT_ACKS_RECEIVED = 4;
export const RDMA_COUNT_DUPLICATES = 5;
export const RDMA_COUNT_OUT_OF_SEQUENCE = 6;
export const RDMA_COUNT_TIMEOUTS = 7;
export const RDMA_COUNT_STALE_RESPONSES = 8;
export const RDMA_COUNT_LOST_RESPONSES = 9;
export const RDMA_COUNT_CQ_OVERRUNS = 10;
export const RDMA_COUNT_ERRORS = 11;
export const RDMA_COUNT_BUSY = 12;
export const RDMA_COUNT_FLUSHED = 13;
/** NAKs by code (0 to 4), then receivers not ready: sent, and received. */
export const RDMA_COUNT_NAKS_SENT = 16;
export const RDMA_COUNT_RNR_SENT = 21;
export const RDMA_COUNT_NAKS_RECEIVED = 24;
export const RDMA_COUNT_RNR_RECEIVED = 29;

// Counters of a port, 64 bits each (counter.ts); drop causes follow at COUNTER_DROP + cause
export const COUNTER_RX_FRAMES = 0;
export const COUNTER_RX_BYTES = 1;
export const COUNTER_TX_FRAMES = 2;
export const COUNTER_TX_BYTES = 3;
export const COUNTER_TX_DESCRIPTORS = 4;
export const COUNTER_TX_DOORBELLS = 5;
export const COUNTER_TX_REFUSED = 6;
export const COUNTER_RX_REFUSED = 7;
export const COUNTER_COPIED_BYTES = 8;
export const COUNTER_PREPEND_FAILURES = 9;
export const COUNTER_GATHERED = 10;
export const COUNTER_SCATTERED = 11;
export const COUNTER_NO_BUFFER = 12;
export const COUNTER_DROP = 16;
export const COUNTERS = 128;

// Why a frame was dropped; 0 is "not dropped". Names and texts for people stand in src/causes.ts.
export const OK = 0;
export const DROP_ETHERNET_TRUNCATED = 1;
export const DROP_VLAN_TRUNCATED = 2;
export const DROP_ARP_TRUNCATED = 3;
export const DROP_IPV4_TRUNCATED = 4;
export const DROP_IPV4_VERSION = 5;
export const DROP_IPV4_HEADER_LENGTH = 6;
export const DROP_IPV4_TOTAL_LENGTH = 7;
export const DROP_IPV6_TRUNCATED = 8;
export const DROP_IPV6_VERSION = 9;
export const DROP_IPV6_PAYLOAD_LENGTH = 10;
export const DROP_IPV6_EXTENSION = 11;
export const DROP_TCP_TRUNCATED = 12;
export const DROP_TCP_DATA_OFFSET = 13;
export const DROP_UDP_TRUNCATED = 14;
export const DROP_UDP_LENGTH = 15;
export const DROP_ICMP_TRUNCATED = 16;
export const DROP_NO_HEADROOM = 17;
export const DROP_TOO_LONG = 18;
export const DROP_NEEDS_SCATTER_GATHER = 19;
export const DROP_VXLAN_TRUNCATED = 20;
export const DROP_VXLAN_NO_VNI_FLAG = 21;
export const DROP_OUTER_FRAGMENT = 22;
export const DROP_OUTER_IPV4_CHECKSUM = 23;
export const DROP_OUTER_UDP_CHECKSUM = 24;
export const DROP_UNKNOWN_VNI = 25;
export const DROP_UNKNOWN_TUNNEL_ADDRESS = 26;
export const DROP_QUEUE_FULL = 27;
export const DROP_HEADERS_SPLIT = 28;
export const DROP_TOO_MANY_SEGMENTS = 29;
export const DROP_FRAME_TOO_LONG = 30;
export const DROP_UNKNOWN_PARTITION = 31;
export const DROP_NO_LIVE_PORT = 32;
export const DROP_OUTSIDE_PORT_SET = 33;
export const DROP_FLOOD_ELSEWHERE = 34;
export const DROP_RESERVED_ADDRESS = 35;
export const DROP_CONTROL_BACKLOG = 36;
export const DROP_RESERVED_BITS = 37;
export const DROP_NOT_ENCAPSULATED = 38;
export const DROP_INNER_PROTOCOL = 39;
export const DROP_GENEVE_TRUNCATED = 40;
export const DROP_GENEVE_VERSION = 41;
export const DROP_GENEVE_CONTROL = 42;
export const DROP_GENEVE_CRITICAL_OPTION = 43;
export const DROP_GENEVE_OPTIONS = 44;
export const DROP_GPE_VERSION = 45;
export const DROP_NVGRE_TRUNCATED = 46;
export const DROP_NVGRE_HEADER = 47;
export const DROP_ECN_CE = 48;
export const DROP_INNER_VLAN = 49;
export const DROP_OUTER_ADDRESS = 50;
export const DROP_SPOOFED_MAC = 51;
export const DROP_SPOOFED_IP = 52;
export const DROP_SPOOFED_HOST = 53;
export const DROP_LOOP = 54;
export const DROP_NESTED = 55;
export const DROP_POLICY = 56;
export const DROP_POLICY_BYPASS = 57;
export const DROP_FRAGMENT_ORPHAN = 58;
export const DROP_FLOW_TABLE_FULL = 59;
export const DROP_NO_ENDPOINT = 60;
export const DROP_ENDPOINT_ELSEWHERE = 61;
export const DROP_MISS_QUEUE_FULL = 62;
export const DROP_MISS_TABLE_FULL = 63;
export const DROP_MISS_EXPIRED = 64;
export const DROP_NO_PATH = 65;
export const DROP_NO_FLOOD = 66;
export const DROP_TOO_BIG = 67;
export const DROP_TOO_BIG_ANSWERED = 68;
export const DROP_CONTROL_RING_FULL = 69;
export const DROP_NOT_IB = 70;
export const DROP_IB_TRUNCATED = 71;
export const DROP_IB_OPCODE = 72;
export const DROP_IB_HEADER = 73;
export const DROP_IB_ICRC = 74;
export const DROP_IB_VCRC = 75;
export const DROP_IB_QKEY = 76;
export const DROP_GQPN_ELSEWHERE = 77;
export const DROP_NO_TAILROOM = 78;
export const DROP_MBUF_LIMIT = 79;
export const DROP_RDMA_NO_QP = 80;
export const DROP_RDMA_QP_STATE = 81;
export const DROP_RDMA_PEER = 82;
export const DROP_RDMA_OPCODE = 83;
export const DROP_RDMA_NO_RECEIVE = 84;
export const DROP_RDMA_LENGTH = 85;
export const DROP_CAUSES = 86;

// Verdict of a checksum (path/verify.ts)
export const VERDICT_NONE = 0;
export const VERDICT_GOOD = 1;
export const VERDICT_BAD = 2;
export const VERDICT_ABSENT = 3;
export const VERDICT_UNCHECKED = 4;
export const VERDICT_OFFLOADED = 5;
/** What verify writes of a frame: the drop cause, then flags, L3 and L4 verdict of the outer and of the inner frame. */
export const REPORT_BYTES = 16;
export const REPORT_CAUSE = 0;
export const REPORT_OUTER_L3 = 2;
export const REPORT_OUTER_L4 = 3;
export const REPORT_INNER_L3 = 4;
export const REPORT_INNER_L4 = 5;
export const REPORT_HAS_INNER = 6;
export const REPORT_OUTER_FLAGS = 8;
export const REPORT_INNER_FLAGS = 12;
