/** Where limits meet clocks, other engines, floods of addresses and things that are full. */
import { expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { createAccounts } from "../../src/limit/plane/own-accounts.js";
import type { LimitPolicy } from "../../src/limit/policy.js";
import { testEngine, wasmBytes } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { makeWorld } from "../helpers/overlay-world.js";
import { arrivals, drain, settle } from "../helpers/ports.js";

const fixed = (mbufs: number): LimitPolicy => ({ floor: mbufs, preset: mbufs, ceiling: mbufs });
const ROOMY = { floor: 8, preset: 8, ceiling: 64 };
const from = (a: number, b: number, vni: number) => {
  const inner = f.ethernet(f.ipv4(f.udp(new Uint8Array(9)), { src: [10, 0, a, b], dst: [10, 9, 9, 9] }));
  return f.ethernet(f.ipv4(f.vxlan(vni, inner), { src: [192, 0, 2, 2], dst: [192, 0, 2, 1] }));
};

/** Two guests behind an uplink, networks 42 and 43. */
async function host(limits = {}, more = {}) {
  const engine = await testEngine({ mbufs: 256, queueSize: 128, limits, ...more });
  const [a, b, uplink] = ["a", "b", "uplink"].map((name) => engine.addPort(name)) as [
    ReturnType<typeof engine.addPort>,
    ReturnType<typeof engine.addPort>,
    ReturnType<typeof engine.addPort>,
  ];
  for (const [vni, vnic] of [[42, a] as const, [43, b] as const]) {
    engine.addTunnel({ vni, local: "192.0.2.1", remote: "192.0.2.2", vnic, uplink });
  }
  return { engine, a, b, uplink };
}

test("the first tick tells the time, and is no window of fifty years", async () => {
  const { engine, a } = await host();
  const limits = engine.addLimits();
  limits.addPartition("a", [a]);
  expect(limits.tick(1.7e12)).toEqual([]);
  expect(limits.tick(1.7e12 + 99)).toEqual([]);
  expect(limits.report("a").limit).toBe(256);
});

test("a partition that comes to a host after a silence begins its window then", async () => {
  const world = await makeWorld({ networks: { blue: { vni: 42, default: "allow" } }, limits: {} });
  world.run(5000);
  const guest = world.attach(0, 1, { mbufs: { policy: { floor: 8, preset: 64, ceiling: 128 } } });
  world.run(50);
  expect(guest.host.events.filter(({ type }) => type === "limit")).toEqual([]);
});

test("a clock that steps back stands still", async () => {
  const { engine, a, uplink } = await host();
  const limits = engine.addLimits();
  const sojourn = { floor: 8, preset: 32, ceiling: 64, reduce: { by: "sojourn" } } as const;
  limits.addPartition("a", [a], sojourn);
  for (let round = 0; round < 400; round++) {
    limits.tick(1000 + round);
    uplink.receiveBurst(arrivals([from(1, 1, 42), from(1, 2, 42)]));
    settle(engine);
    expect(limits.tick(1000 + round - 3).filter(({ reason }) => reason.code === "sojourn-above")).toEqual([]);
    drain(a);
  }
  expect(() => limits.tick(Number.NaN)).toThrow("nowMs");
});

test("a flood of invented addresses takes one partition's part of the records", async () => {
  const { engine, a, b, uplink } = await host({ peers: 8 });
  const limits = engine.addLimits({ wall: 200 });
  limits.addPartition("a", [a], { ...ROOMY, ceiling: 128 }, fixed(4));
  limits.addPartition("b", [b], ROOMY, fixed(4));
  for (let ms = 0; ms < 40; ms++) {
    for (let i = 0; i < 16; i++) uplink.receive(from(ms, i, 42));
    if (ms > 10) uplink.receive(from(200, 1, 43));
    settle(engine);
    limits.tick(ms);
    for (const vnic of [a, b]) drain(vnic);
  }
  const peers = limits.reports().filter(({ peer }) => peer !== undefined);
  expect(peers.filter(({ partition }) => partition === "a")).toHaveLength(4);
  expect(peers.filter(({ partition }) => partition === "b").map(({ peer }) => peer)).toEqual(["10.0.200.1"]);
  // Those that send nothing any more are forgotten long before peerIdleMs.
  for (let ms = 40; ms < 1200; ms += 10) limits.tick(ms);
  expect(limits.reports().filter(({ partition }) => partition === "a")).toHaveLength(1);
});

test("health that is measured for nobody more gives no record, and refuses a partition whole", async () => {
  const { engine, a, b, uplink } = await host({}, { health: { peers: 1 } });
  const limits = engine.addLimits();
  const byTcp = { ...fixed(4), reduce: { by: "tcp" } } as const;
  limits.addPartition("a", [a], ROOMY, byTcp);
  for (let ms = 0; ms < 3; ms++) {
    for (const peer of [1, 2]) uplink.receive(from(0, peer, 42));
    settle(engine);
    limits.tick(ms);
    drain(a);
  }
  expect(limits.reports()).toHaveLength(2);
  expect(() => limits.addPartition("b", [b], byTcp)).toThrow("partitions.b.reduce.by");
  limits.addPartition("b", [b], fixed(4));
  expect(limits.report("b").limit).toBe(4);
});

test("another engine's port is refused, and a host's limits must be its engine's", async () => {
  const [x, y] = [await host(), await host()];
  const limits = x.engine.addLimits();
  expect(() => limits.addPartition("w", [y.a], fixed(3))).toThrow(ConfigError);
  limits.addPartition("w", [x.a], fixed(3));
  expect(() => limits.addPort("w", y.a)).toThrow("of this engine");
  const options = { networks: { blue: { vni: 42 } }, host: { limits } };
  await expect(makeWorld(options)).rejects.toThrow("what addLimits of this host's engine gave");
});

test("a bad option leaves the memory to the next call", async () => {
  const { engine, a } = await host({ peers: 100_000 });
  expect(() => engine.addLimits({ series: -1 })).toThrow("series");
  expect(() => engine.addLimits({ reading: "both" as "held" })).toThrow("reading");
  engine.addLimits().addPartition("a", [a]);
});

test("a poll that finds nothing is no batch", async () => {
  const { engine, a, uplink } = await host();
  const limits = engine.addLimits({ reading: "batch" });
  limits.addPartition("a", [a], { floor: 4, preset: 8, ceiling: 64 });
  for (let ms = 0; ms < 20; ms++) {
    uplink.receiveBurst(arrivals(Array.from({ length: 64 }, () => from(0, 1, 42))));
    settle(engine);
    for (let frames = a.takeBurst(); frames.length > 0; frames = a.takeBurst()) {
      a.complete(frames);
      for (let i = 0; i < 5; i++) if (i > 0 && frames.length < 4) a.takeBurst();
      limits.tick(ms);
    }
  }
  expect(limits.report("a").limit).toBe(64);
});

test("an attachment that finds no room gives its vnic back", async () => {
  const networks = { blue: { vni: 42, default: "allow" as const } };
  const world = await makeWorld({ networks, limits: {}, engine: { overlay: { endpoints: 16 } } });
  const mbufs = { policy: fixed(4) };
  const others = [];
  for (let n = 1; n <= 5; n++) {
    try {
      others.push(world.attach(0, n));
    } catch {
      break;
    }
    world.run(20);
  }
  const vnic = world.host(0).idleVnic();
  expect(() => {
    for (let n = 10; n < 40; n++) {
      const { attachment } = world.attach(0, n, { vnic, mbufs });
      world.host(0).core.detach(attachment, world.fabric.nowMs);
      world
        .host(0)
        .core.plane.endpoints.make({ network: attachment.network.plane.ptr, mac: Uint8Array.of(2, 0, 0, 1, 0, n) });
    }
  }).toThrow(ConfigError);
  for (const { attachment } of others) world.host(0).core.detach(attachment, world.fabric.nowMs);
  world.run(200);
  const late = world.attach(0, 50, { vnic, mbufs });
  world.run(50);
  expect(late.attachment.state).toBe("live");
});

test("accounts without an engine check what they are told", async () => {
  const accounts = await createAccounts(2, wasmBytes("debug"));
  const owner = accounts.open(4, 4, 9);
  expect(() => accounts.charge(1, 1, 1)).toThrow(new ConfigError("owner", 1, "one that is open"));
  expect(() => accounts.charge(owner, 0, 1)).toThrow("mbufs");
  accounts.charge(owner, 2, 1);
  expect(() => accounts.release(owner, 3, 1)).toThrow("a whole number from 1 to 2");
  expect(() => accounts.release(owner, 1, -5)).toThrow("heldMs");
  accounts.release(owner, 2, 5);
  accounts.shut(owner);
  expect(() => accounts.shut(owner)).toThrow("one that is open");
});
