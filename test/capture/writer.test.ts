import { describe, expect, test } from "vitest";
import {
  type CaptureFormat,
  CaptureReader,
  type CaptureWriter,
  createCaptureWriter,
  encodeCapture,
  PcapngWriter,
  PcapWriter,
} from "../../src/capture/index.js";
import { ConfigError, RinglaneError } from "../../src/errors.js";
import { hex } from "../helpers/bytes.js";
import { concat, ModelSection } from "../model/capture.js";
import { decodeAll, example, readAll } from "./reading.js";

const FORMATS: CaptureFormat[] = ["pcap", "pcapng"];
const packet = { timestampNs: 1_700_000_000_123_456_789n, data: hex("0102030405") };

/** A writer whose chunks are kept. */
function kept(format: CaptureFormat, options: { chunkBytes?: number; nanoseconds?: boolean } = {}) {
  const chunks: Uint8Array[] = [];
  const writer = createCaptureWriter(format, { ...options, sink: (chunk) => void chunks.push(chunk) });
  return { writer, chunks, bytes: () => concat(chunks).bytes };
}

describe.each(FORMATS)("%s writer", (format) => {
  test("chunks are as long as asked for, and gather until then", async () => {
    const { writer, chunks, bytes } = kept(format, { chunkBytes: 1000 });
    writer.addInterface({ linkType: 1 });
    for (let i = 0; i < 100; i++) expect(writer.write({ ...packet, data: new Uint8Array(84) })).toBeUndefined();
    expect(chunks.length).toBeGreaterThan(8);
    await writer.close();
    expect(chunks.every((chunk) => chunk.length <= 1000)).toBe(true);
    expect(chunks.slice(0, -1).every((chunk) => chunk.length > 800)).toBe(true);
    expect(decodeAll([bytes()]).packets).toHaveLength(100);
  });

  test("a record longer than a chunk is a chunk of its own", async () => {
    const { writer, chunks, bytes } = kept(format, { chunkBytes: 64 });
    writer.addInterface({ linkType: 1 });
    for (const length of [10, 5000, 10]) writer.write({ ...packet, data: new Uint8Array(length).fill(length) });
    await writer.close();
    expect(chunks.some((chunk) => chunk.length >= 5016)).toBe(true);
    expect(decodeAll([bytes()]).packets.map((p) => p.data.length)).toEqual([10, 5000, 10]);
  });

  test("flush hands over what there is, and the writer goes on", async () => {
    const { writer, chunks, bytes } = kept(format);
    writer.addInterface({ linkType: 1 });
    await writer.flush();
    expect(chunks).toHaveLength(1);
    await writer.flush();
    expect(chunks).toHaveLength(1);
    writer.write(packet);
    await writer.flush();
    expect(chunks).toHaveLength(2);
    expect(decodeAll([bytes()]).packets).toHaveLength(1);
  });

  test("the snap length cuts, and the wire length stays", async () => {
    const { writer, bytes } = kept(format);
    writer.addInterface({ linkType: 1, snapLength: 4 });
    const data = [hex("010203"), hex(""), hex("0405"), hex("06")];
    writer.write({ ...packet, data });
    writer.write({ ...packet, data, originalLength: 70 });
    writer.write({ ...packet, data: hex("0708") });
    await writer.close();
    const { packets, error } = decodeAll([bytes()]);
    expect(error).toBeUndefined();
    expect(packets.map((p) => [Buffer.from(p.data).toString("hex"), p.originalLength])).toEqual([
      ["01020304", 6],
      ["01020304", 70],
      ["0708", 2],
    ]);
  });

  test("without a snap length, packets are cut at 262144 bytes", async () => {
    const { writer, bytes } = kept(format);
    writer.addInterface({ linkType: 1, snapLength: 0 });
    writer.write({ ...packet, data: new Uint8Array(262_145).fill(9) });
    await writer.close();
    const { packets, error } = decodeAll([bytes()]);
    expect(error).toBeUndefined();
    expect(packets[0]?.data.length).toBe(262_144);
    expect(packets[0]?.originalLength).toBe(262_145);
  });

  test("bad arguments name themselves and leave the file as it was", async () => {
    const { writer, bytes } = kept(format);
    const refuse = (act: () => unknown, argument: string) => {
      expect(act).toThrow(ConfigError);
      expect(act).toThrow(expect.objectContaining({ argument }));
    };
    refuse(() => writer.write(packet), "interfaceId");
    refuse(() => writer.addInterface({ linkType: -1 }), "linkType");
    refuse(() => writer.addInterface({ linkType: 65_536 }), "linkType");
    refuse(() => writer.addInterface({ linkType: 1, snapLength: 2 ** 32 }), "snapLength");
    writer.addInterface({ linkType: 1 });
    refuse(() => writer.write({ ...packet, interfaceId: 1 }), "interfaceId");
    refuse(() => writer.write({ ...packet, interfaceId: -1 }), "interfaceId");
    refuse(() => writer.write({ ...packet, interfaceId: 0.5 }), "interfaceId");
    refuse(() => writer.write({ ...packet, originalLength: 4 }), "originalLength");
    refuse(() => writer.write({ ...packet, originalLength: 2 ** 32 }), "originalLength");
    refuse(() => writer.write({ ...packet, timestampNs: -1n }), "timestampNs");
    refuse(() => writer.write({ ...packet, timestampNs: 2n ** 64n }), "timestampNs");
    refuse(() => writer.setCounts(1, {}), "interfaceId");
    writer.write(packet);
    await writer.close();
    expect(decodeAll([bytes()]).packets).toHaveLength(1);
  });

  test("nothing can be written once it is closed", async () => {
    const { writer, bytes } = kept(format);
    writer.addInterface({ linkType: 1 });
    await writer.close();
    const length = bytes().length;
    expect(() => writer.write(packet)).toThrow(RinglaneError);
    await expect(writer.flush()).rejects.toMatchObject({ code: "CAPTURE_CLOSED" });
    await expect(writer.close()).rejects.toMatchObject({ code: "CAPTURE_CLOSED" });
    expect(bytes().length).toBe(length);
  });

  test.each([63, 0, 2 ** 26 + 1, 1.5])("chunkBytes = %d is refused", (chunkBytes) => {
    expect(() => kept(format, { chunkBytes })).toThrow(ConfigError);
  });

  test("the packets of a reader can be written as they are", async () => {
    const reader = new CaptureReader(example("web-mix.pcap"));
    const { writer, bytes } = kept(format);
    let interfaces = 0;
    for await (const burst of reader.bursts()) {
      for (; interfaces < reader.interfaces.length; interfaces++) {
        writer.addInterface(reader.interfaces[interfaces] ?? { linkType: -1 });
      }
      for (const p of burst) writer.write(p);
    }
    await writer.close();
    const copy = decodeAll([bytes()]);
    expect(copy.error).toBeUndefined();
    expect(copy.packets).toHaveLength(1350);
    if (format === "pcap") expect(Buffer.from(bytes()).equals(example("web-mix.pcap"))).toBe(true);
  });

  test("an asynchronous sink gets one chunk at a time, in order; write says when it is behind", async () => {
    const taken: Uint8Array[] = [];
    let running = 0;
    const sink = async (chunk: Uint8Array) => {
      expect(running++).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 0));
      running--;
      taken.push(chunk);
    };
    const writer = createCaptureWriter(format, { sink, chunkBytes: 200 });
    writer.addInterface({ linkType: 1 });
    const waits = Array.from({ length: 50 }, (_, i) => writer.write({ ...packet, data: new Uint8Array(60).fill(i) }));
    expect(waits.filter((wait) => wait !== undefined).length).toBeGreaterThan(40);
    await waits.at(-1);
    expect(running).toBe(0);
    expect(writer.write(packet)).toBeUndefined();
    await writer.close();
    const { packets, error } = decodeAll([concat(taken).bytes]);
    expect(error).toBeUndefined();
    expect(packets.map((p) => p.data[0])).toEqual([...Array.from({ length: 50 }, (_, i) => i), 1]);
  });

  test("a sink that fails says so in this call or the next", async () => {
    const failure = new Error("disk full");
    const failNow = () => {
      throw failure;
    };
    const sync = createCaptureWriter(format, { sink: failNow });
    sync.addInterface({ linkType: 1 });
    await expect(sync.flush()).rejects.toBe(failure);
    expect(() => sync.write(packet)).toThrow(failure);

    let calls = 0;
    const failLater = async () => {
      calls++;
      throw failure;
    };
    const writer: CaptureWriter = createCaptureWriter(format, { sink: failLater, chunkBytes: 64 });
    writer.addInterface({ linkType: 1 });
    for (let i = 0; i < 5; i++) writer.write(packet);
    await writer.write(packet);
    expect(calls).toBe(1);
    expect(() => writer.write(packet)).toThrow(failure);
    await expect(writer.close()).rejects.toBe(failure);
  });
});

describe("pcap writer", () => {
  test("header and record, byte for byte", async () => {
    const { writer, bytes } = kept("pcap");
    expect(writer.addInterface({ linkType: 1, snapLength: 65_535, name: "lost" })).toBe(0);
    writer.write({ ...packet, originalLength: 60 });
    await writer.close();
    expect(Buffer.from(bytes()).toString("hex")).toBe(
      ["4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000000", "00f15365 15cd5b07 05000000 3c000000 0102030405"]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  test("microseconds on request, cut", async () => {
    const { writer, bytes } = kept("pcap", { nanoseconds: false });
    writer.addInterface({ linkType: 1 });
    writer.write(packet);
    await writer.close();
    expect([...bytes().subarray(0, 4)]).toEqual([0xd4, 0xc3, 0xb2, 0xa1]);
    expect(decodeAll([bytes()]).packets[0]?.timestampNs).toBe(1_700_000_000_123_456_000n);
  });

  test("any order of times, up to the last", async () => {
    const { writer, bytes } = kept("pcap");
    writer.addInterface({ linkType: 1 });
    const last = 2n ** 32n * 10n ** 9n - 1n;
    const times = [last, 0n, 999_999_999n, 1_000_000_000n, 5n, 2_000_000_000n, 1_999_999_999n];
    for (const timestampNs of times) writer.write({ ...packet, timestampNs });
    expect(() => writer.write({ ...packet, timestampNs: last + 1n })).toThrow(ConfigError);
    await writer.close();
    expect(decodeAll([bytes()]).packets.map((p) => p.timestampNs)).toEqual(times);
  });

  test("has one interface only", () => {
    const { writer } = kept("pcap");
    writer.addInterface({ linkType: 1 });
    expect(() => writer.addInterface({ linkType: 1 })).toThrow(ConfigError);
  });

  test("without an interface, becomes an empty Ethernet capture", async () => {
    const { writer, bytes } = kept("pcap");
    await writer.close();
    const reader = new CaptureReader(bytes());
    expect(await readAll(reader)).toEqual({ packets: [], error: undefined });
    expect(reader.interfaces[0]?.linkType).toBe(1);
  });
});

describe("pcapng writer", () => {
  test("statistics come last, at the time of the newest packet", async () => {
    const { writer, bytes } = kept("pcapng");
    expect(writer.addInterface({ linkType: 1 })).toBe(0);
    writer.write({ ...packet, timestampNs: 7n << 32n });
    expect(writer.addInterface({ linkType: 113, name: "any" })).toBe(1);
    writer.write({ ...packet, timestampNs: 3n, interfaceId: 1 });
    writer.setCounts(1, { received: 1, dropped: 2 });
    writer.setCounts(1, { received: 9n, osDropped: 2n ** 64n - 1n });
    await writer.close();
    const reader = new CaptureReader(bytes());
    expect((await readAll(reader)).error).toBeUndefined();
    expect(reader.interfaces[0]).toMatchObject({ received: undefined });
    expect(reader.interfaces[1]).toMatchObject({ received: 9n, dropped: undefined, osDropped: 2n ** 64n - 1n });
    const block = new ModelSection(true).statistics(1, 7n << 32n, [
      [4, 9n],
      [7, 2n ** 64n - 1n],
    ]);
    expect([...bytes().subarray(-block.length)]).toEqual(block);
  });

  test("bad comments, flags and counts are refused before anything is written", async () => {
    const { writer, bytes } = kept("pcapng");
    writer.addInterface({ linkType: 1 });
    const refuse = (act: () => unknown, argument: string) =>
      expect(act).toThrow(expect.objectContaining({ name: "ConfigError", argument }));
    refuse(() => writer.write({ ...packet, comments: ["", "é".repeat(32_768)] }), "comments[1] length");
    refuse(() => writer.write({ ...packet, flags: 2 ** 32 }), "flags");
    refuse(() => writer.write({ ...packet, dropCount: -1 }), "dropCount");
    refuse(() => writer.write({ ...packet, dropCount: 0.5 }), "dropCount");
    refuse(() => writer.write({ ...packet, dropCount: 2n ** 64n }), "dropCount");
    refuse(() => writer.setCounts(0, { received: -1n }), "received");
    refuse(() => writer.addInterface({ linkType: 1, name: "n".repeat(65_536) }), "name length");
    refuse(() => writer.write({ ...packet, comments: new Array(1025).fill("c".repeat(65_535)) }), "block length");
    writer.write({ ...packet, comments: ["é".repeat(32_767)] });
    await writer.close();
    const { packets, error } = decodeAll([bytes()]);
    expect(error).toBeUndefined();
    expect(packets.map((p) => p.comments)).toEqual([["é".repeat(32_767)]]);
  });

  test("the classes and the factory are the same thing", () => {
    const sink = () => {};
    expect(createCaptureWriter("pcap", { sink })).toBeInstanceOf(PcapWriter);
    expect(createCaptureWriter("pcapng", { sink })).toBeInstanceOf(PcapngWriter);
    expect(() => createCaptureWriter("erf" as CaptureFormat, { sink })).toThrow(ConfigError);
  });
});

describe("encodeCapture", () => {
  test("takes lists and async iterables, and yields as it goes", async () => {
    const source = (async function* () {
      for (let i = 0; i < 100; i++) yield { ...packet, timestampNs: BigInt(i) };
    })();
    const parts: Uint8Array[] = [];
    const options = { format: "pcap" as const, interfaces: [{ linkType: 1 }], chunkBytes: 200 };
    for await (const chunk of encodeCapture(source, options)) parts.push(chunk);
    expect(parts.length).toBeGreaterThan(9);
    expect(decodeAll(parts).packets.map((p) => p.timestampNs)).toEqual(
      Array.from({ length: 100 }, (_, i) => BigInt(i)),
    );
  });

  test("throws what the writer throws", async () => {
    const encoding = (async () => {
      for await (const _ of encodeCapture([{ ...packet, interfaceId: 3 }], { format: "pcapng", interfaces: [] }));
    })();
    await expect(encoding).rejects.toBeInstanceOf(ConfigError);
  });
});
