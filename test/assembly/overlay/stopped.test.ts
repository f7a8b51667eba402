/** Frames of a guest that has stopped wait where they are, in their order: those of others, for the same endpoint, go past them. */
import { describe, expect, test } from "vitest";
import { censusAfterEach } from "../../helpers/census.js";
import { BUILDS } from "../../helpers/engines.js";
import { expectFrames, type Guest, makeWorld, type WorldOptions } from "../../helpers/overlay-world.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" } } } as const satisfies WorldOptions;

/** Two guests of one host, one of another. */
async function cast(options: Partial<WorldOptions>) {
  const world = await makeWorld({ ...OPEN, ...options });
  const [a, c, b] = [world.attach(0, 1), world.attach(0, 3), world.attach(1, 2)];
  world.run(50);
  return { world, a, b, c };
}

const numbered = (from: Guest, to: Guest, first: number, count: number) =>
  Array.from({ length: count }, (_, i) => from.udp(to, { payload: [from.n, first + i, 1, 2] }));

function pause({ host, vnic }: Guest, paused: boolean): void {
  const { plane } = host.core;
  plane.mark(plane.vnicOf(vnic) as NonNullable<ReturnType<typeof plane.vnicOf>>, { diverted: false, paused });
}

const from = (frames: readonly Uint8Array[], { mac }: Guest) =>
  frames.filter((frame) => Buffer.compare(frame.subarray(6, 12), mac) === 0);

describe.each(BUILDS)("a guest that has stopped (%s build)", (build) => {
  test("has nobody wait behind its frames, nor finds the ring full of others'", async () => {
    const { world, a, b, c } = await cast({ build });
    const held = numbered(a, b, 0, 40);
    a.send(...held);
    const first = numbered(c, b, 0, 20);
    c.send(...first);
    world.run(0.02);
    pause(a, true);
    world.run(10);
    expectFrames(b.take(), first);
    const { heldFrames } = world.host(0).core.counters;
    for (let i = 20; i < 220; i += 50) {
      const more = numbered(c, b, i, 50);
      c.send(...more);
      world.run(1);
      expectFrames(b.take(), more);
    }
    expect(c.drops).toEqual({});
    expect(world.host(0).core.counters.heldFrames).toBe(heldFrames);
    const last = numbered(a, b, 40, 3);
    a.send(...last);
    world.run(20);
    expect(b.take()).toEqual([]);
    pause(a, false);
    world.run(20);
    expectFrames(b.take(), [...held, ...last]);
  });

  test("keeps its order, and others theirs, while the uplink has no room", async () => {
    // At 1 Mbit/s a frame of 96 bytes takes 0.8 ms: the queue of 16 is full for a while.
    const link = { delayMs: 0.05, rateBps: 1e6 };
    const { world, a, b, c } = await cast({ build, engine: { queueSize: 16 }, link });
    const [ofA, ofC] = [numbered(a, b, 0, 30), numbered(c, b, 0, 30)];
    for (let i = 0; i < 30; i += 10) {
      a.send(...ofA.slice(i, i + 10));
      c.send(...ofC.slice(i, i + 10));
      world.run(0.01);
    }
    pause(a, true);
    const got: Uint8Array[] = [];
    for (let i = 0; i < 200; i++) {
      world.run(1);
      got.push(...b.take());
      if (i === 12) expect(from(got, a)).toEqual([]);
      if (i % 6 === 0) pause(a, i % 12 !== 0);
    }
    pause(a, false);
    world.run(100);
    got.push(...b.take());
    expectFrames(from(got, a), ofA);
    expectFrames(from(got, c), ofC);
  });

  test("has its frames wait behind those of others that are asked about again", async () => {
    const { world, a, b, c } = await cast({ build, host: { times: { leaseMs: 2000, missMs: 5000 } } });
    a.send(...numbered(a, b, 0, 2));
    world.run(0.02);
    pause(a, true);
    world.run(10);
    const repair = world.cut();
    world.run(3000);
    // What is known of other hosts has ended.
    const waiting = numbered(c, b, 0, 5);
    c.send(...waiting);
    world.run(10);
    expect(b.take()).toEqual([]);
    repair();
    world.run(3000);
    expectFrames(b.take(), waiting);
    pause(a, false);
    world.run(10);
    expectFrames(b.take(), numbered(a, b, 0, 2));
  });
});
