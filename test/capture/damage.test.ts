import { constants, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CaptureDecoder, type CapturePacket, CaptureReader } from "../../src/capture/index.js";
import { CaptureError } from "../../src/errors.js";
import { hex } from "../helpers/bytes.js";
import { holds, holdsAsync } from "../helpers/property.js";
import { concat, type ModelFile, type ModelPacket, ModelSection, modelPcap } from "../model/capture.js";
import { chunked, decodeAll, example, type Reading, readAll } from "./reading.js";

/** The first packets of a real capture. */
const real: ModelPacket[] = decodeAll([example("web-mix.pcap")])
  .packets.slice(0, 12)
  .map((packet, i) => ({
    ...packet,
    data: packet.data.subarray(0, 90),
    interfaceId: 0,
    comments: i % 3 === 0 ? [`packet ${i}`, ""] : undefined,
    flags: i % 2 === 0 ? i : undefined,
    dropCount: i % 4 === 0 ? BigInt(i) : undefined,
  }));

/** The packets as one string: for comparing often, many times faster than an assertion on objects. */
function digest(packets: readonly CapturePacket[]): string {
  return packets.map(({ data, ...rest }) => [...Object.values(rest), Buffer.from(data).toString("hex")]).join("\n");
}

function pcap(littleEndian: boolean): ModelFile {
  return modelPcap(real, { littleEndian, nanoseconds: true, network: 1, snapLength: 262_144 });
}

function pcapng(littleEndian: boolean): ModelFile {
  const section = new ModelSection(littleEndian);
  const other = new ModelSection(!littleEndian);
  return concat([
    section.header("somebody"),
    section.interface({ linkType: 1, snapLength: 96, name: "eth0", description: "uplink", tsresol: 9, tsoffset: 1n }),
    section.block(0xbad, [1, 2, 3]),
    ...real.slice(0, 6).map((packet) => section.enhanced(packet, packet.timestampNs)),
    section.simple([1, 2, 3, 4], 4),
    section.statistics(0, 5n, [[4, 6n]]),
    other.header(),
    other.interface({ linkType: 1, snapLength: 0 }),
    ...real.slice(6).map((packet) => other.enhanced(packet, packet.timestampNs / 1000n)),
  ]);
}

const FILES: [string, ModelFile][] = [
  ["little-endian pcap", pcap(true)],
  ["big-endian pcap", pcap(false)],
  ["little-endian pcapng", pcapng(true)],
  ["big-endian pcapng", pcapng(false)],
];

/** Where each packet's record starts: the records after which the reader has one packet more. */
function packetStarts({ bytes, starts }: ModelFile): number[] {
  return starts.filter((start, i) => {
    const end = starts[i + 1] ?? bytes.length;
    return decodeAll([bytes.subarray(0, end)]).packets.length > decodeAll([bytes.subarray(0, start)]).packets.length;
  });
}

describe.each(FILES)("%s cut at every byte", (_, file) => {
  const whole = decodeAll([file.bytes]);
  const packetEnds = packetStarts(file).map(
    (start) => file.starts[file.starts.indexOf(start) + 1] ?? file.bytes.length,
  );

  test("delivers every whole packet, then tells the offset of the record that is cut", () => {
    expect(whole.error).toBeUndefined();
    expect(packetEnds).toHaveLength(whole.packets.length);
    for (let length = 0; length < file.bytes.length; length++) {
      const { packets, error } = decodeAll(
        chunked(file.bytes.subarray(0, length), [[1], [37], [length + 1]][length % 3] ?? []),
      );
      expect(digest(packets)).toBe(digest(whole.packets.slice(0, packetEnds.filter((end) => end <= length).length)));
      const cutRecord = Math.max(0, ...file.starts.filter((start) => start < length));
      if (length > 0 && file.starts.includes(length)) expect(error).toBeUndefined();
      else expect(error).toMatchObject({ code: "CAPTURE", byteOffset: cutRecord });
    }
  });
});

describe("gzip cut at every byte", () => {
  test("delivers whatever zlib can still decompress, then tells where the packets end", async () => {
    const file = pcapng(true);
    const zipped = gzipSync(file.bytes);
    const counts = new Set<number>();
    for (let length = 2; length < zipped.length; length++) {
      const cut = zipped.subarray(0, length);
      const plain = length < 11 ? new Uint8Array(0) : gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH });
      const expected = decodeAll([plain]).packets;
      const { packets, error } = await readAll(chunked(cut, [100]));
      expect(digest(packets)).toBe(digest(expected));
      expect(error).toBeInstanceOf(CaptureError);
      expect((error as CaptureError).message).toContain("gzip");
      const reached = file.starts.filter((start) => start <= plain.length).at(-1) ?? 0;
      expect((error as CaptureError).byteOffset).toBe(plain.length === file.bytes.length ? plain.length : reached);
      counts.add(packets.length);
    }
    expect(counts.size).toBeGreaterThan(8);
  });

  test("a large file cut in its middle, by a consumer slower than the source", async () => {
    const plain = example("small-messages.pcap");
    const zipped = gzipSync(plain);
    const cut = zipped.subarray(0, zipped.length >> 1);
    const expected = decodeAll([gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH })]).packets.length;
    let count = 0;
    let bursts = 0;
    const reading = (async () => {
      for await (const burst of new CaptureReader(cut).bursts()) {
        count += burst.length;
        if (bursts++ % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(CaptureError);
    expect(count).toBe(expected);
    expect(count).toBeGreaterThan(1000);
  });

  test("a wrong checksum is damage, and costs no more than the last 16 KiB", async () => {
    const plain = example("web-mix.pcap");
    const zipped = gzipSync(plain);
    zipped.subarray(-8, -4).fill(0xa5);
    const { packets, error } = await readAll(zipped);
    expect(error).toMatchObject({ code: "CAPTURE", message: expect.stringContaining("gzip") });
    expect((error as CaptureError).byteOffset).toBeGreaterThan(plain.length - 16_384 - 2000);
    expect(digest(packets)).toBe(digest(decodeAll([plain]).packets.slice(0, packets.length)));
  });
});

describe("no capture at all", () => {
  test.each([
    ["nothing", "", "empty"],
    ["three bytes of a capture", "0a0d0d", "not a capture"],
    ["text", Buffer.from("hello, world").toString("hex"), "not a pcap or pcapng file"],
    ["zeros", "00".repeat(64), "not a pcap or pcapng file"],
  ])("%s", async (_, bytes, reason) => {
    for (const { packets, error } of [
      decodeAll([hex(bytes)]),
      await readAll(hex(bytes)),
      await readAll(gzipSync(hex(bytes))),
    ]) {
      expect(packets).toEqual([]);
      expect(error).toBeInstanceOf(CaptureError);
      expect(error).toMatchObject({ byteOffset: 0, code: "CAPTURE", message: expect.stringContaining(reason) });
    }
  });

  test("a source without chunks is empty", async () => {
    expect((await readAll([])).error).toMatchObject({ byteOffset: 0, message: expect.stringContaining("empty") });
  });

  test("a header alone is a capture without packets", () => {
    for (const [, { bytes, starts }] of FILES) {
      expect(decodeAll([bytes.subarray(0, starts[1])])).toEqual({ packets: [], error: undefined });
    }
  });
});

describe("damage", () => {
  test("once found, stays: the decoder takes no more", () => {
    const decoder = new CaptureDecoder();
    const { bytes, starts } = pcap(true);
    const damaged = bytes.slice();
    damaged.fill(0xff, starts[2], (starts[2] ?? 0) + 16);
    const { packets, error } = decodeAll([damaged], decoder);
    expect(packets).toHaveLength(1);
    expect(error).toMatchObject({ byteOffset: starts[2] });
    expect(() => [...decoder.decode(bytes)]).toThrow(error as CaptureError);
    expect(() => decoder.finish()).toThrow(error as CaptureError);
  });

  test("an endless source with a block of 64 MiB is left once the block is read", async () => {
    const section = new ModelSection(true);
    let sent = 0;
    const source = (function* () {
      yield concat([section.header(), section.u32(0xbad), section.u32(64 << 20)]).bytes;
      for (const chunk = new Uint8Array(1 << 20); ; sent += chunk.length) yield chunk;
    })();
    const { error } = await readAll(source);
    expect(error).toMatchObject({ byteOffset: 28, message: expect.stringContaining("repeated as 0") });
    expect(sent).toBeLessThanOrEqual(65 << 20);
  });
});

type Mutation =
  | { kind: "flip"; at: number; mask: number }
  | { kind: "cut"; at: number; count: number }
  | { kind: "insert"; at: number; bytes: Uint8Array }
  | { kind: "lie"; at: number; value: number; littleEndian: boolean };

/** A share of the file, even over all of it: fc.double is dense near 0, and would damage the first bytes alone. */
const at = fc.nat(0xffff_ffff).map((n) => n / 2 ** 32);
const lengths = fc.oneof(
  fc.constantFrom(0, 1, 4, 8, 11, 12, 13, 16, 28, 32, 0xffff, 262_144, 262_145, 0x3ff_fffc, 0x400_0000, 0x7fff_ffff),
  fc.integer({ min: 0, max: 400 }),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at, mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant("cut" as const), at, count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant("insert" as const), at, bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant("lie" as const), at, value: lengths, littleEndian: fc.boolean() }),
);
const mutated = fc.record({
  file: fc.nat(FILES.length - 1),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 6 }),
  sizes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
});

function mutate(original: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  let bytes = [...original];
  for (const change of mutations) {
    const pos = Math.floor(change.at * bytes.length);
    if (change.kind === "flip") bytes[pos] = (bytes[pos] ?? 0) ^ change.mask;
    else if (change.kind === "cut") bytes.splice(pos, change.count);
    else if (change.kind === "insert") bytes.splice(pos, 0, ...change.bytes);
    else {
      // On a multiple of 4, where lengths mostly are.
      const word = new Uint8Array(4);
      new DataView(word.buffer).setUint32(0, change.value, change.littleEndian);
      bytes.splice(pos & ~3, 4, ...word);
    }
    bytes = bytes.slice(0, 1 << 16);
  }
  return Uint8Array.from(bytes);
}

function expectHarmless({ packets, error }: Reading, fileBytes: number): void {
  if (error !== undefined) {
    expect(error).toBeInstanceOf(CaptureError);
    expect((error as CaptureError).byteOffset).toBeLessThanOrEqual(fileBytes);
  }
  const delivered = packets.reduce((sum, packet) => sum + packet.data.length, 0);
  expect(delivered + 12 * packets.length).toBeLessThanOrEqual(fileBytes);
  for (const packet of packets) expect(packet.originalLength).toBeGreaterThanOrEqual(packet.data.length);
}

describe("2,000 mutated files", () => {
  test("are read or refused, the same in any chunking", () => {
    let refused = 0;
    const property = fc.property(mutated, ({ file, mutations, sizes }) => {
      const bytes = mutate(FILES[file]?.[1].bytes ?? new Uint8Array(0), mutations);
      const reading = decodeAll([bytes]);
      expectHarmless(reading, bytes.length);
      const again = decodeAll(chunked(bytes, sizes));
      expect(digest(again.packets)).toBe(digest(reading.packets));
      expect(again.error).toEqual(reading.error);
      if (reading.error !== undefined) refused++;
    });
    holds(property, 2000);
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(2000);
  });

  test("compressed files, mutated, are read or refused as well", async () => {
    const zipped = FILES.map(([, file]) => gzipSync(file.bytes));
    const property = fc.asyncProperty(mutated, async ({ file, mutations, sizes }) => {
      const bytes = mutate(zipped[file] ?? new Uint8Array(0), mutations);
      const { packets, error } = await readAll(chunked(bytes, sizes));
      if (error !== undefined) expect(error).toBeInstanceOf(CaptureError);
      // Deflate expands at most 1032 times.
      expect(packets.reduce((sum, packet) => sum + packet.data.length, 0)).toBeLessThanOrEqual(bytes.length * 1032);
    });
    await holdsAsync(property, 300);
  });
});
