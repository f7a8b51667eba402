import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { type BlockSection, decodeBlock, encodeBlock, SECTIONS_MAX } from "../../../src/migrate/state/block.js";
import { createToolkit } from "../../../src/toolkit/toolkit.js";
import { concat, counting } from "../../helpers/bytes.js";
import { wasmBytes } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { modelBlock } from "../../model/state-block.js";
import { crc32c } from "../move/crc32c.js";
import { repaired } from "./damage.js";

const FORMAT = { name: "ringlane-partition", version: 1 };
const SECTIONS: readonly BlockSection[] = [
  { name: "identity", version: 1, bytes: counting(13) },
  { name: "empty", version: 3, bytes: new Uint8Array() },
  { name: "a-name-of-24-characters-", version: 2 ** 32 - 1, bytes: counting(64) },
];
const BLOCK = encodeBlock(FORMAT, SECTIONS, crc32c);
const TABLE_END = 56 + 3 * 48;

/** The block with some of its bytes changed, and lengths and digests as if it were meant so. */
function changed(...bytes: readonly (readonly [at: number, value: number])[]): Uint8Array {
  const block = new Uint8Array(BLOCK);
  for (const [at, value] of bytes) block[at] = value;
  return repaired(block);
}

test("is what its twin writes, and read as it was written", () => {
  const random = new Random(1);
  for (let round = 0; round < 200; round++) {
    const sections = Array.from({ length: random.below(6) }, (_, i) => {
      return { name: `s${i}`, version: random.below(5), bytes: random.bytes(random.below(40)) };
    });
    const block = encodeBlock(FORMAT, sections, crc32c);
    expect(block).toEqual(modelBlock("ringlane-partition", 1, sections));
    expect(block.length % 8).toBe(0);
    expect(decodeBlock(block, crc32c)).toEqual({ format: FORMAT, sections });
  }
});

test("is the same with the toolkit's digest, and wherever it lies", async () => {
  const toolkit = await createToolkit({ wasm: wasmBytes("debug") });
  const digest = (bytes: Uint8Array, behind?: number) => toolkit.crc32c(bytes, behind);
  expect(encodeBlock(FORMAT, SECTIONS, digest)).toEqual(BLOCK);
  const shifted = new Uint8Array(BLOCK.length + 3);
  shifted.set(BLOCK, 3);
  expect(decodeBlock(shifted.subarray(3), digest)).toEqual({ format: FORMAT, sections: SECTIONS });
});

test("no bit of it can be another", () => {
  for (let bit = 0; bit < BLOCK.length * 8; bit++) {
    const block = new Uint8Array(BLOCK);
    block[bit >> 3] = (block[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(decodeBlock(block, crc32c), `bit ${bit}`).toBeTypeOf("string");
  }
});

test("no prefix of it is one, and nothing may follow it", () => {
  for (let length = 0; length < BLOCK.length; length++) {
    expect(decodeBlock(BLOCK.slice(0, length), crc32c)).toBe("length");
  }
  expect(decodeBlock(concat(BLOCK, new Uint8Array(8)), crc32c)).toBe("length");
});

describe("with digests that are right it is refused for", () => {
  const row = (i: number, off: number) => 56 + i * 48 + off;

  test.each([
    ["another magic", changed([7, 0x32]), "magic"],
    ["a format's name of upper-case letters", changed([16, 0x52]), "format"],
    ["bytes behind the format's name", changed([39, 1]), "format"],
    ["a reserved word", changed([44, 1]), "reserved"],
    ["more sections than it has bytes for", changed([12, 20]), "section-count"],
    ["more sections than any block", changed([13, 1]), "section-count"],
    ["a section's name that begins with a digit", changed([row(0, 0), 0x31]), "section-name"],
    ["a section without a name", changed([row(1, 0), 0]), "section-name"],
    ["a section that begins earlier", changed([row(1, 32), TABLE_END + 8]), "section-place"],
    ["a section that begins later", changed([row(2, 32), TABLE_END + 24]), "section-place"],
    ["a section in the upper 4 GiB", changed([row(1, 36), 1]), "section-place"],
    ["a section that is longer than the block", changed([row(2, 40), 65]), "section-place"],
    ["a last section that is too short", changed([row(2, 40), 8]), "length"],
    ["padding that says something", changed([TABLE_END + 14, 1]), "padding"],
  ] as const)("%s", (_, block, fault) => {
    expect(decodeBlock(block, crc32c)).toBe(fault);
  });

  test("a length of 4 GiB more", () => {
    const block = new Uint8Array(BLOCK);
    block[52] = 1;
    expect(decodeBlock(block, crc32c)).toBe("length");
  });

  test("a section twice", () => {
    const twice = modelBlock("ringlane-partition", 1, [...SECTIONS, SECTIONS[0] as BlockSection]);
    expect(decodeBlock(twice, crc32c)).toBe("section-twice");
  });

  test("a digest that is not its section's", () => {
    const block = new Uint8Array(BLOCK);
    block[TABLE_END + 20] = 99;
    expect(decodeBlock(block, crc32c)).toBe("section-digest");
  });
});

describe("is not written", () => {
  const section = (name: string) => ({ name, version: 1, bytes: new Uint8Array(1) });

  test.each(["", "Upper", "1st", "with space", "x".repeat(25), "umläut"])("for a section %j", (name) => {
    expect(() => encodeBlock(FORMAT, [section(name)], crc32c)).toThrow(ConfigError);
    expect(() => encodeBlock({ name, version: 1 }, [], crc32c)).toThrow(ConfigError);
  });

  test("for two sections of one name, or too many", () => {
    expect(() => encodeBlock(FORMAT, [section("a"), section("b"), section("a")], crc32c)).toThrow(
      expect.objectContaining({ argument: "sections[2].name" }),
    );
    const many = Array.from({ length: SECTIONS_MAX + 1 }, (_, i) => section(`s${i}`));
    expect(() => encodeBlock(FORMAT, many, crc32c)).toThrow(ConfigError);
    expect(decodeBlock(encodeBlock(FORMAT, many.slice(1), crc32c), crc32c)).toBeTypeOf("object");
  });
});
