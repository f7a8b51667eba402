import { describe, expect, test } from "vitest";
import { AdapterFrames } from "../../../src/migrate/state/frames/adapter-frames.js";
import { FramesPart } from "../../../src/migrate/state/frames/part.js";
import { QueuesPart } from "../../../src/migrate/state/queues-part.js";
import { concat, counting } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import { BUILDS, testEngine } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { modelBlock } from "../../model/state-block.js";
import { framesSection, lengthOf, portableFramesSection } from "../../model/vnic.js";
import { happen, Twin, type VnicWorld, vnicWorld } from "./vnic-world.js";

censusAfterEach();

const HOPS = 40;
const STEPS = 40;

/** What the twin says that the block is; only the counters are taken from the port, since other tests hold those to twins. */
function expectedBlock({ port, memory }: VnicWorld, twin: Twin): Uint8Array {
  const { arena } = memory.owner;
  const counters = arena.u8.slice(port.record.counters, port.record.counters + 128 * 8);
  return modelBlock("ringlane-partition", 1, [
    { name: "frames", version: 1, bytes: framesSection(twin.all()) },
    { name: "queues", version: 1, bytes: twin.queues() },
    { name: "counters", version: 1, bytes: counters },
    { name: "held-2", version: 1, bytes: Uint8Array.of(twin.sent.length) },
    { name: "held-3", version: 1, bytes: Uint8Array.of(twin.arrived.length) },
  ]);
}

function insert(world: VnicWorld, block: Uint8Array): void {
  const apply = world.native.prepare(block, 0);
  if (typeof apply !== "function") throw new Error(JSON.stringify(apply));
  apply();
}

describe.each(BUILDS)("a vnic's state (%s build)", (build) => {
  test.each([2, 8, 16])("goes from engine to engine, queues of %i", async (queueSize) => {
    const random = new Random(queueSize);
    const twin = new Twin(queueSize);
    let world = await vnicWorld({ build, queueSize });
    const seen = { taken: 0, posted: 0, chains: 0, cut: 0, held: 0, laps: new Set<number>() };
    for (let hop = 0; hop < HOPS; hop++) {
      for (let step = 0; step < STEPS; step++) happen(world, twin, random);
      seen.taken += twin.taken.length;
      seen.posted += twin.posted.length;
      seen.chains += twin.all().filter(({ frame }) => frame.segments.length > 1).length;
      seen.cut += twin.all().filter(({ frame }) => frame.wireBytes > lengthOf(frame)).length;
      seen.held += twin.sent.length + twin.arrived.length;
      seen.laps.add(twin.usedWrap);
      const block = world.native.extract(0).slice();
      expect(Buffer.compare(block, expectedBlock(world, twin)), `hop ${hop}: not what the twin says`).toBe(0);
      expect(world.engine.census().holds).toBe(true);

      const next = await vnicWorld({ build, queueSize, mbufs: 96 + random.below(50) });
      insert(next, block);
      expect(next.engine.census().holds).toBe(true);
      expect(Buffer.compare(next.native.extract(0), block), `hop ${hop}: not read back as it was`).toBe(0);
      expect(next.port.counters).toEqual(world.port.counters);
      expect(next.port.inFlight.map(({ id }) => id)).toEqual(world.port.inFlight.map(({ id }) => id));

      letGo(world, twin, hop % 2 === 0);
      world = next;
      // What is held goes on, so that it does not fill the pool.
      if (hop % 4 === 3) releaseHeld(world, twin);
    }
    // Nothing was shown of what never was.
    expect(Math.min(seen.taken, seen.posted, seen.chains, seen.cut, seen.held)).toBeGreaterThan(0);
    expect(seen.laps.size).toBe(2);
  });

  test("empty queues keep their cursors", async () => {
    const random = new Random(7);
    const twin = new Twin(8);
    let world = await vnicWorld({ build, queueSize: 8 });
    for (let hop = 0; hop < 30; hop++) {
      for (let i = random.below(7); i >= 0; i--) {
        world.port.post(world.port.reserve(1) as never);
        twin.post({ timestampNs: 0n, wireBytes: 1, segments: [new Uint8Array(1)] });
      }
      twin.take();
      const taken = world.port.takeBurst();
      world.port.complete(taken);
      twin.complete(taken.map(({ id }) => id));
      const next = await vnicWorld({ build, queueSize: 8 });
      insert(next, world.native.extract(0));
      expect(next.port.takeBurst()).toEqual([]);
      next.port.reap();
      expect(next.engine.freeMbufs).toBe(96);
      expect(Buffer.compare(next.native.extract(0), expectedBlock(next, twin))).toBe(0);
      world = next;
    }
  });
});

/** The source gives everything back to its pool, and can be used again. */
function letGo(world: VnicWorld, twin: Twin, isSurrendered: boolean): void {
  const inFlight = world.port.inFlight;
  if (isSurrendered) {
    const frames = world.frames.surrender();
    expect(frames).toEqual(
      twin.all().map(({ place, frame }) => ({
        place,
        data: concat(...frame.segments),
        originalLength: frame.wireBytes,
        timestampNs: frame.timestampNs,
      })),
    );
  } else {
    world.frames.drop();
  }
  expect(world.engine.census()).toMatchObject({ holds: true, free: world.memory.owner.pool.shape.mbufs });
  // A driver that had some in its hands may still say that it is done with them.
  world.port.complete(inFlight);
  expect(world.engine.census()).toMatchObject({ holds: true, free: world.memory.owner.pool.shape.mbufs });
  world.port.post(world.port.reserve(3) as never);
  expect(world.port.takeBurst()).toHaveLength(1);
}

function releaseHeld({ sent, arrived, memory }: VnicWorld, twin: Twin): void {
  const { kernels, pool } = memory.owner;
  for (const holder of [sent, arrived]) {
    const mbufs = [...holder.mbufs()];
    holder.letGo();
    for (const m of mbufs) kernels.free(pool.ptr, m);
  }
  twin.sent = [];
  twin.arrived = [];
}

test.each([512, 1000, 1500, 2048])(
  "a block of frames of %i bytes is less than 5 percent larger than they are",
  async (frameBytes) => {
    const engine = await testEngine({ mbufs: 256, queueSize: 128, ports: 1, migration: {} }, "release");
    const port = engine.addPort("net0");
    const frames = new AdapterFrames(engine.migration, port);
    for (let i = 0; i < 128; i++) {
      port.receive(counting(frameBytes));
      port.post(port.reserve(frameBytes) as never);
    }
    const section = new FramesPart(frames).extract(0);
    expect(frames.extracted.total).toBe(256);
    expect(section.length).toBeLessThan(256 * frameBytes * 1.05);
    expect(new QueuesPart(frames).extract().length).toBe(48 + 2 * 128);
  },
);

test("the portable section of a port is what the twin says", async () => {
  const random = new Random(3);
  for (let round = 0; round < 30; round++) {
    const world = await vnicWorld();
    const twin = new Twin(16);
    for (let step = 0; step < STEPS; step++) happen(world, twin, random);
    const ring = [...twin.sent, ...twin.ring].map((frame) => ({ place: 0, frame }));
    const queue = twin.frames().filter(({ place }) => place === 1);
    const [frames] = world.portable.parts;
    const section = frames?.extract(0) as Uint8Array;
    expect(Buffer.compare(section, portableFramesSection([...ring, ...queue]))).toBe(0);
  }
});
