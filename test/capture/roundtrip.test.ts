import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CaptureDecoder,
  encodeCapture,
  type PacketToWrite,
  PcapngWriter,
  PcapWriter,
} from "../../src/capture/index.js";
import { holds, holdsAsync } from "../helpers/property.js";
import { concat, type ModelInterface, type ModelPacket, ModelSection, modelPcap } from "../model/capture.js";
import { chunked, decodeAll, readAll } from "./reading.js";

const text = fc.string({ unit: "binary", maxLength: 20 });
const chunkSizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 });

function packets(interfaces: number, maxSeconds: bigint): fc.Arbitrary<ModelPacket[]> {
  const packet = fc.record({
    timestampNs: fc.bigInt({ min: 0n, max: maxSeconds * 10n ** 9n - 1n }),
    data: fc.uint8Array({ maxLength: 80 }),
    extra: fc.integer({ min: 0, max: 9000 }),
    interfaceId: fc.integer({ min: 0, max: interfaces - 1 }),
    comments: fc.option(fc.array(text, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    dropCount: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }),
    flags: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { nil: undefined }),
  });
  return fc.array(
    packet.map(({ extra, ...rest }) => ({ ...rest, originalLength: rest.data.length + extra })),
    { maxLength: 12 },
  );
}

const pcapPackets = packets(1, 2n ** 32n).map((list) =>
  list.map((packet) => ({ ...packet, comments: undefined, dropCount: undefined, flags: undefined })),
);

/** What a reader makes of the packets when they are on these interfaces. */
function expected(list: readonly ModelPacket[], interfaces: readonly { linkType: number }[]) {
  return list.map(({ data, ...packet }) => ({
    ...packet,
    data: new Uint8Array(data),
    linkType: interfaces[packet.interfaceId]?.linkType,
  }));
}

/** Runs a writer into one byte array; the packets' memory is spoiled after each write. */
async function write(
  Writer: typeof PcapWriter | typeof PcapngWriter,
  list: readonly PacketToWrite[],
  interfaces: readonly ModelInterface[],
  chunkBytes: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const writer = new Writer({ sink: (chunk) => void parts.push(chunk), chunkBytes });
  for (const description of interfaces) writer.addInterface(description);
  for (const packet of list) {
    const spans = spansOf(packet.data as Uint8Array);
    writer.write({ ...packet, data: spans });
    for (const span of spans) span.fill(0xa5);
  }
  await writer.close();
  return concat(parts).bytes;
}

/** Copies in pieces of 1, 2, 3, … bytes. */
function spansOf(data: Uint8Array): Uint8Array[] {
  const spans: Uint8Array[] = [];
  for (let pos = 0; pos < data.length; pos += spans.length) spans.push(data.slice(pos, pos + spans.length + 1));
  return spans;
}

describe("any packets, read in any chunks", () => {
  test("pcap in either byte order and unit of time", () => {
    const property = fc.property(
      pcapPackets,
      chunkSizes,
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 1, max: 9 }),
      (list, sizes, littleEndian, nanoseconds, linkType, max) => {
        const network = linkType + 0x2400_0000;
        const { bytes } = modelPcap(list, { littleEndian, nanoseconds, network, snapLength: 262_144 });
        const { packets: read, error } = decodeAll(chunked(bytes, sizes), new CaptureDecoder(), max);
        expect(error).toBeUndefined();
        const precise = nanoseconds
          ? list
          : list.map((p) => ({ ...p, timestampNs: p.timestampNs - (p.timestampNs % 1000n) }));
        expect(read).toEqual(expected(precise, [{ linkType }]));
      },
    );
    holds(property, 300);
  });

  test("pcapng in either byte order, over several sections", () => {
    const description = fc.record({
      linkType: fc.integer({ min: 0, max: 0xffff }),
      snapLength: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      name: fc.option(text, { nil: undefined }),
      description: fc.option(text, { nil: undefined }),
      tsresol: fc.constantFrom(9, 12),
      tsoffset: fc.option(fc.bigInt({ min: -100n, max: 100n }), { nil: undefined }),
    });
    const part = fc.tuple(fc.boolean(), fc.array(description, { minLength: 3, maxLength: 3 }), packets(3, 10n ** 6n));
    const property = fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), chunkSizes, (parts, sizes) => {
      const { bytes } = concat(
        parts.flatMap(([littleEndian, interfaces, list]) => {
          const section = new ModelSection(littleEndian);
          const ticks = (p: ModelPacket) => p.timestampNs * (interfaces[p.interfaceId]?.tsresol === 12 ? 1000n : 1n);
          return [
            section.header(),
            ...interfaces.map((i) => section.interface(i)),
            ...list.map((p) => section.enhanced(p, ticks(p))),
          ];
        }),
      );
      const { packets: read, error } = decodeAll(chunked(bytes, sizes));
      expect(error).toBeUndefined();
      const all = parts.flatMap(([, interfaces]) => interfaces);
      const shifted = parts.flatMap(([, interfaces, list], section) =>
        list.map((p) => ({
          ...p,
          interfaceId: p.interfaceId + 3 * section,
          timestampNs: p.timestampNs + (interfaces[p.interfaceId]?.tsoffset ?? 0n) * 10n ** 9n,
        })),
      );
      expect(read).toEqual(expected(shifted, all));
    });
    holds(property, 300);
  });
});

describe("the writers write what their twins write", () => {
  const interfaces = [
    { linkType: 1, snapLength: 0, name: "up", description: undefined },
    { linkType: 276, snapLength: 262_144, name: undefined, description: "ünder" },
  ];

  test("pcap", async () => {
    const property = fc.asyncProperty(pcapPackets, fc.integer({ min: 64, max: 500 }), async (list, chunkBytes) => {
      const twin = modelPcap(list, { littleEndian: true, nanoseconds: true, network: 276, snapLength: 262_144 });
      const only = [{ linkType: 276, snapLength: 262_144 }];
      expect(await write(PcapWriter, list, only, chunkBytes)).toEqual(twin.bytes);
    });
    await holdsAsync(property, 200);
  });

  test("pcapng", async () => {
    const property = fc.asyncProperty(
      packets(2, 10n ** 10n),
      fc.integer({ min: 64, max: 500 }),
      async (list, chunkBytes) => {
        const section = new ModelSection(true);
        const twin = concat([
          section.header("ringlane"),
          ...interfaces.map((description) => section.interface({ ...description, tsresol: 9 })),
          ...list.map((packet) => section.enhanced(packet, packet.timestampNs)),
        ]);
        expect(await write(PcapngWriter, list, interfaces, chunkBytes)).toEqual(twin.bytes);
      },
    );
    await holdsAsync(property, 200);
  });

  test("through an async iterable, gzip and back", async () => {
    const property = fc.asyncProperty(packets(2, 10n ** 10n), chunkSizes, async (list, sizes) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of encodeCapture(list, { format: "pcapng", interfaces, chunkBytes: 64 }))
        parts.push(chunk);
      const zipped = gzipSync(concat(parts).bytes);
      expect(gunzipSync(zipped).length).toBe(concat(parts).bytes.length);
      const { packets: read, error } = await readAll(chunked(zipped, sizes));
      expect(error).toBeUndefined();
      expect(read).toEqual(expected(list, interfaces));
    });
    await holdsAsync(property, 60);
  });
});
