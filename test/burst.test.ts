import { beforeEach, describe, expect, test } from "vitest";
import { FLAG_CUT, FLAG_IPV4, FLAG_IPV6, FLAG_TCP, FLAG_UDP } from "../assembly/layout.js";
import type { Burst } from "../src/burst.js";
import type { Engine } from "../src/engine.js";
import { ConfigError } from "../src/errors.js";
import { counting } from "./helpers/bytes.js";
import { censusAfterEach } from "./helpers/census.js";
import { testEngine } from "./helpers/engines.js";
import * as f from "./helpers/frames.js";
import { arrivals, bytesOf } from "./helpers/ports.js";
import { OUTER_V4, optionsOf } from "./helpers/tunnels.js";
import { encapsulate } from "./model/encapsulation.js";

censusAfterEach();

const tcp = f.ethernet(f.ipv4(f.tcp(counting(30))));
const arp = f.ethernet(f.arp());

describe("a burst", () => {
  let engine: Engine;
  let burst: Burst;
  beforeEach(async () => {
    engine = await testEngine({ mbufs: 300, payloadBytes: 256 });
    burst = engine.burst();
  });

  test("loads as many frames as there are buffers for, at most 256, from where it is told", () => {
    const frames = Array.from({ length: 600 }, (_, n) => counting(20 + (n % 30), n));
    const seen: Uint8Array[] = [];
    const lengths: number[] = [];
    for (let from = 0; from < frames.length; from += burst.length) {
      lengths.push(burst.load(arrivals(frames), from));
      seen.push(...burst.frames().map(bytesOf));
    }
    expect(lengths).toEqual([256, 256, 88]);
    expect(seen).toEqual(frames);
    expect(engine.census()).toMatchObject({ held: 88 });
    burst.release();
    expect([burst.length, engine.freeMbufs]).toEqual([0, 300]);
    burst.release();
  });

  test("stops before a frame for which there are no buffers now; 0 for one that is longer than the pool", () => {
    const long = new Uint8Array(200 * 256).fill(3);
    expect(burst.load(arrivals([arp, long, long]))).toBe(2);
    expect(burst.load(arrivals([long, long]), 1)).toBe(1);
    expect(burst.load(arrivals([new Uint8Array(301 * 256)]))).toBe(0);
    expect(engine.freeMbufs).toBe(300);
  });

  test("says of each frame what it is, or why it was refused, and leaves the refused ones alone", () => {
    const short = counting(9);
    const cut = { data: tcp.subarray(0, 30), originalLength: tcp.length, timestampNs: 77n };
    burst.load([{ data: tcp }, { data: short }, cut]);
    burst.parse();
    const [a, b, c] = burst.frames();
    expect(a).toMatchObject({
      cause: undefined,
      flags: FLAG_IPV4 | FLAG_TCP,
      payloadOffset: 54,
      originalLength: tcp.length,
    });
    expect(b).toMatchObject({ cause: "ethernet-truncated", flags: 0, payloadOffset: 0 });
    expect(c).toMatchObject({
      cause: undefined,
      flags: FLAG_IPV4 | FLAG_CUT,
      originalLength: tcp.length,
      timestampNs: 77n,
    });
    const tunnel = engine.addTunnel(optionsOf(OUTER_V4));
    burst.encapsulate(tunnel);
    const [d, e] = burst.frames();
    expect(bytesOf(d as never)).toEqual(encapsulate(tcp, OUTER_V4).bytes);
    expect([e?.cause, bytesOf(e as never)]).toEqual(["ethernet-truncated", short]);
  });

  test("takes VXLAN off: of any network, of one, on any port", () => {
    const tunnelled = [4242, 7].map((vni) => f.ethernet(f.ipv4(f.vxlan(vni, tcp))));
    const load = () => burst.load(arrivals(tunnelled));
    load();
    burst.decapsulate();
    expect(burst.frames().map(({ vni, cause }) => [vni, cause])).toEqual([
      [4242, undefined],
      [7, undefined],
    ]);
    expect(burst.frames().map(bytesOf)).toEqual([tcp, tcp]);
    load();
    burst.decapsulate({ vni: 7 });
    expect(burst.frames().map(({ cause }) => cause)).toEqual(["unknown-vni", undefined]);
    expect(burst.frames().map(bytesOf)).toEqual([tunnelled[0], tcp]);
    load();
    burst.decapsulate({ udpPort: 8472 });
    expect(burst.frames().map(({ cause }) => cause)).toEqual(["not-encapsulated", "not-encapsulated"]);
    expect(burst.frames().map(({ encapsulation }) => encapsulation)).toEqual([undefined, undefined]);
    expect(() => burst.decapsulate({ vni: 2 ** 24 })).toThrowError(ConfigError);
    expect(() => burst.decapsulate({ udpPort: 0 })).toThrowError(ConfigError);
  });

  test("says which encapsulation a frame was in", () => {
    const segments = [f.vxlan(1, tcp), f.geneve(2, tcp), f.gpe(3, tcp), f.nvgre(4, tcp), f.vxlan(5, tcp, { flags: 9 })];
    burst.load(arrivals([...segments.map((segment) => f.ethernet(f.ipv6(segment))), tcp]));
    expect(burst.frames().every(({ encapsulation }) => encapsulation === undefined)).toBe(true);
    burst.decapsulate({ strict: true });
    expect(burst.frames().map(({ encapsulation, vni, cause }) => encapsulation ?? cause ?? vni)).toEqual([
      ...["vxlan", "geneve", "vxlan-gpe", "nvgre"],
      ...["reserved-bits", "not-encapsulated"],
    ]);
    expect(burst.frames()[2]).toMatchObject({ vni: 3, flags: FLAG_IPV6 | FLAG_UDP });
    burst.load(arrivals([tcp]));
    expect(burst.frames()[0]?.encapsulation).toBeUndefined();
  });

  test("does not give a frame the VNI of the one that had its buffer before", () => {
    burst.load(arrivals([f.ethernet(f.ipv4(f.vxlan(4242, tcp)))]));
    burst.decapsulate();
    expect(burst.frames()[0]?.vni).toBe(4242);
    burst.load(arrivals([tcp]));
    expect(burst.frames()[0]).toMatchObject({ vni: 0, flags: 0, payloadOffset: 0 });
    burst.decapsulate();
    expect(burst.frames()[0]).toMatchObject({ cause: "not-encapsulated", vni: 0 });
  });

  test("judges checksums in words", () => {
    const wrong = f.ethernet(f.ipv4(f.tcp(counting(30), { checksum: 1 }), { checksum: 2 }));
    burst.load(arrivals([tcp, wrong, arp, f.ethernet(f.ipv4(f.vxlan(7, wrong, { checksum: "zero" }))), counting(3)]));
    const verdicts = burst.verify();
    const words = verdicts.map(({ cause, outer, inner }) => [cause, outer.l3, outer.l4, inner?.l3, inner?.l4]);
    expect(words).toEqual([
      [undefined, "good", "good", undefined, undefined],
      [undefined, "bad", "bad", undefined, undefined],
      [undefined, undefined, undefined, undefined, undefined],
      [undefined, "good", "absent", "bad", "bad"],
      ["ethernet-truncated", undefined, undefined, undefined, undefined],
    ]);
  });
});

test("a burst of frames of many buffers each stays within its memory", async () => {
  const engine = await testEngine({ mbufs: 32768, payloadBytes: 64, ports: 2, bursts: 1 }, "release");
  const [vnic, uplink] = [engine.addPort("vnic"), engine.addPort("uplink", { scatterGather: true })];
  const tunnel = engine.addTunnel({ ...optionsOf(OUTER_V4), vnic, uplink });
  const burst = engine.burst();
  // 200 frames of 128 buffers; a load takes 16,384 buffers at most, so 128 frames of them.
  const frames = Array.from({ length: 200 }, (_, n) => new Uint8Array(8192).fill(n + 1));
  expect(burst.load(arrivals(frames))).toBe(128);
  for (const [n, frame] of burst.frames().entries()) expect(bytesOf(frame).every((byte) => byte === n + 1)).toBe(true);
  expect(engine.census()).toMatchObject({ holds: true, held: 16_384 });
  burst.release();
  vnic.receiveBurst(arrivals([f.ethernet(f.layer3(0x88b5, counting(20)))]));
  expect(engine.transmit(tunnel)).toBe(1);
  expect(uplink.takeBurst().map(bytesOf)).toEqual([
    encapsulate(f.ethernet(f.layer3(0x88b5, counting(20))), OUTER_V4).bytes,
  ]);
});
