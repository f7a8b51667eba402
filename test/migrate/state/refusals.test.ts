import { describe, expect, test } from "vitest";
import { FRAME_RECORD_LEN, FRAME_RECORD_SEGMENTS, LIMIT_IN_USE, PORT_OWNER } from "../../../assembly/layout.js";
import { ConfigError } from "../../../src/errors.js";
import { decodeBlock, encodeBlock } from "../../../src/migrate/state/block.js";
import { AdapterFrames } from "../../../src/migrate/state/frames/adapter-frames.js";
import { recordOffset } from "../../../src/migrate/state/frames/section.js";
import { NATIVE_FORMAT, PartitionState } from "../../../src/migrate/state/partition-state.js";
import { counting } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import { testEngine } from "../../helpers/engines.js";
import { framesSection, portableFramesSection } from "../../model/vnic.js";
import { crc32c } from "../move/crc32c.js";
import { PAYLOAD_BYTES, type VnicWorld, vnicWorld, type WorldOptions } from "./vnic-world.js";

censusAfterEach();

/** Three frames in the ring, one of them of three buffers, and in the queue one that was taken and two that were not. */
async function source(options: WorldOptions = {}): Promise<VnicWorld> {
  const world = await vnicWorld(options);
  const { port } = world;
  for (const length of [60, 3 * PAYLOAD_BYTES, 10]) port.receive(counting(length));
  const post = (length: number) => port.post(port.reserve(length) as never);
  post(20);
  port.takeBurst();
  post(30);
  if (options.scatterGather ?? true) {
    port.postFragments(counting(14), [port.reserve(40) as never, port.reserve(50) as never], "scatter");
  }
  return world;
}

/** The block with a section as change leaves it. */
function forged(block: Uint8Array, name: string, change: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
  const decoded = decodeBlock(block, crc32c);
  if (typeof decoded === "string") throw new Error(decoded);
  const sections = decoded.sections.map((section) => {
    if (section.name !== name) return section;
    const bytes = section.bytes.slice();
    change(bytes, new DataView(bytes.buffer));
    return { ...section, bytes };
  });
  return encodeBlock(decoded.format, sections, crc32c);
}

/** The block with another section of frames. */
function replaced(block: Uint8Array, frames: Uint8Array): Uint8Array {
  const decoded = decodeBlock(block, crc32c);
  if (typeof decoded === "string") throw new Error(decoded);
  const sections = decoded.sections.map((part) => (part.name === "frames" ? { ...part, bytes: frames } : part));
  return encodeBlock(decoded.format, sections, crc32c);
}

async function refusalOf(block: Uint8Array, options: WorldOptions = {}): Promise<unknown> {
  const target = await vnicWorld(options);
  const before = target.memory.owner.arena.u8.slice(0, target.memory.region);
  const outcome = target.native.prepare(block, 0);
  expect(Buffer.compare(target.memory.owner.arena.u8.subarray(0, target.memory.region), before)).toBe(0);
  return typeof outcome === "function" ? "taken" : outcome;
}

test("a native block is taken by a target that is like the source, or larger", async () => {
  const block = (await source()).native.extract(0).slice();
  expect(await refusalOf(block, { mbufs: 10, stateBytes: 4096 })).toBe("taken");
  expect(await refusalOf(block, { mbufs: 1000, limit: 10 })).toBe("taken");
});

describe("a native block is refused by a target", () => {
  test.each([
    [
      "with a queue of another size",
      { queueSize: 32 },
      { section: "queues", field: "size", value: 16, bound: "32, as the port's" },
    ],
    [
      "with too few mbufs",
      { mbufs: 9 },
      { section: "frames", field: "mbufs", value: 10, bound: "at most 9, free in the pool" },
    ],
    [
      "whose port sends no chains",
      { scatterGather: false },
      { section: "queues", field: "queue[2].descriptors", value: 3, bound: "at most 1" },
    ],
  ] as const)("%s", async (_, options, expected) => {
    const { native } = await source();
    expect(await refusalOf(native.extract(0), options)).toEqual(expected);
  });

  test("that has no room for it", async () => {
    const world = await source();
    for (let i = 0; i < 12; i++) world.port.receive(counting(500));
    const block = world.native.extract(0);
    expect(block.length).toBeGreaterThan(4096);
    expect(await refusalOf(block, { stateBytes: 4096 })).toEqual({
      section: "",
      field: "length",
      value: block.length,
      bound: "at most 4096 bytes, as planned by createEngine",
    });
  });

  test("that is not empty, or has not reaped", async () => {
    const { native } = await source();
    const block = native.extract(0);
    const target = await vnicWorld();
    const refusal = {
      section: "queues",
      field: "port",
      value: "net0",
      bound: "an empty one, with all that was completed reaped",
    };
    target.port.receive(counting(9));
    expect(target.native.prepare(block, 0)).toEqual(refusal);
    target.frames.drop();
    target.port.post(target.port.reserve(1) as never);
    expect(target.native.prepare(block, 0)).toEqual(refusal);
    target.port.complete(target.port.takeBurst());
    expect(target.native.prepare(block, 0)).toBeTypeOf("function");
  });

  test("of another format, version or list of parts", async () => {
    const { native, portable } = await source();
    const block = native.extract(0).slice();
    const decoded = decodeBlock(block, crc32c);
    if (typeof decoded === "string") throw new Error(decoded);
    const { format, sections } = decoded;
    const encode = (of: typeof format, which = sections) => encodeBlock(of, which, crc32c);
    expect(await refusalOf(portable.extract(0))).toMatchObject({ section: "", field: "format.name" });
    expect(await refusalOf(encode({ ...format, version: 2 }))).toMatchObject({
      field: "format.version",
      value: 2,
      bound: "1",
    });
    expect(await refusalOf(encode(format, sections.slice(1)))).toMatchObject({ section: "", field: "sections" });
    expect(await refusalOf(encode(format, [...sections].reverse()))).toMatchObject({ section: "", field: "sections" });
    const newer = sections.map((section, i) => (i === 2 ? { ...section, version: 7 } : section));
    expect(await refusalOf(encode(format, newer))).toEqual({
      section: "counters",
      field: "version",
      value: 7,
      bound: "1",
    });
    expect(await refusalOf(encode(format))).toBe("taken");
  });
});

describe("a native block is refused that says", () => {
  const cases: readonly (readonly [string, string, (bytes: Uint8Array, view: DataView) => void, object])[] = [
    [
      "a frame longer than a buffer",
      "frames",
      (_, view) => {
        view.setUint32(recordOffset(0) + FRAME_RECORD_LEN, 5000, true);
        view.setUint32(recordOffset(0) + FRAME_RECORD_LEN + 4, 5000, true);
      },
      { field: "[0].len", value: 5000 },
    ],
    [
      "a frame that was shorter on the wire",
      "frames",
      (_, view) => view.setUint32(recordOffset(0) + 12, 59, true),
      { field: "[0].wireLen", value: 59 },
    ],
    [
      "a wire longer than any",
      "frames",
      (_, view) => view.setUint32(recordOffset(0) + 12, 0x80010001, true),
      { field: "[0].wireLen" },
    ],
    [
      "no segments",
      "frames",
      (_, view) => view.setUint16(recordOffset(0) + FRAME_RECORD_SEGMENTS, 0, true),
      { field: "[0].segments", value: 0 },
    ],
    [
      "more segments than there are lengths",
      "frames",
      (_, view) => view.setUint16(recordOffset(1) + FRAME_RECORD_SEGMENTS, 7, true),
      { field: "[1].segments", value: 7 },
    ],
    [
      "segments that do not add up",
      "frames",
      (_, view) => view.setUint32(recordOffset(6), 127, true),
      { field: "[1].segments", value: 3 },
    ],
    [
      "fewer segments than there are lengths",
      "frames",
      (_, view) => view.setUint16(recordOffset(5) + FRAME_RECORD_SEGMENTS, 1, true),
      { field: "lens", value: 6, bound: "3, as many as chains have segments" },
    ],
    [
      "places that do not ascend",
      "frames",
      (bytes) => {
        bytes[recordOffset(4) + 18] = 0;
      },
      { field: "[4].place", value: 0 },
    ],
    [
      "a place that nobody here has",
      "frames",
      (bytes) => {
        bytes[recordOffset(5) + 18] = 9;
      },
      { field: "[5].place", value: 9 },
    ],
    [
      "something in a reserved byte",
      "frames",
      (bytes) => {
        bytes[recordOffset(2) + 23] = 1;
      },
      { field: "[2].reserved" },
    ],
    [
      "frames of other lengths than there are bytes",
      "frames",
      (_, view) => view.setUint32(recordOffset(0) + FRAME_RECORD_LEN, 59, true),
      { field: "bytes" },
    ],
    ["more frames than it has", "frames", (_, view) => view.setUint32(0, 2 ** 32 - 1, true), { field: "length" }],
    [
      "a cursor beyond the queue",
      "queues",
      (_, view) => view.setUint32(16, 16, true),
      { field: "nextUsed", value: 16 },
    ],
    ["a wrap counter of two bits", "queues", (_, view) => view.setUint32(20, 2, true), { field: "usedWrap", value: 2 }],
    [
      "more taken than were in the queue",
      "queues",
      (_, view) => view.setUint32(24, 4, true),
      { field: "taken", value: 4 },
    ],
    [
      "a buffer id twice",
      "queues",
      (_, view) => view.setUint16(50, view.getUint16(48, true), true),
      { field: "ids[1]" },
    ],
    ["a buffer id that is none", "queues", (_, view) => view.setUint16(48, 16, true), { field: "ids[0]", value: 16 }],
    ["something in a reserved word", "queues", (_, view) => view.setUint32(28, 1, true), { field: "reserved" }],
    [
      "held frames that are not there",
      "held-2",
      (bytes) => {
        bytes[0] = 1;
      },
      { field: "count" },
    ],
  ];

  test.each(cases)("%s", async (_, section, change, expected) => {
    const { native } = await source();
    expect(await refusalOf(forged(native.extract(0), section, change))).toMatchObject({ section, ...expected });
  });

  test("a chain of which one segment is longer than a buffer", async () => {
    const world = await source();
    const { bufBytes } = world.memory.owner.pool.shape;
    const cut = (first: number) => (_: Uint8Array, view: DataView) => {
      for (const [at, len] of [first, 3 * PAYLOAD_BYTES - first, 0].entries()) {
        view.setUint32(recordOffset(6) + at * 4, len, true);
      }
    };
    const block = world.native.extract(0).slice();
    expect(await refusalOf(forged(block, "frames", cut(bufBytes)))).toBe("taken");
    expect(await refusalOf(forged(block, "frames", cut(bufBytes + 1)))).toMatchObject({ field: "[1].segments" });
  });

  test("a chain of more segments than any", async () => {
    const world = await vnicWorld({ mbufs: 300 });
    const block = world.native.extract(0).slice();
    for (const count of [64, 65]) {
      const segments = Array.from({ length: count }, () => new Uint8Array(1));
      const frame = { timestampNs: 0n, wireBytes: count, segments };
      const section = framesSection([{ place: 0, frame }]);
      const outcome = world.native.prepare(replaced(block, section), 0);
      if (count === 64) expect(outcome).toBeTypeOf("function");
      else expect(outcome).toMatchObject({ section: "frames", field: "[0].segments", value: 65 });
    }
    const portable = world.portable.extract(0).slice();
    const { bufBytes, headroomBytes } = world.memory.owner.pool.shape;
    for (const length of [64 * (bufBytes - headroomBytes), 64 * (bufBytes - headroomBytes) + 1]) {
      const frame = { timestampNs: 0n, wireBytes: length, segments: [new Uint8Array(length)] };
      const section = portableFramesSection([{ place: 0, frame }]);
      const outcome = world.portable.prepare(replaced(portable, section), 0);
      if (length % 64 === 0) expect(outcome).toBeTypeOf("function");
      else expect(outcome).toMatchObject({ section: "frames", field: "[0].len", value: length });
    }
  });

  test("more frames for the ring, or for the queue, than they have room for", async () => {
    const { native } = await source({ queueSize: 16 });
    const block = native.extract(0).slice();
    const decoded = decodeBlock(block, crc32c);
    const small = await vnicWorld({ queueSize: 4 });
    const queues = (await vnicWorld({ queueSize: 4 })).native.extract(0).slice();
    const ofSmall = decodeBlock(queues, crc32c);
    if (typeof decoded === "string" || typeof ofSmall === "string") throw new Error("no blocks");
    const [frames] = decoded.sections;
    const mixed = encodeBlock(NATIVE_FORMAT, [frames as never, ...ofSmall.sections.slice(1)], crc32c);
    expect(small.native.prepare(mixed, 0)).toEqual({
      section: "queues",
      field: "descriptors",
      value: 5,
      bound: "at most 4",
    });
  });
});

test("frames are charged to the port's owner, or refused when it may not hold them", async () => {
  const block = (await source()).native.extract(0).slice();
  expect(await refusalOf(block, { limit: 9 })).toEqual({
    section: "frames",
    field: "mbufs",
    value: 10,
    bound: "at most 9, what the port's owner may still hold",
  });
  const { native, port, engine, frames, memory } = await vnicWorld({ limit: 10 });
  const { arena } = memory.owner;
  const inUse = () => arena.u32[((arena.u32[(port.record.ptr + PORT_OWNER) >> 2] as number) + LIMIT_IN_USE) >> 2];
  const apply = native.prepare(block, 0);
  expect(inUse()).toBe(0);
  if (typeof apply !== "function") throw new Error(JSON.stringify(apply));
  apply();
  expect(inUse()).toBe(10);
  expect(port.receive(counting(5))).toBe(true);
  expect(port.counters.drops).toEqual({ "mbuf-limit": 1 });
  port.complete(port.inFlight);
  expect(inUse()).toBe(9);
  frames.drop();
  expect([inUse(), engine.freeMbufs]).toEqual([0, 96]);
});

test("what was prepared is applied once, and only while its block is there", async () => {
  const block = (await source()).native.extract(0).slice();
  const target = await vnicWorld();
  const prepared = () => target.native.prepare(block, 0) as () => void;
  const late = expect.objectContaining({ argument: "apply" });
  const first = prepared();
  const second = prepared();
  expect(first).toThrow(late);
  second();
  expect(second).toThrow(late);
  expect(target.engine.census()).toMatchObject({ holds: true, free: 86 });
  target.frames.drop();
  const third = prepared();
  target.native.extract(0);
  expect(third).toThrow(late);
  expect(target.engine.census()).toMatchObject({ holds: true, free: 96 });
});

test("who asks for what is not there is told", async () => {
  const engine = await testEngine({ ports: 1 });
  expect(() => engine.migration).toThrow(expect.objectContaining({ argument: "migration" }));
  await expect(testEngine({ migration: { stateBytes: 100 } })).rejects.toThrow(ConfigError);
  const world = await vnicWorld({ stateBytes: 4096 });
  for (let i = 0; i < 9; i++) world.port.receive(counting(500));
  expect(() => world.native.extract(0)).toThrow(expect.objectContaining({ argument: "migration.stateBytes" }));
  const holder = { place: 2, mbufs: () => [], letGo: () => undefined };
  expect(() => new AdapterFrames(world.memory, world.port, [holder, holder])).toThrow(ConfigError);
  expect(() => new AdapterFrames(world.memory, world.port, [{ ...holder, place: 1 }])).toThrow(ConfigError);
  expect(() => world.frames.mbufOf(0)).toThrow(ConfigError);
  expect(() => world.frames.incoming).toThrow(ConfigError);
  const [part] = world.native.parts;
  expect(() => new PartitionState(world.memory, NATIVE_FORMAT, [part as never, part as never])).toThrow(ConfigError);
});
