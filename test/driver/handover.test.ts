import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { FRAME_BYTES_MAX } from "../../assembly/layout.js";
import type { Arrival } from "../../src/buffer/pool.js";
import { createHandover, type Handover } from "../../src/driver/handover/channel.js";
import { ConfigError, EngineClosed, EngineUnsupported } from "../../src/errors.js";
import { counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { makePair, type Pair } from "../helpers/handover.js";
import { arrivals, drain } from "../helpers/ports.js";
import { holdsAsync } from "../helpers/property.js";

censusAfterEach();

/** The least channel: two of the longest frames do not fit. */
const LEAST_BYTES = 2 ** 17;

/** A frame that the tunnel carries as it is, of 14 bytes and the given number. */
function frameOf(payloadBytes: number, n: number): Uint8Array {
  const src = [2, 0, 0, n >> 16, (n >> 8) & 0xff, n & 0xff];
  return f.ethernet(f.layer3(0x88b5, counting(payloadBytes, n)), { src });
}

describe.each(BUILDS)("frames change engines (%s build)", (build) => {
  test("any frames, through any pools, queues and bursts: each once, in order, with length and time", async () => {
    const anyArrival = fc
      .tuple(
        fc.oneof(fc.nat(300), fc.nat(300), fc.nat(9000), fc.nat(65_400)),
        fc.nat(3),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      )
      .map(([payload, cut, timestampNs]) => ({ payload, cut, timestampNs }));
    const anyHost = (...queueSizes: number[]) =>
      fc.record({
        mbufs: fc.integer({ min: 70, max: 200 }),
        queueSize: fc.constantFrom(...queueSizes),
        payloadBytes: fc.constantFrom(1100, 2048, 9000),
      });
    const shape = fc.record({
      frames: fc.array(anyArrival, { maxLength: 40 }),
      bytes: fc.constantFrom(LEAST_BYTES, 2 ** 18),
      a: anyHost(64, 128),
      // A guest that is slow to take its frames loses some, by design; this one has room for all that there are buffers for.
      b: anyHost(256),
      /** Which of the parties works next. */
      turns: fc.array(fc.nat(3), { minLength: 1, maxLength: 20 }),
    });
    const property = fc.asyncProperty(shape, async ({ frames, bytes, a, b, turns }) => {
      const pair = await makePair(build, { a, b, bytes });
      const sent: Arrival[] = frames.map(({ payload, cut, timestampNs }, n) => {
        const data = frameOf(payload, n);
        return { data, originalLength: data.length + cut, timestampNs };
      });
      const got = shuttle(pair, sent, turns);
      expect(got.length).toBe(sent.length);
      for (const [i, frame] of got.entries()) {
        expect(Buffer.compare(frame.bytes, sent[i]?.data as Uint8Array)).toBe(0);
        expect([frame.originalLength, frame.timestampNs]).toEqual([sent[i]?.originalLength, sent[i]?.timestampNs]);
      }
      expect(pair.a.engine.census()).toMatchObject({ holds: true, free: a.mbufs });
      expect(pair.b.engine.census()).toMatchObject({ holds: true, free: b.mbufs });
    });
    await holdsAsync(property, 60);
  });

  test("twenty times what the channel holds wraps round its end and comes through", async () => {
    const pair = await makePair(build, { bytes: LEAST_BYTES });
    const lengths = [1, 777, 1486, 60_000, 15, 333];
    const sent = Array.from({ length: 240 }, (_, n) => ({ data: frameOf(lengths[n % lengths.length] as number, n) }));
    expect(sent.reduce((sum, { data }) => sum + data.length, 0)).toBeGreaterThan(18 * LEAST_BYTES);
    const got = shuttle(pair, sent, [0, 1, 1, 2, 3, 2, 1, 3]);
    expect(got.length).toBe(sent.length);
    for (const [i, { bytes }] of got.entries()) expect(Buffer.compare(bytes, sent[i]?.data as Uint8Array)).toBe(0);
  });

  test("cursors that run over 2^32 are cursors like any other", async () => {
    const pair = await makePair(build, { bytes: LEAST_BYTES, startAt: 2 ** 32 - 5000 * 16 });
    const sent = Array.from({ length: 60 }, (_, n) => ({ data: frameOf(n * 100, n) }));
    const got = shuttle(pair, sent, [0, 1, 2, 3]);
    expect(got.map(({ bytes }) => bytes)).toEqual(sent.map(({ data }) => data));
  });

  test("a full channel: what has no room stays posted, the guest's frames in their ring", async () => {
    const { a, b, sender, receiver } = await makePair(build, { a: { mbufs: 256, queueSize: 64 }, bytes: LEAST_BYTES });
    const long = Array.from({ length: 3 }, (_, n) => frameOf(60_000, n));
    expect(a.vnic.receiveBurst(arrivals(long))).toBe(3);
    a.engine.poll();
    // 60,080 bytes of a packed frame, 131,072 of the channel, and no more at a time than the longest frame.
    expect([sender.pump(), sender.pump()]).toEqual([1, 1]);
    a.engine.poll();
    expect(sender.pump()).toBe(0);
    expect(a.engine.census()).toMatchObject({ queues: 30, rings: 0, holds: true });
    expect(sender.wait(1)).toBe(false);
    expect([receiver.pump(), sender.wait(0)]).toEqual([1, true]);
    expect([sender.pump(), receiver.pump(), receiver.pump(), receiver.pump()]).toEqual([1, 1, 1, 0]);
    b.engine.poll();
    expect(drain(b.vnic)).toHaveLength(3);
  });

  test("a receiver with a full ring, or without buffers, leaves frames in the channel", async () => {
    const { a, b, sender, receiver } = await makePair(build, { b: { mbufs: 12, queueSize: 8 } });
    a.vnic.receiveBurst(arrivals(Array.from({ length: 20 }, (_, n) => frameOf(50, n))));
    a.engine.poll();
    expect([sender.pump(), a.engine.freeMbufs]).toEqual([20, 1024]);
    expect([receiver.pump(), receiver.pump()]).toEqual([8, 0]);
    expect(b.uplink.counters).toMatchObject({ rxFrames: 8, rxRefused: 2 });
    b.engine.poll();
    expect([receiver.pump(), receiver.pump()]).toEqual([4, 0]);
    expect([b.uplink.counters.noBuffer, b.engine.freeMbufs, receiver.isDone]).toEqual([2, 0, false]);
    const got = drain(b.vnic);
    for (let moved = 1; moved > 0; got.push(...drain(b.vnic))) moved = receiver.pump() + b.engine.poll();
    expect(got.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 20 }, (_, n) => frameOf(50, n)));
  });

  test("what is longer than this engine's longest chain is dropped where it arrives, by name", async () => {
    const { a, b, sender, receiver } = await makePair(build, { b: { mbufs: 8, payloadBytes: 256 } });
    a.vnic.receiveBurst(arrivals([frameOf(50, 0), frameOf(3000, 1), frameOf(60, 2)]));
    a.engine.poll();
    expect([sender.pump(), receiver.pump()]).toEqual([3, 3]);
    expect(b.uplink.counters).toMatchObject({ rxFrames: 2, drops: { "frame-too-long": 1 } });
    b.engine.poll();
    expect(drain(b.vnic).map(({ bytes }) => bytes.length)).toEqual([64, 74]);
  });

  test("what is longer than any frame that arrives is dropped where it leaves, by name", async () => {
    const engine = await testEngine({ payloadBytes: 65_536 }, build);
    const port = engine.addPort("out", { scatterGather: true });
    const sender = engine.sendingEnd(createHandover(), port);
    port.postFragments(counting(FRAME_BYTES_MAX - 65_535), port.reserveBurst(65_536, 1), "scatter");
    port.postFragments(counting(FRAME_BYTES_MAX - 65_536), port.reserveBurst(65_536, 1), "scatter");
    expect([sender.pump(), sender.pump()]).toEqual([2, 0]);
    expect(port.counters.drops).toEqual({ "frame-too-long": 1 });
    expect(engine.freeMbufs).toBe(64);
  });
});

describe("the ends of a channel", () => {
  test("the receiver is done when the sender has closed and everything has arrived", async () => {
    const { a, b, sender, receiver } = await makePair("debug");
    a.vnic.receiveBurst(arrivals([frameOf(50, 0)]));
    a.engine.poll();
    sender.pump();
    expect([receiver.wait(0), receiver.isDone]).toEqual([true, false]);
    await sender.close();
    expect([sender.pump(), receiver.wait(0), receiver.isDone]).toEqual([0, true, false]);
    expect([receiver.pump(), receiver.isDone, sender.isDone]).toEqual([1, true, true]);
    b.engine.poll();
    expect(drain(b.vnic)).toHaveLength(1);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("neither waits for %s ms", async (timeoutMs) => {
    const { sender, receiver } = await makePair("debug");
    for (const end of [sender, receiver]) expect(() => end.wait(timeoutMs)).toThrowError(/^timeoutMs is /);
  });

  test("nothing to receive: wait ends after its time, and says so", async () => {
    const { receiver } = await makePair("debug");
    expect([receiver.pump(), receiver.wait(2), receiver.wait(0)]).toEqual([0, false, false]);
  });

  test("a receiving end that lets go leaves the rest to the next, another engine's too", async () => {
    const { a, handover, sender, receiver } = await makePair("debug", { b: { queueSize: 2 } });
    a.vnic.receiveBurst(arrivals([1, 2, 3].map((n) => frameOf(50, n))));
    a.engine.poll();
    expect([sender.pump(), receiver.pump()]).toEqual([3, 2]);
    await receiver.close();
    expect(receiver.pump()).toBe(0);
    const other = await testEngine();
    const port = other.addPort("in");
    expect(other.receivingEnd(handover, port).pump()).toBe(1);
    expect(port.counters).toMatchObject({ rxFrames: 1, rxBytes: 64 + 50 });
  });

  test("a stage that was let go serves the next end; one too many is refused", async () => {
    const engine = await testEngine({ handoverEnds: 1 });
    const port = engine.addPort("out");
    const first = engine.sendingEnd(createHandover(), port);
    const another = () => engine.receivingEnd(createHandover(), port);
    expect(another).toThrowError(new ConfigError("handoverEnds", 2, "a whole number from 1 to 1"));
    await first.close();
    await first.close();
    expect(another().pump()).toBe(0);
    expect(another).toThrowError(ConfigError);
  });

  test("on a closed engine, both throw EngineClosed", async () => {
    const { a, b, sender, receiver } = await makePair("debug");
    a.vnic.receiveBurst(arrivals([frameOf(50, 0)]));
    a.engine.poll();
    sender.pump();
    for (const { engine } of [a, b]) engine.close();
    expect(() => sender.pump()).toThrowError(EngineClosed);
    expect(() => receiver.pump()).toThrowError(EngineClosed);
    expect(() => a.engine.sendingEnd(createHandover(), a.uplink)).toThrowError(EngineClosed);
  });
});

describe("refused by name", () => {
  test.each([0, 65_536, 2 ** 17 + 1, 3 * 2 ** 16, 2 ** 31, Number.NaN])("a channel of %s bytes", (bytes) => {
    expect(() => createHandover({ bytes })).toThrowError(ConfigError);
    expect(() => createHandover({ bytes })).toThrowError(/^bytes is /);
  });

  test("a host without SharedArrayBuffer", () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    try {
      expect(() => createHandover()).toThrowError(EngineUnsupported);
      expect(() => createHandover()).toThrowError(/SharedArrayBuffer/);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  const shared = (bytes: number) => ({ shared: new SharedArrayBuffer(bytes) });
  test.each([
    ["nothing", undefined],
    ["a number", 5],
    ["an object without memory", {}],
    ["unshared memory", { shared: new ArrayBuffer(2 ** 18) }],
    ["an empty buffer", shared(0)],
    ["a buffer shorter than a channel's header", shared(100)],
    ["a buffer that createHandover has not made", shared(256 + 2 ** 17)],
    ["a part of a channel", cutShort(createHandover())],
  ])("%s in place of a channel", async (_, handover) => {
    const engine = await testEngine({ handoverEnds: 1 });
    const port = engine.addPort("out");
    for (let again = 0; again < 2; again++) {
      expect(() => engine.sendingEnd(handover as Handover, port)).toThrowError(/^handover is .*made by createHandover/);
      expect(() => engine.receivingEnd(handover as Handover, port)).toThrowError(ConfigError);
    }
  });

  test("a second end of the same kind, and a second sender after the first has closed", async () => {
    const { a, b, handover, sender } = await makePair("debug");
    expect(() => a.engine.sendingEnd(handover, a.uplink)).toThrowError(/handover is .*a sending end/);
    expect(() => b.engine.receivingEnd(handover, b.uplink)).toThrowError(/handover is .*a receiving end/);
    await sender.close();
    expect(() => a.engine.sendingEnd(handover, a.uplink)).toThrowError(ConfigError);
  });

  test("a port of another engine", async () => {
    const [one, two] = [await testEngine(), await testEngine()];
    const port = two.addPort("out");
    expect(() => one.sendingEnd(createHandover(), port)).toThrowError(/^port is /);
    expect(() => one.receivingEnd(createHandover(), port)).toThrowError(/^port is /);
  });

  /** Words of the header, as channel.ts draws it. */
  const HEAD = 16;
  const DATA = 64;
  test.each([
    ["cursors further apart than the channel is long", (words: Int32Array) => Atomics.store(words, HEAD, 2 ** 20 + 16)],
    ["half a frame", (words: Int32Array) => Atomics.store(words, HEAD, 32)],
    ["a frame that claims to be endless", (words: Int32Array) => words.fill(-1, DATA, DATA + 4)],
  ])("a channel with %s", async (_, damage) => {
    const { a, b, handover, sender, receiver } = await makePair("debug");
    a.vnic.receiveBurst(arrivals([frameOf(50, 0)]));
    a.engine.poll();
    sender.pump();
    damage(new Int32Array(handover.shared));
    for (let again = 0; again < 2; again++) expect(() => receiver.pump()).toThrowError(/^handover is .*a sending end/);
    expect(b.uplink.counters.rxFrames).toBe(0);
  });
});

/** A channel whose end is missing. */
function cutShort({ shared }: Handover): { shared: SharedArrayBuffer } {
  const cut = new SharedArrayBuffer(shared.byteLength - 16);
  new Uint8Array(cut).set(new Uint8Array(shared, 0, cut.byteLength));
  return { shared: cut };
}

/** Lets guest, sender, receiver and the far engine work in turns until all frames have arrived or nothing moves any more. */
function shuttle({ a, b, sender, receiver }: Pair, frames: readonly Arrival[], turns: readonly number[]) {
  const arrived: ReturnType<typeof drain> = [];
  let sent = 0;
  const parties = [
    () => {
      const took = a.vnic.receiveBurst(frames.slice(sent, sent + 8));
      sent += took;
      return took + a.engine.poll();
    },
    () => sender.pump(),
    () => receiver.pump(),
    () => {
      const moved = b.engine.poll();
      arrived.push(...drain(b.vnic));
      return moved;
    },
  ];
  for (const turn of turns) parties[turn]?.();
  while (parties.reduce((moved, party) => moved + party(), 0) > 0);
  return arrived;
}
