/**
 * Several windows as one. Pressure cuts a window short so that a limit can grow in time; the first criterion must not be judged by such
 * a piece, so pieces are joined until the window has had its descriptors or its time.
 */
import { defined } from "../../defined.js";
import type { ConnectionHealth } from "../health/health.js";
import type { LimitWindow } from "../window.js";

/** The window that two make, the second straight after the first: the limit and what is in use are the second's. */
export function joinWindows(first: LimitWindow, second: LimitWindow): LimitWindow {
  const heldMs = join(first.heldMs, second.heldMs, (a, b) => ({
    least: Math.min(a.least, b.least),
    most: Math.max(a.most, b.most),
  }));
  return {
    closedBy: second.closedBy,
    ms: first.ms + second.ms,
    limit: second.limit,
    filled: first.filled + second.filled,
    returned: first.returned + second.returned,
    inUse: second.inUse,
    high: Math.max(first.high, second.high),
    low: Math.min(first.low, second.low),
    frames: first.frames + second.frames,
    refused: first.refused + second.refused,
    bytes: first.bytes + second.bytes,
    ...defined({ heldMs, health: join(first.health, second.health, joinHealth) }),
  };
}

function joinHealth(a: ConnectionHealth, b: ConnectionHealth): ConnectionHealth {
  const roundTrips = a.roundTrips + b.roundTrips;
  const roundTripMs = join(a.roundTripMs, b.roundTripMs, (x, y) => ({
    least: Math.min(x.least, y.least),
    mean: (x.mean * a.roundTrips + y.mean * b.roundTrips) / roundTrips,
  }));
  return {
    segments: a.segments + b.segments,
    dataSegments: a.dataSegments + b.dataSegments,
    retransmissions: a.retransmissions + b.retransmissions,
    outOfOrder: a.outOfOrder + b.outOfOrder,
    duplicateAcks: a.duplicateAcks + b.duplicateAcks,
    zeroWindows: a.zeroWindows + b.zeroWindows,
    roundTrips,
    ...defined({ roundTripMs }),
  };
}

function join<T>(a: T | undefined, b: T | undefined, both: (a: T, b: T) => T): T | undefined {
  return a === undefined || b === undefined ? (a ?? b) : both(a, b);
}
