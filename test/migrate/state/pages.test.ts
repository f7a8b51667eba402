import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { encodeBlock } from "../../../src/migrate/state/block.js";
import { DirtyPages, joinPages } from "../../../src/migrate/state/pages.js";
import { counting } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import { Random } from "../../helpers/property.js";
import { crc32c } from "../move/crc32c.js";
import { happen, Twin, vnicWorld } from "./vnic-world.js";

censusAfterEach();

const FORMAT = { name: "ringlane-partition", version: 1 };
const section = (name: string, bytes: Uint8Array) => ({ name, version: 1, bytes });

function sectionsOf(pages: DirtyPages, block: Uint8Array, round: number) {
  const sections = pages.sections(block, round);
  if (typeof sections === "string") throw new Error(sections);
  return sections;
}

describe("a block in pages", () => {
  test("has those of its table and of each section by name, and what has not changed keeps its round", () => {
    const pages = new DirtyPages("net0", crc32c, { pageBytes: 1024 });
    const long = counting(2500);
    const before = encodeBlock(FORMAT, [section("empty", new Uint8Array()), section("long", long)], crc32c);
    const first = sectionsOf(pages, before, 0);
    expect(first.map(({ adapter, name, dirty, bytes }) => [adapter, name, dirty, bytes.length])).toEqual([
      ["net0", "/0", 0, 152],
      ["net0", "empty/0", 0, 0],
      ["net0", "long/0", 0, 1024],
      ["net0", "long/1", 0, 1024],
      ["net0", "long/2", 0, 456],
    ]);
    long[1500] = 7;
    const after = encodeBlock(FORMAT, [section("empty", new Uint8Array()), section("long", long)], crc32c);
    const second = sectionsOf(pages, after, 1);
    expect(second.map(({ name, dirty }) => [name, dirty])).toEqual([
      ["/0", 1],
      ["empty/0", 0],
      ["long/0", 0],
      ["long/1", 1],
      ["long/2", 0],
    ]);
    expect(joinPages("net0", second)).toEqual(after);
    expect(joinPages("net1", second)).toEqual(new Uint8Array());
    expect(sectionsOf(pages, after, 2).map(({ dirty }) => dirty)).toEqual(second.map(({ dirty }) => dirty));
  });

  test("of a section that shrinks and grows again are sent again", () => {
    const pages = new DirtyPages("net0", crc32c, { pageBytes: 1024 });
    const of = (length: number) => encodeBlock(FORMAT, [section("frames", counting(length))], crc32c);
    const dirty = (length: number, round: number) =>
      sectionsOf(pages, of(length), round).map(({ name, dirty }) => `${name}@${dirty}`);
    expect(dirty(2048, 0)).toEqual(["/0@0", "frames/0@0", "frames/1@0"]);
    expect(dirty(1024, 1)).toEqual(["/0@1", "frames/0@0"]);
    expect(dirty(2048, 2)).toEqual(["/0@2", "frames/0@0", "frames/1@2"]);
  });

  test("of frames that have come have their bytes; what had come before is not sent again", async () => {
    const { memory, native, port } = await vnicWorld();
    const pages = new DirtyPages("net0", memory.digest, { pageBytes: 1024 });
    const dirtyAt = (round: number) =>
      sectionsOf(pages, native.extract(0), round).flatMap(({ name, dirty }) => (dirty === round ? name : []));
    const arrive = (fill: number) => expect(port.receive(new Uint8Array(100).fill(fill))).toBe(true);
    for (let i = 0; i < 12; i++) arrive(i);
    expect(dirtyAt(0)).toEqual(expect.arrayContaining(["frames/0", "frames/bytes/0", "frames/bytes/1"]));
    arrive(12);
    expect(dirtyAt(1).filter((name) => name.startsWith("frames/"))).toEqual(["frames/0", "frames/bytes/1"]);
  });

  test("of a vnic that works are put together to its block, round by round", async () => {
    const random = new Random(9);
    const world = await vnicWorld();
    const twin = new Twin(16);
    const pages = new DirtyPages("net0", world.memory.digest, { pageBytes: 1024 });
    // What the target has: the last that was sent of each.
    const sent = new Map<string, { dirty: number; bytes: Uint8Array }>();
    for (let round = 0; round < 60; round++) {
      for (let step = random.below(4); step > 0; step--) happen(world, twin, random);
      const block = world.native.extract(0);
      const sections = sectionsOf(pages, block, round);
      for (const { name, dirty, bytes } of sections) {
        if (dirty > (sent.get(name)?.dirty ?? -1)) sent.set(name, { dirty, bytes });
      }
      const assembled = sections.map((page) => ({ ...page, bytes: sent.get(page.name)?.bytes as Uint8Array }));
      expect(Buffer.compare(joinPages("net0", assembled), block)).toBe(0);
    }
  });

  test("are not made of what is no block, or of odd sizes", () => {
    expect(new DirtyPages("net0", crc32c).sections(counting(100), 0)).toBe("magic");
    expect(() => new DirtyPages("net0", crc32c, { pageBytes: 100 })).toThrow(ConfigError);
  });
});
