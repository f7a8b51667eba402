// The overlay of a host (US8660124B2): everything that its data plane reads, in one record.
//
//   endpoints   (network, MAC address) and (GQPN) → who has it        addresses   (network, IP address) → of what class it is
//   networks    VNI → network                                         flows4, 6   flows that stateful rules let in; fragments
//
// Endpoints are records of one pool, found by the tables: on this host, on another, nowhere, or asked about. Rings of the same size
// serve frames that wait for an answer and frames that are kept for sending again. events are endpoints that the control plane
// is to ask the directory about; control are frames for the control plane itself. Ticks are the control plane's, of any length.

import { count } from "../counter";
import {
  OVERLAY_ADDRESSES,
  OVERLAY_AGE_FLOWS4,
  OVERLAY_AGE_FLOWS6,
  OVERLAY_AGE_RECORDS,
  OVERLAY_BYTES,
  OVERLAY_CONTROL,
  OVERLAY_COUNTERS,
  OVERLAY_CRC16,
  OVERLAY_CRC32,
  OVERLAY_DECISION,
  OVERLAY_ENDPOINTS,
  OVERLAY_EVENTS,
  OVERLAY_FLAGS,
  OVERLAY_FLOW_TICKS,
  OVERLAY_FLOWS4,
  OVERLAY_FLOWS6,
  OVERLAY_FRAGMENT_TICKS,
  OVERLAY_FREE_RECORD_COUNT,
  OVERLAY_FREE_RECORDS,
  OVERLAY_FREE_RING_COUNT,
  OVERLAY_FREE_RINGS,
  OVERLAY_GQP,
  OVERLAY_GROUP,
  OVERLAY_GUEST,
  OVERLAY_IDLE_TICKS,
  OVERLAY_LEASE_ENDS,
  OVERLAY_LOCAL,
  OVERLAY_MISS_TICKS,
  OVERLAY_NESTED_MAX,
  OVERLAY_NETWORKS,
  OVERLAY_ORIGINS,
  OVERLAY_POOL,
  OVERLAY_PORTS,
  OVERLAY_RECENT,
  OVERLAY_RECORD_COUNT,
  OVERLAY_RECORDS,
  OVERLAY_REFRESH_TICKS,
  OVERLAY_SCRATCH,
  OVERLAY_TICK,
  OVERLAY_TOUCHED,
  OVERLAY_UPLINK_COUNT,
  OVERLAY_UPLINKS,
  OVERLAY_VNIC_BY_PORT,
  OVERLAY_VNIC_COUNT,
  OVERLAY_VNICS,
  OVERLAY_WAITS_FOR,
} from "../layout";

@unmanaged
export class Overlay {
  /** This host's underlay address, in network order; IPv4 in the first four bytes, the rest zero. */
  local: v128;
  endpoints: u32;
  addresses: u32;
  networks: u32;
  flows4: u32;
  flows6: u32;
  records: u32;
  recordCount: u32;
  /** Stacks of what is in no use (u32 addresses). */
  freeRecords: u32;
  freeRecordCount: u32;
  freeRings: u32;
  freeRingCount: u32;
  events: u32;
  control: u32;
  pool: u32;
  /** Vnics (u32 addresses), and the same by their port's index, 0 for other ports. */
  vnics: u32;
  vnicByPort: u32;
  vnicCount: u32;
  /** The LAG group whose ports are the uplinks, or 0. */
  group: u32;
  /** Uplinks (u32 addresses of ports). */
  uplinks: u32;
  uplinkCount: u32;
  crc32: u32;
  crc16: u32;
  scratch: u32;
  tick: u32;
  /** Until this tick what is known of other hosts holds. */
  leaseEnds: u32;
  /** Ticks after which flows, fragments, unanswered misses and unused endpoints go. */
  flowTicks: u32;
  fragmentTicks: u32;
  missTicks: u32;
  idleTicks: u32;
  /** Where the walks for what has aged go on. */
  ageFlows4: u32;
  ageFlows6: u32;
  ageRecords: u32;
  flags: u32;
  /** Tunnels that may be inside what a guest sends. */
  nestedMax: u32;
  touched: u32;
  /** What was read of the queue pair headers of the frame being looked at (path/gqp.ts). */
  gqp: u32;
  counters: u32;
  /** The engine's ports by their index (u32). */
  ports: u32;
  /** The endpoint that must be known first, when that is what a step said. */
  waitsFor: u32;
  /** The guest's port on which frames were posted and not announced, or 0. */
  guest: u32;
  /** Ticks between two questions about one endpoint. */
  refreshTicks: u32;
  /** Endpoints that were sent to lately (recent.ts). */
  recent: u32;
  /** The policy's decision on the frame being looked at, which counts there; 0 for a later fragment, which follows its first. */
  decision: u32;
  /** Hosts that frames of endpoints elsewhere come from (origin.ts). */
  origins: u32;

  /** The record of the i-th uplink's port. */
  @inline
  uplinkAt(i: u32): usize {
    return load<u32>((this.uplinks as usize) + ((i as usize) << 2)) as usize;
  }
}

if (offsetof<Overlay>() != OVERLAY_BYTES) ERROR("Overlay: size");
if (offsetof<Overlay>("local") != OVERLAY_LOCAL) ERROR("Overlay: local");
if (offsetof<Overlay>("endpoints") != OVERLAY_ENDPOINTS) ERROR("Overlay: endpoints");
if (offsetof<Overlay>("addresses") != OVERLAY_ADDRESSES) ERROR("Overlay: addresses");
if (offsetof<Overlay>("networks") != OVERLAY_NETWORKS) ERROR("Overlay: networks");
if (offsetof<Overlay>("flows4") != OVERLAY_FLOWS4) ERROR("Overlay: flows4");
if (offsetof<Overlay>("flows6") != OVERLAY_FLOWS6) ERROR("Overlay: flows6");
if (offsetof<Overlay>("records") != OVERLAY_RECORDS) ERROR("Overlay: records");
if (offsetof<Overlay>("recordCount") != OVERLAY_RECORD_COUNT) ERROR("Overlay: recordCount");
if (offsetof<Overlay>("freeRecords") != OVERLAY_FREE_RECORDS) ERROR("Overlay: freeRecords");
if (offsetof<Overlay>("freeRecordCount") != OVERLAY_FREE_RECORD_COUNT) ERROR("Overlay: freeRecordCount");
if (offsetof<Overlay>("freeRings") != OVERLAY_FREE_RINGS) ERROR("Overlay: freeRings");
if (offsetof<Overlay>("freeRingCount") != OVERLAY_FREE_RING_COUNT) ERROR("Overlay: freeRingCount");
if (offsetof<Overlay>("events") != OVERLAY_EVENTS) ERROR("Overlay: events");
if (offsetof<Overlay>("control") != OVERLAY_CONTROL) ERROR("Overlay: control");
if (offsetof<Overlay>("pool") != OVERLAY_POOL) ERROR("Overlay: pool");
if (offsetof<Overlay>("vnics") != OVERLAY_VNICS) ERROR("Overlay: vnics");
if (offsetof<Overlay>("vnicByPort") != OVERLAY_VNIC_BY_PORT) ERROR("Overlay: vnicByPort");
if (offsetof<Overlay>("vnicCount") != OVERLAY_VNIC_COUNT) ERROR("Overlay: vnicCount");
if (offsetof<Overlay>("group") != OVERLAY_GROUP) ERROR("Overlay: group");
if (offsetof<Overlay>("uplinks") != OVERLAY_UPLINKS) ERROR("Overlay: uplinks");
if (offsetof<Overlay>("uplinkCount") != OVERLAY_UPLINK_COUNT) ERROR("Overlay: uplinkCount");
if (offsetof<Overlay>("crc32") != OVERLAY_CRC32) ERROR("Overlay: crc32");
if (offsetof<Overlay>("crc16") != OVERLAY_CRC16) ERROR("Overlay: crc16");
if (offsetof<Overlay>("scratch") != OVERLAY_SCRATCH) ERROR("Overlay: scratch");
if (offsetof<Overlay>("tick") != OVERLAY_TICK) ERROR("Overlay: tick");
if (offsetof<Overlay>("leaseEnds") != OVERLAY_LEASE_ENDS) ERROR("Overlay: leaseEnds");
if (offsetof<Overlay>("flowTicks") != OVERLAY_FLOW_TICKS) ERROR("Overlay: flowTicks");
if (offsetof<Overlay>("fragmentTicks") != OVERLAY_FRAGMENT_TICKS) ERROR("Overlay: fragmentTicks");
if (offsetof<Overlay>("missTicks") != OVERLAY_MISS_TICKS) ERROR("Overlay: missTicks");
if (offsetof<Overlay>("idleTicks") != OVERLAY_IDLE_TICKS) ERROR("Overlay: idleTicks");
if (offsetof<Overlay>("ageFlows4") != OVERLAY_AGE_FLOWS4) ERROR("Overlay: ageFlows4");
if (offsetof<Overlay>("ageFlows6") != OVERLAY_AGE_FLOWS6) ERROR("Overlay: ageFlows6");
if (offsetof<Overlay>("ageRecords") != OVERLAY_AGE_RECORDS) ERROR("Overlay: ageRecords");
if (offsetof<Overlay>("flags") != OVERLAY_FLAGS) ERROR("Overlay: flags");
if (offsetof<Overlay>("nestedMax") != OVERLAY_NESTED_MAX) ERROR("Overlay: nestedMax");
if (offsetof<Overlay>("touched") != OVERLAY_TOUCHED) ERROR("Overlay: touched");
if (offsetof<Overlay>("gqp") != OVERLAY_GQP) ERROR("Overlay: gqp");
if (offsetof<Overlay>("ports") != OVERLAY_PORTS) ERROR("Overlay: ports");
if (offsetof<Overlay>("waitsFor") != OVERLAY_WAITS_FOR) ERROR("Overlay: waitsFor");
if (offsetof<Overlay>("guest") != OVERLAY_GUEST) ERROR("Overlay: guest");
if (offsetof<Overlay>("refreshTicks") != OVERLAY_REFRESH_TICKS) ERROR("Overlay: refreshTicks");
if (offsetof<Overlay>("recent") != OVERLAY_RECENT) ERROR("Overlay: recent");
if (offsetof<Overlay>("decision") != OVERLAY_DECISION) ERROR("Overlay: decision");
if (offsetof<Overlay>("origins") != OVERLAY_ORIGINS) ERROR("Overlay: origins");
if (offsetof<Overlay>("counters") != OVERLAY_COUNTERS) ERROR("Overlay: counters");

/** Ticks wrap: true when a is at or behind b. */
export function isPast(a: u32, b: u32): bool {
  return ((b - a) as i32) >= 0;
}

/** Adds one to a counter of the overlay. */
export function countOverlay(o: Overlay, counter: u32): void {
  count(o.counters as usize, counter, 1);
}
