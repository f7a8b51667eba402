import { beforeAll, describe, expect, test } from "vitest";
import { OK } from "../assembly/layout.js";
import type { Arrival } from "../src/buffer/pool.js";
import { causeName } from "../src/causes.js";
import type { WireFrame } from "./helpers/arbitraries.js";
import { censusAfterEach } from "./helpers/census.js";
import { capturedFrames, fuzzed, tunnelFrames } from "./helpers/corpus.js";
import type { Build } from "./helpers/engines.js";
import { makeHost, makeHosts, mirrored, settleHosts } from "./helpers/hosts.js";
import { bytesOf, drain, total } from "./helpers/ports.js";
import { Random } from "./helpers/property.js";
import { OUTER_V4, OUTER_V6 } from "./helpers/tunnels.js";
import { decapsulate, receive } from "./model/decapsulation.js";
import { encapsulate } from "./model/encapsulation.js";
import { verify } from "./model/verify.js";

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
const GENEVE = {
  encapsulation: "geneve" as const,
  geneveOptions: [{ class: 0x0102, type: 1, data: Uint8Array.of(1, 2, 3, 4) }],
};

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
    ["Geneve, DSCP and tags handed through", { ...OUTER_V4, ...GENEVE, dscp: "uniform" as const, innerVlan: true }],
    ["NVGRE in IPv6", { ...OUTER_V6, encapsulation: "nvgre" as const, udpChecksum: undefined, sourcePorts: undefined }],
  ])("guest to guest over %s: out comes what went in, less what is counted as dropped", async (_, outer) => {
    const hosts = await makeHosts(outer, build, { ...shape, scatterGather });
    const { a, b } = hosts;
    const corpus = [...captured, ...tunnelFrames(outer.vni, outer.local, outer.remote)];
    let offered = 0;
    let out = 0;
    const dropsOut: Record<string, number> = {};
    const dropsIn: Record<string, number> = {};
    everyBurst(corpus, (frames) => {
      const expected: WireFrame[] = [];
      for (const { data, wire } of frames) {
        const sent = encapsulate(data, outer, wire, hereOf(data));
        if (sent.cause !== OK) {
          countCause(dropsOut, sent.cause);
          continue;
        }
        const got = receive(sent.bytes, [mirrored(outer)], { wire: sent.wire, here: hereOf(sent.bytes) });
        if (got.cause === OK) expected.push({ data: got.bytes, wire: got.wire });
        else countCause(dropsIn, got.cause);
      }
      offered += a.vnic.receiveBurst(arrivalsOf(frames));
      settleHosts(hosts);
      expect([a.engine.census().holds, b.engine.census().holds]).toEqual([true, true]);
      const arrived = drain(b.vnic);
      expectSame(arrived, expected);
      out += arrived.length;
    });
    expect(offered).toBe(Math.ceil(count / BURST) * BURST);
    expect(a.vnic.counters.drops).toEqual(dropsOut);
    expect(b.uplink.counters.drops).toEqual(dropsIn);
    expect(out + total(dropsOut) + total(dropsIn)).toBe(offered);
    expect(out).toBeGreaterThan(offered / 2);
    expect([a.engine.freeMbufs, b.engine.freeMbufs]).toEqual([shape.mbufs, shape.mbufs]);
  });

  test("straight into an uplink: what is the tunnel's comes out, the rest is dropped under its cause", async () => {
    const { engine, vnic, uplink } = await makeHost(OUTER_V4, build, { ...shape, scatterGather });
    const ours = tunnelFrames(OUTER_V4.vni, OUTER_V4.remote, OUTER_V4.local);
    const others = tunnelFrames(OUTER_V4.vni, OUTER_V4.local, OUTER_V4.remote);
    const real = captured.slice(-297); // the kernel's VXLAN
    const taken = ours.filter((frame) => receive(frame, [OUTER_V4]).cause === OK);
    const corpus = [...Array(60).fill(taken).flat(), ...ours, ...ours, ...others, ...real, ...captured.slice(0, 100)];
    const expectedDrops: Record<string, number> = {};
    let offered = 0;
    let out = 0;
    everyBurst(corpus, (frames) => {
      const expected: WireFrame[] = [];
      for (const { data, wire } of frames) {
        const { cause, ...frame } = receive(data, [OUTER_V4], { wire, here: hereOf(data) });
        if (cause === OK) expected.push({ data: frame.bytes, wire: frame.wire });
        else countCause(expectedDrops, cause);
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

function countCause(drops: Record<string, number>, cause: number): void {
  drops[causeName(cause)] = (drops[causeName(cause)] ?? 0) + 1;
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
