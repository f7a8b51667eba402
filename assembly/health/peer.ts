// What a peer's TCP segments showed. Counters only go up; whoever reads them keeps what they were, except for the least round trip,
// of which there is a second one that the host clears. The record is the caller's: one for each peer whose health is measured.
import {
  HEALTH_BYTES,
  HEALTH_DATA_SEGMENTS,
  HEALTH_DUPLICATE_ACKS,
  HEALTH_FRAME_BYTES,
  HEALTH_LEAST_US,
  HEALTH_MBUFS,
  HEALTH_OUT_OF_ORDER,
  HEALTH_RETRANSMISSIONS,
  HEALTH_ROUND_TRIP_US,
  HEALTH_ROUND_TRIPS,
  HEALTH_SEGMENTS,
  HEALTH_WINDOW_LEAST_US,
  HEALTH_ZERO_WINDOWS,
} from "../layout";

@unmanaged
export class PeerHealth {
  segments: u64;
  dataSegments: u64;
  retransmissions: u64;
  outOfOrder: u64;
  duplicateAcks: u64;
  zeroWindows: u64;
  roundTrips: u64;
  /** Sum of the round trips. */
  roundTripUs: u64;
  /** Least one and 1 more; 0 for none. */
  leastUs: u64;
  windowLeastUs: u64;
  /** Bytes of the frames, and the mbufs that they are in. */
  frameBytes: u64;
  mbufs: u64;
  unused1: v128;
  unused2: v128;
}

if (offsetof<PeerHealth>() != HEALTH_BYTES) ERROR("PeerHealth: size");
if (offsetof<PeerHealth>("segments") != HEALTH_SEGMENTS) ERROR("PeerHealth: segments");
if (offsetof<PeerHealth>("dataSegments") != HEALTH_DATA_SEGMENTS) ERROR("PeerHealth: dataSegments");
if (offsetof<PeerHealth>("retransmissions") != HEALTH_RETRANSMISSIONS) ERROR("PeerHealth: retransmissions");
if (offsetof<PeerHealth>("outOfOrder") != HEALTH_OUT_OF_ORDER) ERROR("PeerHealth: outOfOrder");
if (offsetof<PeerHealth>("duplicateAcks") != HEALTH_DUPLICATE_ACKS) ERROR("PeerHealth: duplicateAcks");
if (offsetof<PeerHealth>("zeroWindows") != HEALTH_ZERO_WINDOWS) ERROR("PeerHealth: zeroWindows");
if (offsetof<PeerHealth>("roundTrips") != HEALTH_ROUND_TRIPS) ERROR("PeerHealth: roundTrips");
if (offsetof<PeerHealth>("roundTripUs") != HEALTH_ROUND_TRIP_US) ERROR("PeerHealth: roundTripUs");
if (offsetof<PeerHealth>("leastUs") != HEALTH_LEAST_US) ERROR("PeerHealth: leastUs");
if (offsetof<PeerHealth>("windowLeastUs") != HEALTH_WINDOW_LEAST_US) ERROR("PeerHealth: windowLeastUs");
if (offsetof<PeerHealth>("frameBytes") != HEALTH_FRAME_BYTES) ERROR("PeerHealth: frameBytes");
if (offsetof<PeerHealth>("mbufs") != HEALTH_MBUFS) ERROR("PeerHealth: mbufs");

export function countRoundTrip(p: PeerHealth, us: u32): void {
  p.roundTrips += 1;
  p.roundTripUs += us;
  const least = (us as u64) + 1;
  if (p.leastUs == 0 || least < p.leastUs) p.leastUs = least;
  if (p.windowLeastUs == 0 || least < p.windowLeastUs) p.windowLeastUs = least;
}
