import { CONNECTION_BYTES, MBUF_TIMESTAMP_NS, MONITOR_FREE } from "../assembly/layout.js";
import { HealthMonitor } from "../src/limit/health/monitor.js";
import { healthLimits } from "../src/limit/health/sizes.js";
import { compileCalls, inProcess } from "./contestant.js";
import { PlainMonitor } from "./health/plain.js";
import { type TrafficShape, tcpTraffic } from "./health/traffic.js";
import { createPlane } from "./plane.js";
import { type Case, PLAIN, type Question } from "./question.js";

const BURST = 32;
const FRAMES = 2048;
/** Before those, as many that begin the connections and are not timed. */
const FIRST = 2048;
const CONNECTIONS = 1000;
const SPARE_BYTES = 2 ** 20;
const GAP_US = 10;

const KINDS: readonly (readonly [name: string, shape: Partial<TrafficShape>])[] = [
  ["64 B, in order", { frameBytes: 64, hasStamps: false, lost: 0 }],
  ["64 B, 5 % of the data lost", { frameBytes: 64, hasStamps: false, lost: 0.05 }],
  ["1500 B, timestamps, in order", { frameBytes: 1500, hasStamps: true, lost: 0 }],
  ["1500 B, timestamps, 5 % of the data lost", { frameBytes: 1500, hasStamps: true, lost: 0.05 }],
];

/** What does it cost to follow TCP connections and count what their peers should know? */
export const health: Question = {
  name: "health",
  measured:
    `${FRAMES} parsed frames of ${CONNECTIONS} TCP connections, mixed, in bursts of ${BURST}: half of them data, half acknowledgments, all for one ` +
    "peer. What brings the connections back to where they began is in the time of both sides, some 60 bytes a frame that are copied. In JavaScript the " +
    "frames are at hand as Buffers with their DataViews.",
  cases: () => Promise.all(KINDS.map(([name, shape]) => caseOf(name, shape as TrafficShape))),
};

async function caseOf(name: string, shape: TrafficShape): Promise<Case> {
  const frames = tcpTraffic({ ...shape, frames: FIRST + FRAMES, connections: CONNECTIONS });
  const { kernels, arena, list, scratch } = await createPlane(frames, SPARE_BYTES);
  const owner = { kernels, arena, checkOpen: () => undefined };
  const monitor = new HealthMonitor(owner, healthLimits({ connections: CONNECTIONS, peers: 1, seed: 1n }));
  const peer = monitor.open();
  kernels.parseBurst(list, FIRST + FRAMES);
  for (let i = 0; i < FIRST + FRAMES; i++) {
    const m = arena.u32[(list >> 2) + i] as number;
    arena.u64[(m + MBUF_TIMESTAMP_NS) >> 3] = BigInt((i + 1) * GAP_US * 1000);
    arena.u32[(scratch >> 2) + i] = monitor.address(peer);
  }
  // The lowest of the connections' addresses is at the bottom of the stack, where it is the last to be taken.
  const records = arena.u32[
    ((arena.u32[(monitor.ptr + MONITOR_FREE) >> 2] as number) >> 2) + CONNECTIONS - 1
  ] as number;
  const step = BURST * 4;
  kernels.healthBurst(monitor.ptr, list, scratch, FIRST, 0);
  const observe = compileCalls(kernels, {
    times: FRAMES / BURST,
    calls: [["healthBurst", monitor.ptr, [list + FIRST * 4, step], [scratch + FIRST * 4, step], BURST, 0]],
  });
  const begun = arena.u8.slice(records, records + CONNECTIONS * CONNECTION_BYTES);
  const ours = () => {
    observe();
    arena.u8.set(begun, records);
    return monitor.ptr;
  };

  const plain = new PlainMonitor(CONNECTIONS);
  const buffers = frames.map((frame) => Buffer.from(frame));
  const views = buffers.map(({ buffer, byteOffset, length }) => new DataView(buffer, byteOffset, length));
  const pass = (from: number, to: number) => {
    for (let i = from; i < to; i++) plain.observe(buffers[i] as Buffer, views[i] as DataView, (i + 1) * GAP_US);
  };
  pass(0, FIRST);
  const plainBegun = plain.words.slice();
  const js = () => {
    pass(FIRST, FIRST + FRAMES);
    plain.words.set(plainBegun);
    return plain.health.segments;
  };
  ours();
  js();
  const { segments, retransmissions, outOfOrder, duplicateAcks, zeroWindows, roundTrips } = monitor.totals(peer);
  const found = { segments, retransmissions, outOfOrder, duplicateAcks, zeroWindows, roundTrips };
  if (JSON.stringify(found) !== JSON.stringify(plain.health)) {
    throw new Error(`not the same: ${JSON.stringify(found)}, ${JSON.stringify(plain.health)}`);
  }
  if (shape.lost > 0 && outOfOrder === 0) throw new Error("nothing was out of order");
  return {
    name,
    unit: "ns a frame",
    ours: inProcess("healthBurst", FRAMES, ours),
    peers: [inProcess(`${PLAIN}, Map and Int32Array`, FRAMES, js)],
    bounds: [{ most: 60 }],
  };
}
