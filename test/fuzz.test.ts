import { beforeAll, describe, expect, test } from "vitest";
import { DROP_ETHERNET_TRUNCATED, OK } from "../assembly/layout.js";
import type { Arrival } from "../src/buffer/pool.js";
import { causeName } from "../src/causes.js";
import type { WireFrame } from "./helpers/arbitraries.js";
import { censusAfterEach } from "./helpers/census.js";
import { capturedFrames, fuzzed, tunnelFrames } from "./helpers/corpus.js";
import type { Build } from "./helpers/engines.js";
import { makeHost, makeHosts, settleHosts } from "./helpers/hosts.js";
import { bytesOf, drain, total } from "./helpers/ports.js";
import { Random } from "./helpers/property.js";
import { OUTER_V4, OUTER_V6 } from "./helpers/tunnels.js";
import { parse } from "./model/parse.js";
import { verify } from "./model/verify.js";
import { decapsulate, encapsulate, type Outer } from "./model/vxlan.js";

/**
 * 100,000 frames through everything: no trap, every mbuf accounted for after every burst, and every frame where the twins
 * say that it must be: out on the other side as it went in, or dropped under its cause. The debug build takes a part.
 */
const RUNS: readonly [build: Build, frames: number, payloadBytes: number][] = [
  ["release", 100_000, 2048],
  ["debug", 15_000, 2048],
  ["debug", 15_000, 128],
];
const BURST = 256;

censusAfterEach();

let captured: Uint8Array[];
beforeAll(async () => {
  captured = await capturedFrames();
  expect(captured.length).toBeGreaterThan(13_000);
});

describe.each(RUNS)("%s build, %i frames, buffers of %i bytes", (build, count, payloadBytes) => {
  const scatterGather = payloadBytes < 1024;
  // Room for a burst of the longest frames, so that nothing is dropped for want of it.
  const shape = scatterGather
    ? { payloadBytes, mbufs: 16_384, queueSize: 8192, bursts: 1 }
    : { payloadBytes, mbufs: 2048, bursts: 1 };

  /** Calls with bursts of fuzzed frames until count frames have been used. */
  function everyBurst(corpus: readonly Uint8Array[], use: (frames: WireFrame[], burst: number) => void): void {
    const random = new Random(count + payloadBytes);
    for (let done = 0; done < count; done += BURST) {
      use(
        Array.from({ length: BURST }, () => fuzzed(random, corpus)),
        done / BURST,
      );
    }
  }

  const arrivalsOf = (frames: readonly WireFrame[]): Arrival[] =>
    frames.map(({ data, wire }) => ({ data, originalLength: wire }));
  /** Bytes of the frame in its first buffer. */
  const hereOf = (data: Uint8Array) => Math.min(data.length, payloadBytes);

  test.each([
    ["IPv4", OUTER_V4],
    ["IPv6 with a VLAN", { ...OUTER_V6, vlan: 9 }],
  ])("guest to guest over %s: out comes what went in, less what is counted as dropped", async (_, outer) => {
    const hosts = await makeHosts(outer, build, { ...shape, scatterGather });
    const { a, b } = hosts;
    const corpus = [...captured, ...tunnelFrames(outer.vni, outer.local, outer.remote)];
    let offered = 0;
    let out = 0;
    const expectedDrops: Record<string, number> = {};
    everyBurst(corpus, (frames) => {
      const expected: WireFrame[] = [];
      for (const frame of frames) {
        const { cause } = parse(frame.data, frame.wire, hereOf(frame.data));
        if (cause === OK) expected.push(frame);
        else expectedDrops[causeName(cause)] = (expectedDrops[causeName(cause)] ?? 0) + 1;
      }
      offered += a.vnic.receiveBurst(arrivalsOf(frames));
      settleHosts(hosts);
      expect([a.engine.census().holds, b.engine.census().holds]).toEqual([true, true]);
      const arrived = drain(b.vnic);
      expectSame(arrived, expected);
      out += arrived.length;
    });
    expect(offered).toBe(Math.ceil(count / BURST) * BURST);
    expect(a.vnic.counters.drops).toEqual(expectedDrops);
    expect(b.uplink.counters.drops).toEqual({});
    expect(out + total(a.vnic.counters.drops)).toBe(offered);
    expect([a.engine.freeMbufs, b.engine.freeMbufs]).toEqual([shape.mbufs, shape.mbufs]);
  });

  test("straight into an uplink: what is the tunnel's comes out, the rest is dropped under its cause", async () => {
    const { engine, vnic, uplink } = await makeHost(OUTER_V4, build, { ...shape, scatterGather });
    const ours = tunnelFrames(OUTER_V4.vni, OUTER_V4.remote, OUTER_V4.local);
    const others = tunnelFrames(OUTER_V4.vni, OUTER_V4.local, OUTER_V4.remote);
    const real = captured.slice(-297); // the kernel's VXLAN
    const corpus = [...Array(20).fill(ours).flat(), ...others, ...real, ...captured.slice(0, 100)];
    const expectedDrops: Record<string, number> = {};
    let offered = 0;
    let out = 0;
    everyBurst(corpus, (frames) => {
      const expected: WireFrame[] = [];
      for (const { data, wire } of frames) {
        const { cause, frame } = received(data, wire, hereOf(data), OUTER_V4);
        if (frame) expected.push(frame);
        else expectedDrops[cause] = (expectedDrops[cause] ?? 0) + 1;
      }
      offered += uplink.receiveBurst(arrivalsOf(frames));
      while (engine.poll() > 0);
      expect(engine.census().holds).toBe(true);
      const arrived = drain(vnic);
      expectSame(arrived, expected);
      out += arrived.length;
    });
    expect(uplink.counters.drops).toEqual(expectedDrops);
    expect(out + total(uplink.counters.drops)).toBe(offered);
    expect(out).toBeGreaterThan(offered / 20);
    expect(Object.keys(expectedDrops).length).toBeGreaterThan(15);
  });

  test("encapsulated, decapsulated and verified in bursts, each as its twin", async () => {
    const { engine, tunnel } = await makeHost(OUTER_V6, build, shape);
    const burst = engine.burst();
    const corpus = [...captured, ...tunnelFrames(7, [10, 0, 0, 1], [10, 0, 0, 2])];
    everyBurst(corpus, (frames, n) => {
      expect(burst.load(arrivalsOf(frames))).toBe(BURST);
      if (n % 3 === 0) {
        burst.encapsulate(tunnel);
        const twins = frames.map(({ data, wire }) => encapsulate(data, OUTER_V6, wire, hereOf(data)));
        expectBurst(burst.frames(), twins);
      } else if (n % 3 === 1) {
        burst.decapsulate();
        const twins = frames.map(({ data, wire }) => decapsulate(data, { wire, here: hereOf(data) }));
        expectBurst(burst.frames(), twins);
      } else {
        const verdicts = burst.verify();
        for (const [i, { data, wire }] of frames.entries()) {
          const { cause, ...twin } = verify(data, wire, hereOf(data));
          const expected = { cause: cause === OK ? undefined : causeName(cause), ...twin };
          if (!same(verdicts[i], expected)) expect(verdicts[i]).toEqual(expected);
        }
      }
      expect(engine.census()).toMatchObject({ holds: true });
    });
    burst.release();
    expect(engine.freeMbufs).toBe(shape.mbufs);
  });
});

/** What an uplink makes of a frame: for the guest, or a cause. */
function received(data: Uint8Array, wire: number, here: number, outer: Outer): { cause: string; frame?: WireFrame } {
  const { cause, vni, bytes, wire: innerWire, parsed } = decapsulate(data, { wire, here });
  // Whose the frame is comes before how long it is.
  const isShort = cause === DROP_ETHERNET_TRUNCATED && parsed.cause === OK;
  if (cause !== OK && !isShort) return { cause: causeName(cause) };
  const found = isShort ? networkOf(data, parsed.l4) : vni;
  if (found !== outer.vni) return { cause: "unknown-vni" };
  const from = [...data.subarray(parsed.l3 + 12, parsed.l3 + 16)];
  const to = [...data.subarray(parsed.l3 + 16, parsed.l3 + 20)];
  if (data[parsed.l3] !== undefined && (data[parsed.l3] as number) >> 4 !== 4)
    return { cause: "unknown-tunnel-address" };
  if (String(from) !== String(outer.remote) || String(to) !== String(outer.local))
    return { cause: "unknown-tunnel-address" };
  return isShort ? { cause: "ethernet-truncated" } : { cause: "", frame: { data: bytes, wire: innerWire } };
}

function networkOf(data: Uint8Array, l4: number): number {
  return ((data[l4 + 12] as number) << 16) | ((data[l4 + 13] as number) << 8) | (data[l4 + 14] as number);
}

function expectSame(arrived: readonly { bytes: Uint8Array; originalLength: number }[], expected: readonly WireFrame[]) {
  expect(arrived.length).toBe(expected.length);
  for (const [i, { bytes, originalLength }] of arrived.entries()) {
    const { data, wire } = expected[i] as WireFrame;
    expectBytes(bytes, data);
    if (originalLength !== wire) expect(originalLength).toBe(wire);
  }
}

function expectBurst(
  frames: readonly { cause: string | undefined; spans: readonly Uint8Array[]; originalLength: number }[],
  twins: readonly { cause: number; bytes: Uint8Array; wire: number }[],
): void {
  for (const [i, { cause, bytes, wire }] of twins.entries()) {
    const frame = frames[i] as (typeof frames)[number];
    const expected = [cause === OK ? undefined : causeName(cause), wire];
    if (!same([frame.cause, frame.originalLength], expected)) {
      expect([frame.cause, frame.originalLength]).toEqual(expected);
    }
    expectBytes(bytesOf(frame), bytes);
  }
}

/** As expect(a).toEqual(b), which takes too long for a million comparisons. */
function expectBytes(a: Uint8Array, b: Uint8Array): void {
  if (Buffer.compare(a, b) !== 0) expect(a).toEqual(b);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
