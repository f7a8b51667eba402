import { describe, expect, test } from "vitest";
import { Loopback } from "../../src/driver/loopback.js";
import { counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { makeHost, mirrored } from "../helpers/hosts.js";
import { arrivals, bytesOf, drain } from "../helpers/ports.js";
import { Random } from "../helpers/property.js";
import { OUTER_V4 } from "../helpers/tunnels.js";

censusAfterEach();

/** A port that sends whatever arrives on it, by way of the host: enough of a stack to feed a cable. */
async function makeEnd(name: string, mbufs: number, queueSize: number, payloadBytes = 128) {
  const engine = await testEngine({ mbufs, queueSize, payloadBytes });
  return { engine, port: engine.addPort(name, { scatterGather: true }) };
}

function post(port: Awaited<ReturnType<typeof makeEnd>>["port"], data: Uint8Array): boolean {
  const frame = port.reserve(data.length);
  if (!frame) return false;
  frame.payload.set(data);
  if (port.post(frame)) return true;
  frame.release();
  return false;
}

describe("a cable between two ports", () => {
  test("carries frames both ways, in order, and says how many", async () => {
    const [a, b] = [await makeEnd("a", 32, 16), await makeEnd("b", 32, 16)];
    const seen: string[] = [];
    const cable = new Loopback(a.port, b.port, (frame, from) => seen.push(`${from.name} ${bytesOf(frame).length}`));
    for (const length of [10, 20, 30]) post(a.port, counting(length));
    post(b.port, counting(40));
    expect([cable.pump(), cable.pump(), cable.isDone]).toEqual([4, 0, true]);
    expect(seen).toEqual(["a 10", "a 20", "a 30", "b 40"]);
    expect([a.port.counters.rxFrames, b.port.counters.rxFrames]).toEqual([1, 3]);
    expect([a.engine.freeMbufs, b.engine.freeMbufs]).toEqual([31, 29]);
  });

  test("puts the spans of a frame together", async () => {
    const [a, b] = [await makeEnd("a", 32, 16), await makeEnd("b", 32, 16, 1024)];
    const cable = new Loopback(a.port, b.port);
    const fragments = a.port.reserveBurst(30, 3);
    for (const [i, fragment] of fragments.entries()) fragment.payload.set(counting(30, i));
    a.port.postFragments(counting(14, 99), fragments, "scatter");
    expect(cable.pump()).toBe(1);
    expect(b.port.counters).toMatchObject({ rxFrames: 1, rxBytes: 104 });
  });

  test("loses nothing when the far end is full: what waits is in the driver's hands, and the census counts it", async () => {
    const [a, b] = [await makeEnd("a", 64, 32), await makeEnd("b", 64, 4)];
    const cable = new Loopback(a.port, b.port);
    for (let i = 0; i < 10; i++) post(a.port, counting(20 + i));
    expect(cable.pump()).toBe(4);
    expect(cable.pump()).toBe(0);
    expect(a.engine.census()).toMatchObject({ queues: 6, free: 58, holds: true });
    expect(b.engine.census()).toMatchObject({ rings: 4, holds: true });
  });

  test("loses nothing when the far pool is empty", async () => {
    const [a, b] = [await makeEnd("a", 64, 32), await makeEnd("b", 5, 32)];
    const cable = new Loopback(a.port, b.port);
    const held = b.port.reserveBurst(1, 3);
    for (let i = 0; i < 4; i++) post(a.port, counting(20 + i));
    expect(cable.pump()).toBe(2);
    for (const frame of held) frame.release();
    expect(cable.pump()).toBe(2);
    expect(b.port.counters.rxFrames).toBe(4);
  });

  test("two thousand frames come through a narrow far end, each once and in order", async () => {
    const a = await makeHost(OUTER_V4, "debug", { mbufs: 128, queueSize: 64 });
    const b = await makeHost(mirrored(OUTER_V4), "debug", { mbufs: 16, queueSize: 4 });
    const cable = new Loopback(a.uplink, b.uplink);
    const random = new Random();
    const frameOf = (n: number) =>
      f.ethernet(f.layer3(0x88b5, counting(20 + (n % 50), n)), { src: [2, 0, 0, 0, n >> 8, n & 0xff] });
    const count = 2000;
    let sent = 0;
    let arrived = 0;
    let waited = 0;
    while (arrived < count) {
      const burst = Array.from({ length: Math.min(random.below(40), count - sent) }, (_, i) => frameOf(sent + i));
      sent += a.vnic.receiveBurst(arrivals(burst));
      a.engine.poll();
      cable.pump();
      waited += a.engine.census().queues;
      expect([a.engine.census().holds, b.engine.census().holds]).toEqual([true, true]);
      if (random.below(3) > 0) b.engine.poll();
      for (const { bytes } of drain(b.vnic)) expect(Buffer.compare(bytes, frameOf(arrived++))).toBe(0);
    }
    expect([sent, arrived]).toEqual([count, count]);
    expect(waited).toBeGreaterThan(0);
    expect([a.vnic.counters.drops, b.uplink.counters.drops]).toEqual([{}, {}]);
  });
});
