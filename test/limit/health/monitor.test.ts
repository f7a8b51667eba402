/** A monitor as programs use it: peers come and go, and are read by window; what is wrong is refused by name. */
import { describe, expect, test } from "vitest";
import { ConfigError, EngineClosed } from "../../../src/index.js";
import { BUILDS, testEngine } from "../../helpers/engines.js";
import { healthBed, type Seen } from "../../helpers/health.js";
import { ALICE, BOB, type Segment, segmentFrame } from "../../helpers/tcp.js";

function refusal(work: () => unknown): Partial<ConfigError> {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return { argument: error.argument, bound: error.bound };
    throw error;
  }
  throw new Error("nothing was refused");
}

const say = (ms: number, peer: number | undefined, said: Partial<Segment>): Seen => {
  const ends = said.from ? {} : { from: ALICE, to: BOB };
  const data = segmentFrame({ seq: 0, ack: 0, ...ends, ...said } as Segment);
  return { data, timestampNs: BigInt(ms * 1e6), peer };
};
const answer = { from: BOB, to: ALICE };

describe.each(BUILDS)("a health monitor (%s build)", (build) => {
  test("gives each peer what its own segments showed: since the last look, and in all", async () => {
    const bed = await healthBed(build);
    const [alice, bob] = [bed.monitor.open(), bed.monitor.open()];
    bed.feed([
      say(1, alice, { bytes: 100, stamps: [1, 0] }),
      say(3, bob, { ...answer, ack: 100, stamps: [50, 1], window: 0 }),
      say(4, alice, { bytes: 100, stamps: [2, 50] }),
      say(9.5, bob, { ...answer, ack: 100, stamps: [55, 2] }),
    ]);
    const common = { outOfOrder: 0, duplicateAcks: 0 };
    const first = { ...common, segments: 2, dataSegments: 0, retransmissions: 0, zeroWindows: 1, roundTrips: 2 };
    const trips = { least: 2, mean: 3.75 };
    expect(bed.monitor.window(alice)).toEqual({
      ...common,
      ...{ segments: 2, dataSegments: 2, retransmissions: 1, zeroWindows: 0, roundTrips: 0, bytesPerMbuf: 166 },
    });
    expect(bed.monitor.window(bob)).toEqual({ ...first, roundTripMs: trips, bytesPerMbuf: 66 });
    bed.feed([
      say(20, alice, { seq: 100, bytes: 1, stamps: [3, 55] }),
      say(30, bob, { ...answer, ack: 101, stamps: [75, 3] }),
    ]);
    expect(bed.monitor.window(bob)).toMatchObject({ segments: 1, roundTripMs: { least: 10, mean: 10 } });
    const none = { ...common, segments: 0, dataSegments: 0, retransmissions: 0, zeroWindows: 0, roundTrips: 0 };
    expect(bed.monitor.window(bob)).toEqual(none);
    const mean = (2 + 5.5 + 10) / 3;
    expect(bed.monitor.totals(bob)).toMatchObject({ segments: 3, roundTrips: 3, roundTripMs: { least: 2 } });
    expect(bed.monitor.totals(bob).roundTripMs?.mean).toBeCloseTo(mean, 9);
  });

  test("follows the connections of nobody, and tells networks with the same addresses apart", async () => {
    const bed = await healthBed(build);
    const peer = bed.monitor.open();
    bed.feed([say(1, undefined, { bytes: 100 }), say(2, peer, { bytes: 100 })]);
    bed.feed([{ ...say(3, peer, { bytes: 100 }), network: 5 }]);
    expect(bed.monitor.totals(peer)).toMatchObject({ segments: 2, retransmissions: 1 });
    expect(bed.monitor.counters.connections).toBe(2);
  });

  test("counts the bytes in all mbufs of a frame", async () => {
    const engine = await testEngine({ payloadBytes: 256, health: {} }, build);
    const [burst, monitor] = [engine.burst(), engine.healthMonitor()];
    const peer = monitor.open();
    burst.load([say(1, peer, { bytes: 1000 })]);
    burst.parse();
    burst.health(monitor, [peer]);
    expect(monitor.totals(peer).bytesPerMbuf).toBe((14 + 20 + 20 + 1000) / 5);
    burst.release();
  });

  test("reads as many peers as the burst has; the rest are nobody's", async () => {
    const bed = await healthBed(build);
    const peer = bed.monitor.open();
    bed.burst.load([1, 2, 3].map((seq) => say(1, peer, { seq, bytes: 2 })));
    bed.burst.parse();
    bed.burst.health(bed.monitor, [undefined, peer]);
    expect(bed.monitor.totals(peer).segments).toBe(1);
    bed.burst.health(bed.monitor, [peer, peer, peer, peer, peer]);
    expect(bed.monitor.totals(peer)).toMatchObject({ segments: 4, retransmissions: 3 });
    bed.burst.release();
  });

  test("gives a number again, to a peer of whom nothing was seen", async () => {
    const bed = await healthBed(build, { peers: 2 });
    const [first, second] = [bed.monitor.open(), bed.monitor.open()];
    bed.feed([say(1, first, { bytes: 2 }), say(1, second, { bytes: 2 })]);
    expect(refusal(() => bed.monitor.open())).toEqual({
      argument: "health.peers",
      bound: "a whole number from 1 to 2",
    });
    bed.monitor.shut(first);
    const peer = bed.monitor.open();
    expect(peer).toBe(first);
    expect(bed.monitor.totals(peer).segments).toBe(0);
    expect(bed.monitor.window(second)).toMatchObject({ segments: 1, retransmissions: 1 });
  });

  test("refuses what is wrong, by name", async () => {
    const bed = await healthBed(build);
    const { monitor, burst } = bed;
    const peer = monitor.open();
    monitor.shut(peer);
    const shut = { argument: "peer", bound: "one that is open" };
    for (const call of ["shut", "window", "totals"] as const) {
      for (const number of [peer, -1, 7, 0.5]) expect(refusal(() => monitor[call](number))).toEqual(shut);
    }
    burst.load([say(1, undefined, {})]);
    burst.parse();
    expect(refusal(() => burst.health(monitor, [peer]))).toEqual(shut);
    expect(refusal(() => burst.health(monitor, [], -1)).argument).toBe("network");
    expect(refusal(() => burst.health(monitor, [], 2 ** 32)).argument).toBe("network");
    const other = await testEngine({ health: {} }, build);
    expect(refusal(() => burst.health(other.healthMonitor(), []))).toEqual({
      argument: "monitor",
      bound: "of this engine",
    });
    for (const nowMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(() => monitor.age(nowMs)).argument).toBe("nowMs");
    }
    expect(refusal(() => monitor.age(0, -1)).argument).toBe("steps");
    burst.release();
  });

  test("is one for each engine, of the size that was planned", async () => {
    const engine = await testEngine({ health: { connections: 16, peers: 1 } }, build);
    expect(engine.healthMonitor()).toBe(engine.healthMonitor());
    const monitor = engine.healthMonitor();
    engine.close();
    expect(() => engine.healthMonitor()).toThrow(EngineClosed);
    expect(() => monitor.open()).toThrow(EngineClosed);
    expect(() => monitor.age(0)).toThrow(EngineClosed);
    const without = await testEngine({}, build);
    expect(refusal(() => without.healthMonitor()).argument).toBe("health");
  });
});

test.each([
  [{ connections: 15 }, "health.connections"],
  [{ connections: 2 ** 20 + 1 }, "health.connections"],
  [{ peers: 0 }, "health.peers"],
  [{ idleSeconds: 0 }, "health.idleSeconds"],
  [{ idleSeconds: 65_001 }, "health.idleSeconds"],
])("%j is refused", async (health, argument) => {
  await expect(testEngine({ health })).rejects.toMatchObject({ argument });
});
