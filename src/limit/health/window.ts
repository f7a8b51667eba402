/** From a peer's counters in linear memory (assembly/health/peer.ts) to its health, of all time or of a window. */
import * as layout from "../../../assembly/layout.js";
import type { Arena } from "../../memory.js";
import type { ConnectionHealth } from "./health.js";

const OFFSETS = {
  segments: layout.HEALTH_SEGMENTS,
  dataSegments: layout.HEALTH_DATA_SEGMENTS,
  retransmissions: layout.HEALTH_RETRANSMISSIONS,
  outOfOrder: layout.HEALTH_OUT_OF_ORDER,
  duplicateAcks: layout.HEALTH_DUPLICATE_ACKS,
  zeroWindows: layout.HEALTH_ZERO_WINDOWS,
  roundTrips: layout.HEALTH_ROUND_TRIPS,
  roundTripUs: layout.HEALTH_ROUND_TRIP_US,
  leastUs: layout.HEALTH_LEAST_US,
  windowLeastUs: layout.HEALTH_WINDOW_LEAST_US,
  frameBytes: layout.HEALTH_FRAME_BYTES,
  mbufs: layout.HEALTH_MBUFS,
} as const;

/** As they stand: the least round trips are 1 more, and 0 where there is none. */
export type HealthCounts = Readonly<Record<keyof typeof OFFSETS, number>>;

export function readCounts({ u64 }: Arena, record: number): HealthCounts {
  const read = ([name, offset]: [string, number]) => [name, Number(u64[(record + offset) >> 3])];
  return Object.fromEntries(Object.entries(OFFSETS).map(read)) as HealthCounts;
}

/** What was counted since before, with the least round trip of that time as it stands in the record. */
export function healthOf(now: HealthCounts, before: HealthCounts | undefined, leastUs: number): ConnectionHealth {
  const since = (name: keyof HealthCounts) => now[name] - (before?.[name] ?? 0);
  const roundTrips = since("roundTrips");
  const mbufs = since("mbufs");
  return {
    segments: since("segments"),
    dataSegments: since("dataSegments"),
    retransmissions: since("retransmissions"),
    outOfOrder: since("outOfOrder"),
    duplicateAcks: since("duplicateAcks"),
    zeroWindows: since("zeroWindows"),
    roundTrips,
    ...(roundTrips > 0 && {
      roundTripMs: { least: (leastUs - 1) / 1000, mean: since("roundTripUs") / roundTrips / 1000 },
    }),
    ...(mbufs > 0 && { bytesPerMbuf: since("frameBytes") / mbufs }),
  };
}
