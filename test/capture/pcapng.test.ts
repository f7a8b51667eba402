import { describe, expect, test } from "vitest";
import { CaptureDecoder } from "../../src/capture/index.js";
import { CaptureError } from "../../src/errors.js";
import { hex } from "../helpers/bytes.js";
import { concat, type ModelPacket, ModelSection } from "../model/capture.js";
import { decodeAll } from "./reading.js";

// Written by hand from draft-ietf-opsawg-pcapng, sections 4.1 to 4.6.
const BIG_HEADER = "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c";
const BIG_INTERFACE = "00000001 00000014 0001 0000 00000000 00000014";
const LITTLE_HEADER = "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000";
/** if_name "en0", if_description "up", if_tsresol 9, if_tsoffset 1, snap length 96, no opt_endofopt. */
const LITTLE_INTERFACE =
  "01000000 38000000 0100 0000 60000000 0200 0300 656e3000 0300 0200 75700000 0900 0100 09000000 0e00 0800 0100000000000000 38000000";

const section = new ModelSection(true);
const packet: ModelPacket = { timestampNs: 0n, data: hex("0102030405"), originalLength: 5, interfaceId: 0 };

/** Decodes a file of one little-endian section with these blocks after its header. */
function decodeBlocks(...blocks: number[][]) {
  const file = concat([section.header(), ...blocks]);
  const decoder = new CaptureDecoder();
  return { ...decodeAll([file.bytes], decoder), decoder, starts: file.starts };
}

/** The same, for blocks of which the last is damaged. */
function damageOf(...blocks: number[][]): CaptureError {
  const { error, starts } = decodeBlocks(...blocks);
  expect(error).toBeInstanceOf(CaptureError);
  expect((error as CaptureError).byteOffset).toBe(starts.at(-1));
  return error as CaptureError;
}

const ethernet = section.interface({ linkType: 1, snapLength: 0 });

describe("pcapng blocks", () => {
  test("enhanced packet, big-endian, with comment, flags and drop count", () => {
    const decoder = new CaptureDecoder();
    const { packets, error } = decodeAll(
      [
        hex(
          BIG_HEADER,
          BIG_INTERFACE,
          "00000006 0000004c 00000000 00050000 00000001 00000003 00000040 aabbcc00",
          "0001 0003 68c3a900 0001 0001 21000000 0002 0004 00000002 0004 0008 0000000100000000 0000 0000 0000004c",
        ),
      ],
      decoder,
    );
    expect(error).toBeUndefined();
    expect(packets).toEqual([
      {
        timestampNs: ((5n << 48n) + 1n) * 1000n,
        originalLength: 64,
        data: hex("aabbcc"),
        linkType: 1,
        interfaceId: 0,
        comments: ["hé", "!"],
        dropCount: 1n << 32n,
        flags: 2,
      },
    ]);
    expect(decoder.format).toBe("pcapng");
    expect(decoder.littleEndian).toBe(false);
  });

  test("interface with name, description, nanoseconds, offset and snap length; no end-of-options", () => {
    const decoder = new CaptureDecoder();
    const { packets, error } = decodeAll(
      [
        hex(
          LITTLE_HEADER,
          LITTLE_INTERFACE,
          "06000000 24000000 00000000 01000000 02000000 04000000 04000000 01020304 24000000",
        ),
      ],
      decoder,
    );
    expect(error).toBeUndefined();
    expect(packets[0]).toMatchObject({ timestampNs: 1_000_000_000n + (1n << 32n) + 2n, data: hex("01020304") });
    expect(decoder.interfaces).toEqual([
      {
        linkType: 1,
        snapLength: 96,
        name: "en0",
        description: "up",
        timestampsPerSecond: 1_000_000_000n,
        offsetSeconds: 1n,
        section: 0,
        received: undefined,
        dropped: undefined,
        osDropped: undefined,
      },
    ]);
  });

  test("simple packet: interface 0, cut by its snap length, no time", () => {
    const cut = section.interface({ linkType: 101, snapLength: 4 });
    const { packets, error } = decodeBlocks(cut, section.simple([1, 2, 3, 4], 9), section.simple([5, 6], 2));
    expect(error).toBeUndefined();
    expect(packets).toEqual([
      {
        timestampNs: 0n,
        originalLength: 9,
        data: hex("01020304"),
        linkType: 101,
        interfaceId: 0,
        comments: undefined,
        dropCount: undefined,
        flags: undefined,
      },
      expect.objectContaining({ originalLength: 2, data: hex("0506") }),
    ]);
  });

  test("obsolete packet block, with a known and an unknown drop count", () => {
    const obsolete = (drops: number) =>
      section.block(2, [
        ...[...section.u16(1), ...section.u16(drops), ...section.u32(0), ...section.u32(7)],
        ...[...section.u32(2), ...section.u32(3), 0xab, 0xcd, 0, 0, ...section.option(2, section.u32(9))],
      ]);
    const { packets, error } = decodeBlocks(ethernet, ethernet, obsolete(5), obsolete(0xffff));
    expect(error).toBeUndefined();
    const expected = { timestampNs: 7000n, originalLength: 3, data: hex("abcd"), interfaceId: 1, flags: 9 };
    expect(packets[0]).toMatchObject({ ...expected, dropCount: 5n });
    expect(packets[1]).toMatchObject({ ...expected, dropCount: undefined });
  });

  test("interface statistics: the newest counts hold", () => {
    const { decoder, error } = decodeBlocks(
      ethernet,
      ethernet,
      section.statistics(1, 0n, [
        [4, 10n],
        [5, 1n],
      ]),
      section.statistics(1, 0n, [
        [4, 1n << 40n],
        [7, 3n],
      ]),
    );
    expect(error).toBeUndefined();
    expect(decoder.interfaces[0]).toMatchObject({ received: undefined, dropped: undefined, osDropped: undefined });
    expect(decoder.interfaces[1]).toMatchObject({ received: 1n << 40n, dropped: 1n, osDropped: 3n });
  });

  test("blocks that hold no packets are skipped, whatever is in them", () => {
    const skipped = [4, 7, 8, 9, 10, 0xbad, 0x40000bad, 0x80000001, 0xffffffff].map((type) =>
      section.block(type, [0xff, 0xff, 0xff, 0xff, 0xff]),
    );
    const { packets, error } = decodeBlocks(...skipped, ethernet, ...skipped, section.enhanced(packet, 3n), ...skipped);
    expect(error).toBeUndefined();
    expect(packets).toHaveLength(1);
    expect(packets[0]?.data).toEqual(packet.data);
  });

  test("unknown options are skipped", () => {
    const block = section.block(6, [
      ...[...section.u32(0), ...section.u32(0), ...section.u32(0), ...section.u32(0), ...section.u32(0)],
      ...[...section.option(3, [2, 1, 2]), ...section.option(2988, [1]), ...section.text(1, "after")],
    ]);
    const { packets, error } = decodeBlocks(ethernet, block);
    expect(error).toBeUndefined();
    expect(packets[0]?.comments).toEqual(["after"]);
  });
});

describe("pcapng time", () => {
  test.each([
    ["microseconds by default", undefined, undefined, 1_700_000_000_123_456n, 1_700_000_000_123_456_000n],
    ["seconds", 0, undefined, 1_700_000_000n, 1_700_000_000_000_000_000n],
    ["milliseconds", 3, undefined, 1_700_000_000_123n, 1_700_000_000_123_000_000n],
    ["nanoseconds", 9, undefined, 1_700_000_000_123_456_789n, 1_700_000_000_123_456_789n],
    ["picoseconds, rounded down", 12, undefined, 1_999n, 1n],
    ["2^-10 s", 0x8a, undefined, 1024n * 7n + 1n, 7_000_976_562n],
    ["2^-32 s (NTP)", 0xa0, undefined, (5n << 32n) | 0x8000_0000n, 5_500_000_000n],
    ["10^-127 s", 127, undefined, 2n ** 64n - 1n, 0n],
    ["an offset", 9, 1_600_000_000n, 5n, 1_600_000_000_000_000_005n],
    ["a negative offset", 6, -1n, 3n, -999_997_000n],
    ["the last tick", 9, undefined, 2n ** 64n - 1n, 2n ** 64n - 1n],
  ])("%s", (_, tsresol, tsoffset, ticks, expected) => {
    const description = section.interface({ linkType: 1, snapLength: 0, tsresol, tsoffset });
    const { packets, error } = decodeBlocks(description, section.enhanced(packet, ticks));
    expect(error).toBeUndefined();
    expect(packets[0]?.timestampNs).toBe(expected);
  });
});

describe("pcapng sections", () => {
  test("each has its byte order and its interfaces; ids run over all", () => {
    const little = new ModelSection(true);
    const big = new ModelSection(false);
    const file = concat([
      ...[little.header(), little.interface({ linkType: 1, snapLength: 0, name: "a" })],
      little.enhanced({ ...packet, interfaceId: 0 }, 1n),
      ...[big.header(), big.interface({ linkType: 113, snapLength: 0, name: "b" })],
      ...[big.interface({ linkType: 276, snapLength: 0, name: "c", tsresol: 9 })],
      ...[big.enhanced({ ...packet, interfaceId: 1 }, 2n), big.enhanced({ ...packet, interfaceId: 0 }, 3n)],
      ...[little.header(), little.header(), little.interface({ linkType: 0, snapLength: 0, name: "d" })],
      little.simple([1, 2, 3, 4], 4),
    ]);
    const decoder = new CaptureDecoder();
    const { packets, error } = decodeAll([file.bytes], decoder);
    expect(error).toBeUndefined();
    expect(packets.map((p) => [p.interfaceId, p.linkType, p.timestampNs])).toEqual([
      [0, 1, 1000n],
      [2, 276, 2n],
      [1, 113, 3000n],
      [3, 0, 0n],
    ]);
    expect(decoder.interfaces.map(({ name, section: s }) => [name, s])).toEqual([
      ["a", 0],
      ["b", 1],
      ["c", 1],
      ["d", 3],
    ]);
    expect(decoder.littleEndian).toBe(true);
  });

  test("a section cannot use the interfaces of the one before", () => {
    const { error, packets, starts } = decodeBlocks(
      ethernet,
      section.enhanced(packet, 0n),
      section.header(),
      section.enhanced(packet, 0n),
    );
    expect(packets).toHaveLength(1);
    expect(error).toMatchObject({ byteOffset: starts[4] });
  });

  test("300 interfaces", () => {
    const interfaces = Array.from({ length: 300 }, (_, i) => section.interface({ linkType: i, snapLength: 0 }));
    const packets = interfaces.map((_, i) => section.enhanced({ ...packet, interfaceId: 299 - i }, 0n));
    const reading = decodeBlocks(...interfaces, ...packets);
    expect(reading.error).toBeUndefined();
    expect(reading.packets.map((p) => p.linkType)).toEqual(interfaces.map((_, i) => 299 - i));
  });

  test("65536 interfaces are enough for anybody", () => {
    const many = new Uint8Array(28 + 65_537 * ethernet.length);
    many.set(section.header());
    for (let i = 0; i <= 65_536; i++) many.set(ethernet, 28 + i * ethernet.length);
    expect(decodeAll([many]).error).toMatchObject({ byteOffset: 28 + 65_536 * ethernet.length });
  });
});

describe("damaged pcapng", () => {
  const withWord = (block: number[], at: number, value: number) => {
    const changed = [...block];
    changed.splice(at, 4, ...section.u32(value));
    return changed;
  };
  const enhanced = section.enhanced(packet, 0n);

  test.each([0, 8, 11, 13, (64 << 20) + 4, 0xfffffffc])("block length %i", (length) => {
    expect(damageOf(ethernet, withWord(enhanced, 4, length)).message).toContain(`block length ${length}`);
  });

  test("a length above the bound fails before the block is waited for", () => {
    const decoder = new CaptureDecoder();
    const { bytes } = concat([section.header(), section.u32(6), section.u32((64 << 20) + 4), section.u32(0)]);
    expect(() => [...decoder.decode(bytes)]).toThrow(CaptureError);
  });

  test("trailer mismatch", () => {
    expect(damageOf(ethernet, withWord(enhanced, enhanced.length - 4, 36)).message).toContain("repeated as 36");
  });

  test("unknown interface", () => {
    damageOf(ethernet, section.enhanced({ ...packet, interfaceId: 1 }, 0n));
    damageOf(ethernet, section.enhanced({ ...packet, interfaceId: 0xffffffff }, 0n));
    damageOf(ethernet, section.statistics(1, 0n, []));
    damageOf(section.simple([1], 1));
  });

  test("captured length beyond the block, and beyond the bound", () => {
    damageOf(ethernet, withWord(enhanced, 20, 9));
    damageOf(ethernet, withWord(enhanced, 20, 0xffffffff));
    damageOf(ethernet, section.enhanced({ ...packet, data: new Uint8Array(262_145) }, 0n));
    damageOf(ethernet, section.simple([1, 2, 3, 4], 5));
  });

  test("a declared snap length above 262144 raises the bound", () => {
    const jumbo = section.interface({ linkType: 1, snapLength: 300_000 });
    const data = new Uint8Array(300_000).fill(7);
    expect(
      decodeBlocks(jumbo, section.enhanced({ ...packet, data }, 0n)).packets[0]?.data.every((byte) => byte === 7),
    ).toBe(true);
  });

  test.each([
    [1, 16, "interface description"],
    [2, 28, "packet"],
    [3, 12, "simple packet"],
    [5, 20, "interface statistics"],
    [6, 28, "enhanced packet"],
  ])("block type %i of only %i bytes", (type, length, name) => {
    const block = section.block(type, new Array(length - 12).fill(0));
    expect(damageOf(ethernet, block).message).toContain(`${name} block is too short`);
  });

  test("section headers: too short, without magic, of another version", () => {
    damageOf(section.block(0x0a0d0d0a, section.u32(0x1a2b3c4d)));
    damageOf(withWord(section.header(), 8, 0x1a2b3c4e));
    damageOf(withWord(section.header(), 12, 2));
  });

  test("options that run past their block, or have a wrong length", () => {
    const options = (...bytes: number[]) => section.block(6, [...enhanced.slice(8, 36), ...bytes]);
    damageOf(ethernet, options(...section.u16(1), ...section.u16(1)));
    damageOf(ethernet, options(...section.u16(1), ...section.u16(0xffff), 1, 2, 3, 4));
    damageOf(ethernet, options(...section.option(2, [1, 2, 3])));
    damageOf(ethernet, options(...section.option(4, section.u32(1))));
    damageOf(section.block(1, [...ethernet.slice(8, 16), ...section.option(9, [6, 6])]));
    damageOf(section.block(1, [...ethernet.slice(8, 16), ...section.option(14, [6])]));
    damageOf(ethernet, section.block(5, [...new Array(12).fill(0), ...section.option(4, [1])]));
  });
});
