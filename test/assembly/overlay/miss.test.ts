/** Frames for somebody unknown: held in order, asked about once, released in order; absences; a directory out of reach; what is full. */
import { describe, expect, test } from "vitest";
import { censusAfterEach } from "../../helpers/census.js";
import { BUILDS } from "../../helpers/engines.js";
import { expectFrames, type Guest, makeWorld, type World, type WorldOptions } from "../../helpers/overlay-world.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" } } } as const satisfies WorldOptions;

async function pair(options: Partial<WorldOptions> = {}): Promise<{ world: World; a: Guest; b: Guest }> {
  const world = await makeWorld({ ...OPEN, ...options });
  const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
  world.run(50);
  return { world, a, b };
}

const numbered = (a: Guest, b: Parameters<Guest["udp"]>[0], count: number) =>
  Array.from({ length: count }, (_, i) => a.udp(b, { payload: [i >> 8, i & 0xff, 1, 2] }));
const nobody = { mac: Uint8Array.of(2, 0, 0, 0, 9, 9), ip: Uint8Array.of(10, 0, 9, 9) };
const asked = ({ directory }: World) => directory.link.counters.asked;

describe.each(BUILDS)("misses (%s build)", (build) => {
  test("frames wait in order, the directory is asked once, and they go on in order", async () => {
    const { world, a, b } = await pair({ build });
    const frames = numbered(a, b, 40);
    const before = asked(world);
    a.send(...frames);
    world.run(0.2);
    expect(b.take()).toEqual([]);
    expect(world.host(0).engine.census()).toMatchObject({ holds: true });
    world.run(10);
    expectFrames(b.take(), frames);
    // One question by the sender's host about b, one by the receiver's about a.
    expect(asked(world) - before).toBe(2);
    expect(a.dropped).toBe(0);
    expect(world.host(0).core.counters).toMatchObject({ misses: 1, questions: 1, heldFrames: 40 });
  });

  test("64 wait for one destination; more are dropped by name, and others wait for themselves", async () => {
    const { world, a, b } = await pair({ build });
    const c = world.attach(1, 3);
    world.run(10);
    // Where they arrive the sender is known: frames wait there, too, until he is.
    const d = world.attach(1, 4);
    world.run(20);
    a.send(a.udp(d));
    world.run(20);
    const frames = numbered(a, b, 70);
    a.send(...frames, ...numbered(a, c, 3));
    world.run(10);
    expectFrames(b.take(), frames.slice(0, 64));
    expect(c.take()).toHaveLength(3);
    expect(a.drops).toEqual({ "miss-queue-full": 6 });
  });

  test("when the uplink has no room, those that are left go on later, in order, before newer ones", async () => {
    // At 1 Mbit/s a frame of 96 bytes takes 0.8 ms: the queue of 16 is full for a while.
    const { world, a, b } = await pair({
      ...{ build, engine: { queueSize: 16 }, link: { delayMs: 0.05, rateBps: 1e6 } },
    });
    const c = world.attach(1, 4);
    world.run(10);
    a.send(a.udp(c));
    world.run(20);
    const frames = numbered(a, b, 60);
    for (let i = 0; i < 60; i += 15) {
      a.send(...frames.slice(i, i + 15));
      world.run(0.01);
    }
    expect(world.host(0).core.counters.heldFrames).toBe(61);
    const got: Uint8Array[] = [];
    for (let i = 0; i < 200; i++) {
      world.run(1);
      got.push(...b.take());
    }
    expectFrames(got, frames);
  });
});

test("an absence is kept for its time, and then asked about again", async () => {
  const { world, a } = await pair();
  const before = asked(world);
  a.send(a.udp(nobody), a.udp(nobody));
  world.run(10);
  a.send(a.udp(nobody));
  world.run(500);
  expect(a.drops).toEqual({ "no-endpoint": 3 });
  expect(asked(world) - before).toBe(1);
  world.run(1000);
  a.send(a.udp(nobody));
  world.run(10);
  expect(a.drops).toEqual({ "no-endpoint": 4 });
  // Renewals of leases are questions, too: what counts is the host's own.
  expect(world.host(0).core.counters.questions).toBe(2);
});

test("somebody who comes while he is known as absent is heard of at once", async () => {
  const { world, a } = await pair();
  const c = { mac: Uint8Array.of(2, 0, 0, 0, 0, 3), ip: Uint8Array.of(10, 0, 0, 3) };
  a.send(a.udp(c));
  world.run(10);
  expect(a.drops).toEqual({ "no-endpoint": 1 });
  const guest = world.attach(1, 3);
  world.run(20);
  a.send(a.udp(guest));
  world.run(5);
  expect(guest.take()).toHaveLength(1);
});

test("while the directory is out of reach frames wait, and go when their time is over, counted where they came in", async () => {
  const { world, a, b } = await pair({ host: { times: { missMs: 300 } } });
  const repair = world.cut();
  a.send(...numbered(a, b, 5));
  world.run(250);
  expect(a.dropped).toBe(0);
  world.run(5000);
  expect(a.drops).toEqual({ "miss-expired": 5 });
  repair();
  world.run(3000);
  a.send(a.udp(b));
  world.run(200);
  expect(b.take()).toHaveLength(1);
});

test("frames that wait are asked for again as soon as the directory can be reached", async () => {
  const { world, a, b } = await pair({ host: { times: { missMs: 5000 } }, directory: { timeoutMs: 200 } });
  const repair = world.cut();
  a.send(a.udp(b));
  world.run(1000);
  repair();
  world.run(1000);
  expect(b.take()).toHaveLength(1);
  expect(a.dropped).toBe(0);
});

test("cached paths serve until the lease on what is known ends; then frames wait", async () => {
  const { world, a, b } = await pair({ host: { times: { leaseMs: 2000, missMs: 300 } } });
  a.send(a.udp(b));
  world.run(10);
  expect(b.take()).toHaveLength(1);
  const repair = world.cut();
  for (let i = 0; i < 9; i++) {
    a.send(a.udp(b));
    world.run(200);
  }
  expect(b.take()).toHaveLength(9);
  world.run(300);
  a.send(a.udp(b));
  world.run(100);
  expect(b.take()).toEqual([]);
  world.run(5000);
  expect(a.drops).toEqual({ "miss-expired": 1 });
  repair();
  world.run(5000);
  a.send(a.udp(b));
  world.run(200);
  expect(b.take()).toHaveLength(1);
});

test("records and rings run out by name, and are there again", async () => {
  const { world, a, b } = await pair({ engine: { overlay: { endpoints: 16, waits: 4 } } });
  const far = (i: number) => ({ mac: Uint8Array.of(2, 0, 0, 0, 8, i), ip: Uint8Array.of(10, 0, 0, 9) });
  const repair = world.cut();
  for (let i = 0; i < 30; i++) a.send(a.udp(far(i)));
  world.run(10);
  // 30 destinations, but rings for four of them.
  expect(a.drops).toEqual({ "miss-table-full": 26 });
  world.run(10_000);
  expect(a.drops).toEqual({ "miss-table-full": 26, "miss-expired": 4 });
  repair();
  world.run(5000);
  a.send(a.udp(b));
  world.run(100);
  expect(b.take()).toHaveLength(1);
});

test("endpoints that nobody talks to are forgotten, with what was kept for them", async () => {
  const { world, a, b } = await pair({ host: { encapsulations: ["rocev2"], times: { idleMs: 5000 } } });
  const { plane } = world.host(0).core;
  const before = plane.endpointCount;
  const free = world.host(0).engine.freeMbufs;
  a.send(...numbered(a, b, 10));
  world.run(50);
  b.take();
  expect(plane.endpointCount).toBe(before + 1);
  expect(world.host(0).engine.freeMbufs).toBe(free - 10);
  world.run(20_000);
  expect(plane.endpointCount).toBe(before);
  expect(world.host(0).engine.freeMbufs).toBe(free);
});

test("what waits when its partition goes is dropped, and nobody else sends it", async () => {
  const { world, a, b } = await pair({
    networks: { blue: { vni: 42, default: "allow" }, red: { vni: 43, default: "allow" } },
    directory: { delayMs: 20 },
  });
  const redB = world.attach(1, 2, { network: "red" });
  world.run(200);
  const vnic = a.vnic;
  a.send(a.udp(b));
  world.run(1);
  world.host(0).core.detach(a.attachment, world.fabric.nowMs);
  // The same addresses, on the same port, in another network.
  const red = world.attach(0, 1, { network: "red", vnic });
  world.run(500);
  expect(red.attachment.state).toBe("live");
  expect([b.take(), redB.take()]).toEqual([[], []]);
  expect(vnic.counters.drops).toEqual({ "unknown-partition": 1 });
});

test("what a partition has sent and nobody has read goes with it", async () => {
  const { world, a } = await pair({
    networks: { blue: { vni: 42, default: "allow" }, red: { vni: 43, default: "allow" } },
  });
  const redB = world.attach(1, 2, { network: "red" });
  world.run(50);
  const vnic = a.vnic;
  a.send(a.udp(redB), a.udp(redB));
  world.host(0).core.detach(a.attachment, world.fabric.nowMs);
  const red = world.attach(0, 1, { network: "red", vnic });
  world.run(100);
  expect([red.attachment.state, redB.take(), vnic.counters.drops]).toEqual(["live", [], { "unknown-partition": 2 }]);
  red.send(red.udp(redB));
  world.run(50);
  expect(redB.take()).toHaveLength(1);
});
