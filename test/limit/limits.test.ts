import { describe, expect, test } from "vitest";
import type { Outgoing } from "../../src/buffer/outgoing.js";
import type { Port } from "../../src/buffer/port.js";
import { ConfigError } from "../../src/errors.js";
import type { LimitPolicy } from "../../src/limit/policy.js";
import { BUILDS, testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { arrivals, drain, settle } from "../helpers/ports.js";

const OUTER = { src: [192, 0, 2, 2], dst: [192, 0, 2, 1] } as const;
/** A limit that stays where it is. */
const fixed = (mbufs: number): LimitPolicy => ({ floor: mbufs, preset: mbufs, ceiling: mbufs });

/** A guest's frame of so many bytes of payload. */
const frame = (source: readonly number[], bytes = 100) =>
  f.ethernet(f.ipv4(f.udp(new Uint8Array(bytes)), { src: source, dst: [10, 0, 0, 9] }));
/** The same, as the underlay brings it. */
const arrived = (inner: Uint8Array) => f.ethernet(f.ipv4(f.vxlan(42, inner), OUTER));

/** A guest behind a tunnel. */
async function host(build: (typeof BUILDS)[number] = "debug", mbufs = 64) {
  const engine = await testEngine(
    { mbufs, payloadBytes: 512, queueSize: 64, limits: { partitions: 4, peers: 8 } },
    build,
  );
  const [vnic, uplink] = [engine.addPort("vnic", { scatterGather: true }), engine.addPort("uplink")];
  engine.addTunnel({ vni: 42, local: "192.0.2.1", remote: "192.0.2.2", vnic, uplink });
  return { engine, vnic, uplink };
}

function takeAll(port: Port): Outgoing[] {
  const all: Outgoing[] = [];
  for (let frames = port.takeBurst(); frames.length > 0; frames = port.takeBurst()) all.push(...frames);
  return all;
}

describe.each(BUILDS)("limits of an engine (%s build)", (build) => {
  test("what a guest sends is its own until it has left the host", async () => {
    const { engine, vnic, uplink } = await host(build);
    const limits = engine.addLimits();
    limits.addPartition("web", [vnic], fixed(5));
    expect(vnic.receiveBurst(arrivals(Array.from({ length: 8 }, () => frame([10, 0, 0, 1]))))).toBe(8);
    expect(vnic.counters.drops).toEqual({ "mbuf-limit": 3 });
    expect(limits.report("web")).toMatchObject({ inUse: 5, frames: 5, refused: 3, limit: 5 });
    settle(engine);
    // Posted on the uplink, and in nobody's hands yet.
    expect(limits.report("web").inUse).toBe(5);
    const sent = takeAll(uplink);
    uplink.complete(sent.slice(0, 2));
    expect(limits.report("web").inUse).toBe(3);
    uplink.complete(sent.slice(2));
    expect(limits.report("web")).toMatchObject({ inUse: 0, frames: 5, refused: 3 });
    expect(limits.tick(1)).toEqual([]);
  });

  test("what is delivered is the guest's until it gives it back, in chains whole or not at all", async () => {
    const { engine, vnic, uplink } = await host(build);
    const limits = engine.addLimits();
    limits.addPartition("web", [vnic], fixed(5));
    limits.addPartition("wire", [uplink], fixed(32));
    const long = arrived(frame([10, 0, 0, 1], 700));
    uplink.receiveBurst(arrivals([long, long, long, arrived(frame([10, 0, 0, 1]))]));
    expect(limits.report("wire")).toMatchObject({ inUse: 7, frames: 4 });
    expect(limits.report("web").inUse).toBe(0);
    settle(engine);
    // Two of two mbufs each and the short one; the third long one does not fit any more.
    expect(limits.report("wire").inUse).toBe(0);
    expect(limits.report("web").refused).toBe(1);
    expect(uplink.counters.drops).toEqual({ "mbuf-limit": 1 });
    expect(drain(vnic)).toHaveLength(3);
    expect(limits.report("web")).toMatchObject({ inUse: 0, frames: 3 });
    expect(engine.census().holds).toBe(true);
  });

  test("a peer has a record of its own once it was seen, IPv4 and IPv6", async () => {
    const { engine, vnic, uplink } = await host(build);
    const limits = engine.addLimits();
    limits.addPartition("web", [vnic], { floor: 4, preset: 16, ceiling: 64 }, fixed(3));
    const ipv6 = f.ethernet(f.ipv6(f.udp(new Uint8Array(9)), { src: [0xfd, ...new Array(14).fill(0), 7] }));
    const inners = [frame([10, 0, 0, 1]), frame([10, 0, 0, 2]), ipv6, frame([10, 0, 0, 1])];
    uplink.receiveBurst(arrivals(inners.map(arrived)));
    settle(engine);
    expect(limits.report("web")).toMatchObject({ inUse: 4, frames: 4 });
    limits.tick(1);
    expect(limits.reports().map(({ peer }) => peer)).toEqual([undefined, "10.0.0.1", "10.0.0.2", "fd00::7"]);
    for (let i = 0; i < 4; i++) uplink.receiveBurst(arrivals(inners.map(arrived)));
    settle(engine);
    expect(limits.report("web", "10.0.0.1")).toMatchObject({ inUse: 3, frames: 3, refused: 5 });
    expect(limits.report("web", "10.0.0.2")).toMatchObject({ inUse: 3, frames: 3, refused: 1 });
    expect(limits.report("web", "fd00::7")).toMatchObject({ inUse: 3, frames: 3, refused: 1 });
    expect(limits.report("web").inUse).toBe(4);
    drain(vnic);
    expect(limits.reports().map(({ inUse }) => inUse)).toEqual([0, 0, 0, 0]);
  });

  test("a flood from invented addresses is charged to the partition, and takes no record from a peer that is there", async () => {
    const { engine, vnic, uplink } = await host(build, 512);
    const limits = engine.addLimits({ wall: 64 });
    limits.addPartition("web", [vnic], { floor: 4, preset: 8, ceiling: 60 }, fixed(4));
    uplink.receive(arrived(frame([10, 0, 0, 1])));
    settle(engine);
    limits.tick(1);
    for (let i = 0; i < 300; i++) {
      uplink.receive(arrived(frame([10, 1, i >> 8, i & 0xff])));
      engine.poll();
      if (i % 10 === 0) limits.tick(2 + i);
    }
    uplink.receive(arrived(frame([10, 0, 0, 1])));
    settle(engine);
    expect(limits.report("web", "10.0.0.1").frames).toBe(1);
    expect(limits.reports()).toHaveLength(9); // as many peers as were planned
    expect(limits.committed).toBeLessThanOrEqual(64);
    const held = limits.reports().reduce((sum, { inUse }) => sum + inUse, 0);
    expect(held).toBe(512 - engine.freeMbufs);
    drain(vnic);
    expect(engine.freeMbufs).toBe(512);
  });

  test("an idle peer loses its record, and one that comes again gets one", async () => {
    const { engine, vnic, uplink } = await host(build);
    const limits = engine.addLimits({ peerIdleMs: 1000 });
    limits.addPartition("web", [vnic], { floor: 4, preset: 16, ceiling: 64 }, fixed(3));
    const send = () => {
      uplink.receive(arrived(frame([10, 0, 0, 1])));
      settle(engine);
    };
    send();
    limits.tick(0);
    send();
    // It holds a frame: it stays, however long.
    for (let ms = 100; ms < 5000; ms += 100) limits.tick(ms);
    expect(limits.report("web", "10.0.0.1").inUse).toBe(1);
    drain(vnic);
    limits.tick(5000);
    limits.tick(5800);
    expect(limits.reports()).toHaveLength(2);
    limits.tick(6100);
    expect(limits.reports()).toHaveLength(1);
    send();
    limits.tick(6200);
    expect(limits.report("web", "10.0.0.1")).toMatchObject({ frames: 0, inUse: 0 });
    drain(vnic);
  });

  test("a partition that is removed keeps what it holds until that is back", async () => {
    const { engine, vnic, uplink } = await host(build);
    const limits = engine.addLimits({ wall: 40 });
    limits.addPartition("web", [vnic], { floor: 4, preset: 16, ceiling: 32 }, fixed(3));
    uplink.receiveBurst(arrivals(Array.from({ length: 6 }, () => arrived(frame([10, 0, 0, 1])))));
    settle(engine);
    limits.tick(1);
    limits.removePartition("web");
    expect(() => limits.report("web")).toThrow(ConfigError);
    expect([limits.committed, limits.reports().map(({ inUse, draining }) => ({ inUse, draining }))]).toEqual([
      6,
      [{ inUse: 6, draining: true }],
    ]);
    // Nobody counts the port's frames now.
    uplink.receive(arrived(frame([10, 0, 0, 1])));
    settle(engine);
    expect(limits.reports()[0]?.inUse).toBe(6);
    expect(drain(vnic)).toHaveLength(7);
    limits.tick(200);
    expect([limits.committed, limits.reports()]).toEqual([0, []]);
    limits.addPartition("web", [vnic], fixed(3));
    expect(limits.report("web")).toMatchObject({ frames: 0, limit: 3 });
  });

  test("as a batch's depth: a guest is handed no more mbufs at once than its limit", async () => {
    const { engine, vnic, uplink } = await host(build);
    const limits = engine.addLimits({ reading: "batch" });
    limits.addPartition("web", [vnic], fixed(4));
    const inners = [...Array.from({ length: 9 }, () => frame([10, 0, 0, 1]))];
    uplink.receiveBurst(arrivals(inners.map(arrived)));
    settle(engine);
    const batches = Array.from({ length: 4 }, () => {
      const frames = vnic.takeBurst();
      vnic.complete(frames);
      return frames.length;
    });
    expect(batches).toEqual([4, 4, 1, 0]);
    limits.tick(1);
    expect(limits.report("web")).toMatchObject({ frames: 3, refused: 0, inUse: 0 });
  });

  test("a batch takes a frame that alone has more mbufs than the limit", async () => {
    const engine = await testEngine({ payloadBytes: 64, limits: {} }, build);
    const vnic = engine.addPort("vnic", { scatterGather: true });
    const uplink = engine.addPort("uplink");
    engine.addTunnel({ vni: 42, local: "192.0.2.1", remote: "192.0.2.2", vnic, uplink });
    const limits = engine.addLimits({ reading: "batch" });
    limits.addPartition("web", [vnic], fixed(2));
    uplink.receiveBurst(arrivals([200, 10].map((bytes) => arrived(frame([10, 0, 0, 1], bytes)))));
    settle(engine);
    expect(drain(vnic).map(({ spans }) => spans.length > 2)).toEqual([true, false]);
  });
});

describe("what limits refuse", () => {
  test("an engine without room for them, a second one, a wall beyond the pool", async () => {
    const without = await testEngine();
    expect(() => without.addLimits()).toThrow(
      new ConfigError("limits", undefined, "given to createEngine, {} for the defaults"),
    );
    const { engine } = await host();
    expect(() => engine.addLimits({ wall: 65 })).toThrow(new ConfigError("wall", 65, "a whole number from 1 to 64"));
    engine.addLimits();
    expect(() => engine.addLimits()).toThrow("one for each engine");
  });

  test("a port of another partition, and peers of a batch", async () => {
    const { engine, vnic, uplink } = await host();
    const limits = engine.addLimits();
    limits.addPartition("web", [vnic], fixed(3));
    expect(() => limits.addPartition("db", [uplink, vnic], fixed(3))).toThrow("ports[1]");
    expect(limits.reports()).toHaveLength(1);
    const other = await host();
    const batches = other.engine.addLimits({ reading: "batch" });
    expect(() => batches.addPartition("web", [other.vnic], fixed(3), fixed(3))).toThrow("peerPolicy");
  });
});
