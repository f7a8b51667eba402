import { describe, expect, test } from "vitest";
import { decodeBlock, encodeBlock } from "../../../src/migrate/state/block.js";
import { NATIVE_FORMAT, PORTABLE_FORMAT } from "../../../src/migrate/state/partition-state.js";
import { toPortable } from "../../../src/migrate/state/portable.js";
import { concat, counting } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import { BUILDS } from "../../helpers/engines.js";
import { drain } from "../../helpers/ports.js";
import { Random } from "../../helpers/property.js";
import { crc32c } from "../move/crc32c.js";
import { happen, PAYLOAD_BYTES, Twin, type VnicWorld, vnicWorld } from "./vnic-world.js";

censusAfterEach();

function converted(native: Uint8Array) {
  const outcome = toPortable(native, crc32c);
  if (typeof outcome === "string" || !("block" in outcome)) throw new Error(JSON.stringify(outcome));
  return outcome;
}

function insert(world: VnicWorld, block: Uint8Array): void {
  const apply = world.portable.prepare(block, 0);
  if (typeof apply !== "function") throw new Error(JSON.stringify(apply));
  apply();
}

describe.each(BUILDS)("a portable block (%s build)", (build) => {
  test("is the same converted and extracted, and frames come out of it in order", async () => {
    const random = new Random(5);
    for (let round = 0; round < 40; round++) {
      const world = await vnicWorld({ build });
      const twin = new Twin(16);
      for (let step = 0; step < 50; step++) happen(world, twin, random);
      const { block } = converted(world.native.extract(0).slice());
      expect(Buffer.compare(world.portable.extract(0), block)).toBe(0);

      const target = await vnicWorld({ build, queueSize: 64, mbufs: 300 });
      insert(target, block);
      expect(target.engine.census().holds).toBe(true);
      expect(Buffer.compare(target.portable.extract(0), block), "not read back as it was").toBe(0);
      const queued = twin.frames().filter(({ place }) => place === 1);
      expect(drain(target.port).map(({ bytes }) => [...bytes])).toEqual(
        queued.map(({ frame }) => [...concat(...frame.segments)]),
      );
      const arrived = target.frames.surrender();
      const expected = [...twin.sent, ...twin.ring];
      expect(arrived.map(({ data, originalLength, timestampNs }) => [[...data], originalLength, timestampNs])).toEqual(
        expected.map(({ segments, wireBytes, timestampNs }) => [[...concat(...segments)], wireBytes, timestampNs]),
      );
      expect(target.engine.freeMbufs).toBe(300);
    }
  });
});

describe("the conversion", () => {
  test("says what it loses", async () => {
    const { port, native, memory, arrived } = await vnicWorld();
    for (let i = 0; i < 3; i++) port.receive(counting(3 * PAYLOAD_BYTES));
    const block = native.extract(0).slice();
    const cut = "how frames were cut into buffers";
    const always = ["queue cursors and buffer ids", "section held-2", "section held-3"];
    expect(converted(block).loses).toEqual([cut, ...always]);

    memory.owner.kernels.ringDequeueBurst(port.record.ring, port.record.list, 1);
    arrived.add(memory.owner.arena.u32[port.record.list >> 2] as number);
    const { block: portable, loses } = converted(native.extract(0).slice());
    expect(loses).toEqual([cut, "frames that came by an uplink and waited: 1", ...always]);
    const decoded = decodeBlock(portable, crc32c);
    if (typeof decoded === "string") throw new Error(decoded);
    expect(decoded.format).toEqual(PORTABLE_FORMAT);
    expect(decoded.sections.map(({ name }) => name)).toEqual(["frames", "counters"]);
  });

  test("takes over what names no queue, path or bucket, as it is", () => {
    const names = ["identity", "counters", "paths", "flows", "fragments", "held", "lag", "limits", "other"];
    const sections = names.map((name, i) => ({ name, version: i, bytes: counting(i) }));
    const { block, loses } = converted(encodeBlock(NATIVE_FORMAT, sections, crc32c));
    const kept = sections.filter(({ name }) => ["identity", "counters", "flows", "fragments", "limits"].includes(name));
    expect(decodeBlock(block, crc32c)).toEqual({ format: PORTABLE_FORMAT, sections: kept });
    expect(loses).toEqual([
      "path cache",
      "what held frames waited for",
      "live buckets, learned addresses",
      "section other",
    ]);
  });

  test("is refused for what is no native block", async () => {
    const { portable, native } = await vnicWorld();
    const bound = "ringlane-partition 1";
    expect(toPortable(portable.extract(0).slice(), crc32c)).toEqual({
      section: "",
      field: "format",
      value: "ringlane-portable 1",
      bound,
    });
    expect(toPortable(native.extract(0).slice(1), crc32c)).toBe("magic");
    const short = encodeBlock(NATIVE_FORMAT, [{ name: "frames", version: 1, bytes: counting(15) }], crc32c);
    expect(toPortable(short, crc32c)).toMatchObject({ section: "frames", field: "length", value: 15 });
  });
});

describe("a portable block is refused by a target", () => {
  async function blockOf(frames: number, posted: number, options = {}) {
    const { port, portable } = await vnicWorld({ ...options });
    for (let i = 0; i < frames; i++) port.receive(counting(60));
    for (let i = 0; i < posted; i++) port.post(port.reserve(60) as never);
    return portable.extract(0).slice();
  }

  test.each([
    ["with too few slots in its ring", 5, 0, { queueSize: 4 }, { field: "ring", value: 5 }],
    ["with too few descriptors", 0, 5, { queueSize: 4 }, { field: "queue", value: 5 }],
    ["with too few mbufs", 3, 2, { mbufs: 4 }, { field: "mbufs", value: 5 }],
  ] as const)("%s", async (_, frames, posted, options, expected) => {
    const target = await vnicWorld(options);
    expect(target.portable.prepare(await blockOf(frames, posted), 0)).toMatchObject({ section: "frames", ...expected });
  });

  test("whose port would have to send chains", async () => {
    const { port, portable } = await vnicWorld();
    port.postFragments(
      counting(50),
      [port.reserve(PAYLOAD_BYTES) as never, port.reserve(400 - 300) as never],
      "scatter",
    );
    const block = portable.extract(0).slice();
    const target = await vnicWorld({ scatterGather: false });
    expect(target.portable.prepare(block, 0)).toMatchObject({ section: "frames", field: "[0].len", value: 2 });
    expect((await vnicWorld()).portable.prepare(block, 0)).toBeTypeOf("function");
  });

  test("that is not empty", async () => {
    const target = await vnicWorld();
    target.port.receive(counting(3));
    expect(target.portable.prepare(await blockOf(1, 1), 0)).toMatchObject({ field: "port", value: "net0" });
  });
});
