import { beforeEach, describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import { ConfigError } from "../../src/errors.js";
import { concat, counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, testEngine } from "../helpers/engines.js";
import { arrivals, bytesOf, drain } from "../helpers/ports.js";

censusAfterEach();

describe.each(BUILDS)("a port (%s build)", (build) => {
  let engine: Engine;
  let port: Port;
  beforeEach(async () => {
    engine = await testEngine({ mbufs: 32, queueSize: 8, payloadBytes: 128 }, build);
    port = engine.addPort("a");
  });

  /** Frames with payloads of 10, 11, … bytes, all different. */
  function frames(n: number, on = port) {
    const made = on.reserveBurst(40, n);
    for (const [i, frame] of made.entries()) frame.payload.set(counting(40, i + 1));
    return made;
  }

  test("a burst leaves in order, with one descriptor a frame and one doorbell", () => {
    expect(port.postBurst(frames(5))).toBe(5);
    expect(drain(port).map((frame) => frame.bytes)).toEqual([1, 2, 3, 4, 5].map((i) => counting(40, i)));
    expect(port.counters).toMatchObject({
      txFrames: 5,
      txBytes: 200,
      txDescriptors: 5,
      txDoorbells: 1,
      descriptorsPerFrame: 1,
      copiedBytes: 0,
      txRefused: 0,
    });
  });

  test("frames posted one by one ring a doorbell each", () => {
    for (const frame of frames(3)) port.post(frame);
    expect(port.counters).toMatchObject({ txFrames: 3, txDoorbells: 3 });
    drain(port);
  });

  test("a full queue: post says false, the frame stays the host's, and can be posted later", () => {
    expect(port.postBurst(frames(8))).toBe(8);
    const [late] = frames(1);
    if (!late) throw new Error("the pool is empty");
    expect(port.post(late)).toBe(false);
    expect([late.isReleased, late.payload]).toEqual([false, counting(40, 1)]);
    expect(port.counters).toMatchObject({ txFrames: 8, txRefused: 1, txDoorbells: 1 });
    expect(engine.census()).toMatchObject({ queues: 8, held: 1 });
    expect(drain(port)).toHaveLength(8);
    expect(port.post(late)).toBe(true);
    expect(drain(port)).toHaveLength(1);
  });

  test("of a burst that does not fit, the first frames go and the rest stay", () => {
    const burst = frames(11);
    expect(port.postBurst(burst)).toBe(8);
    expect(burst.map((frame) => frame.isReleased)).toEqual([...Array(8).fill(true), ...Array(3).fill(false)]);
    expect(port.counters).toMatchObject({ txFrames: 8, txRefused: 3 });
    drain(port);
    expect(port.postBurst(burst.slice(8))).toBe(3);
    expect(drain(port).map((frame) => frame.bytes)).toEqual([9, 10, 11].map((i) => counting(40, i)));
  });

  test("a frame twice in a burst is refused, and nothing is posted", () => {
    const [a, b] = frames(2) as [never, never];
    expect(() => port.postBurst([a, b, a])).toThrowError(ConfigError);
    expect(port.counters.txFrames).toBe(0);
    expect(port.postBurst([a, b])).toBe(2);
    drain(port);
  });

  test("more than 256 frames in a burst are refused", () => {
    const [a] = frames(1);
    expect(() => port.postBurst(Array(257).fill(a))).toThrowError(/frames.length is 257/);
    expect(() => port.reserveBurst(10, 257)).toThrowError(/n is 257/);
    a?.release();
  });

  test("a frame of another engine is refused, and stays what it was", async () => {
    const other = await testEngine({ mbufs: 8 }, build);
    const [stranger] = frames(1, other.addPort("b"));
    if (!stranger) throw new Error("the pool is empty");
    expect(() => port.post(stranger)).toThrowError(/frames\[0\] is "of another engine"/);
    expect(() => port.receive(stranger)).toThrowError(ConfigError);
    expect(() => port.postFragments(counting(2), [stranger], "gather")).toThrowError(ConfigError);
    expect([stranger.isReleased, stranger.payload]).toEqual([false, counting(40, 1)]);
    stranger.release();
  });

  test("an empty pool: reserve says undefined, and counts", () => {
    const all = port.reserveBurst(10, 40);
    expect(all).toHaveLength(32);
    expect(port.reserve(10)).toBeUndefined();
    expect(port.counters.noBuffer).toBe(2);
    expect(port.receive(counting(60))).toBe(false);
    expect(port.counters).toMatchObject({ noBuffer: 3, rxFrames: 0, rxRefused: 0 });
    expect(engine.census()).toMatchObject({ free: 0, held: 32 });
    for (const frame of all) frame.release();
    expect(engine.freeMbufs).toBe(32);
  });

  test("completed buffers come back when the host reserves, without being asked for", () => {
    for (let round = 0; round < 20; round++) {
      expect(port.postBurst(frames(8))).toBe(8);
      const taken = port.takeBurst();
      port.complete(taken.reverse());
    }
    expect(engine.freeMbufs).toBe(32);
    expect(port.counters.txFrames).toBe(160);
  });

  test("arrivals are copied in once, whatever their length; chains where a buffer is too short", () => {
    const lengths = [0, 1, 127, 128, 129, 256, 400];
    const data = lengths.map((length, i) => counting(length, i));
    expect(port.receiveBurst(arrivals(data))).toBe(7);
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    expect(port.counters).toMatchObject({ rxFrames: 7, rxBytes: bytes, copiedBytes: bytes, rxRefused: 0 });
    expect(engine.census()).toMatchObject({ rings: 1 + 1 + 1 + 1 + 2 + 2 + 4 });
  });

  test("a full receive ring: the first frames are taken, the rest stay outside, counted", () => {
    const data = Array.from({ length: 11 }, (_, i) => counting(60, i));
    expect(port.receiveBurst(arrivals(data))).toBe(8);
    expect(port.counters).toMatchObject({ rxFrames: 8, rxRefused: 3, rxBytes: 480, copiedBytes: 480 });
    expect(port.receive(counting(60))).toBe(false);
    expect(port.counters.rxRefused).toBe(4);
    expect(engine.census()).toMatchObject({ rings: 8, free: 24 });
  });

  test("a reserved frame arrives as it is, without a copy", () => {
    const [frame] = frames(1);
    if (!frame) throw new Error("the pool is empty");
    expect(port.receive(frame)).toBe(true);
    expect(port.counters).toMatchObject({ rxFrames: 1, rxBytes: 40, copiedBytes: 0 });
    expect(engine.census()).toMatchObject({ rings: 1, held: 0 });
    expect(port.receiveBurst(arrivals(Array(7).fill(counting(60))))).toBe(7);
    const [late] = frames(1);
    expect(port.receive(late as never)).toBe(false);
    expect(late?.isReleased).toBe(false);
    late?.release();
  });

  test("a frame that no chain can hold is dropped by name, and those around it are not", () => {
    const longest = 31 * 128; // the pool has 32 buffers of 128 bytes, and one is in use below
    const [held] = frames(1);
    const tooLong = new Uint8Array(32 * 128 + 1);
    expect(port.receiveBurst(arrivals([tooLong, counting(longest), tooLong]))).toBe(3);
    expect(port.counters.drops).toEqual({ "frame-too-long": 2 });
    expect(port.receive(counting(10))).toBe(false);
    expect(port.counters).toMatchObject({ rxFrames: 1, noBuffer: 1 });
    held?.release();
  });

  test("what a driver takes has the wire's length and the time that it came with", () => {
    const [frame] = frames(1);
    port.post(frame as never);
    const taken = port.takeBurst();
    expect(taken.map(({ length, originalLength, timestampNs }) => [length, originalLength, timestampNs])).toEqual([
      [40, 40, 0n],
    ]);
    expect(bytesOf(taken[0] as never)).toEqual(counting(40, 1));
    expect(engine.census()).toMatchObject({ queues: 1 });
    port.complete(taken);
    expect(engine.census()).toMatchObject({ queues: 0, free: 32 });
  });
});

test("frames that found the ring full are counted, however many they were", async () => {
  const engine = await testEngine({ mbufs: 2048, queueSize: 512, payloadBytes: 64 });
  const port = engine.addPort("a");
  const data = Array.from({ length: 1000 }, (_, i) => counting(60, i));
  expect(port.receiveBurst(arrivals(data))).toBe(512);
  expect(port.counters).toMatchObject({ rxFrames: 512, rxRefused: 488, noBuffer: 0 });
});

test("a driver takes at most 256 spans at once, and the rest the next time", async () => {
  const engine = await testEngine({ mbufs: 600, queueSize: 512 });
  const port = engine.addPort("a");
  for (let i = 0; i < 2; i++) expect(port.postBurst(port.reserveBurst(10, 256))).toBe(256);
  const [first, second] = [port.takeBurst(), port.takeBurst()];
  expect([first.length, second.length, port.takeBurst().length]).toEqual([256, 256, 0]);
  port.complete([...second, ...first]);
  expect(engine.freeMbufs).toBe(600);
  expect(concat(...first.map((frame) => [frame.id]))).toHaveLength(256);
});

test("a frame is completed once, by the port it was taken from", async () => {
  const engine = await testEngine();
  const [a, b] = [engine.addPort("a"), engine.addPort("b")];
  for (const port of [a, b]) for (const frame of port.reserveBurst(60, 2)) port.post(frame);
  const taken = a.takeBurst();
  const other = b.takeBurst();
  expect(() => a.complete([...taken, ...other])).toThrow(ConfigError);
  expect(engine.census()).toMatchObject({ holds: true, queues: 4 });
  a.complete([...taken].reverse());
  expect(() => a.complete(taken.slice(0, 1))).toThrow(
    /frames\[0\] is "buffer id \d+"; it must be taken from this port/,
  );
  b.complete(other);
  expect(engine.census()).toMatchObject({ holds: true, queues: 0, free: 64 });
});
