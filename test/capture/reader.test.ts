import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { CaptureDecoder, type CapturePacket, CaptureReader } from "../../src/capture/index.js";
import { CaptureError, ConfigError, RinglaneError } from "../../src/errors.js";
import { type ModelPacket, modelPcap } from "../model/capture.js";
import { chunked, decodeAll, example, readAll } from "./reading.js";

const packets: ModelPacket[] = Array.from({ length: 40 }, (_, i) => ({
  timestampNs: BigInt(i),
  data: Uint8Array.from({ length: i }, (_, j) => i + j),
  originalLength: i,
  interfaceId: 0,
}));
const shape = { littleEndian: true, nanoseconds: true, network: 1, snapLength: 262_144 };
const pcap = modelPcap(packets, shape).bytes;

function stream(chunks: Uint8Array[], onCancel: () => void = () => {}): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: onCancel,
  });
}

/** An async source that says whether it was closed, and how far it was read. */
class Watched implements AsyncIterableIterator<Uint8Array> {
  closed = false;
  taken = 0;
  readonly #chunks: Iterator<Uint8Array>;

  constructor(chunks: Iterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.iterator]();
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    this.taken++;
    return this.#chunks.next();
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.closed = true;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

describe("sources", () => {
  test.each<[string, (bytes: Uint8Array) => ConstructorParameters<typeof CaptureReader>[0]]>([
    ["a byte array", (bytes) => bytes],
    ["a Buffer", (bytes) => Buffer.from(bytes)],
    ["a list of chunks", (bytes) => chunked(bytes, [7])],
    ["chunks of one byte", (bytes) => chunked(bytes, [1])],
    ["an async iterable", (bytes) => new Watched(chunked(bytes, [100]))],
    ["a web stream", (bytes) => stream(chunked(bytes, [50, 1]))],
    ["empty chunks between", (bytes) => chunked(bytes, [33]).flatMap((chunk) => [new Uint8Array(0), chunk])],
  ])("%s, as it is and compressed", async (_, source) => {
    for (const compressed of [false, true]) {
      const reader = new CaptureReader(source(compressed ? gzipSync(pcap) : pcap));
      expect(reader.format).toBeUndefined();
      const { packets: read, error } = await readAll(reader);
      expect(error).toBeUndefined();
      expect(read.map((p) => p.data)).toEqual(packets.map((p) => p.data));
      expect(reader.compressed).toBe(compressed);
      expect(reader.format).toBe("pcap");
      expect(reader.littleEndian).toBe(true);
      expect(reader.interfaces).toHaveLength(1);
    }
  });

  test("packets in a chunk are views into it", async () => {
    const { packets: read } = await readAll(pcap);
    expect(read).toHaveLength(40);
    expect(read.every((packet) => packet.data.buffer === pcap.buffer)).toBe(true);
  });

  test("an error of the source passes as it is, after the packets that came before", async () => {
    for (const bytes of [pcap, gzipSync(pcap)]) {
      const failure = new Error("disk on fire");
      const source = (async function* () {
        yield bytes;
        throw failure;
      })();
      const { packets: read, error } = await readAll(source);
      expect(error).toBe(failure);
      expect(read).toHaveLength(40);
    }
  });

  test("a capture is read once", async () => {
    const reader = new CaptureReader(pcap);
    await readAll(reader);
    expect(() => reader.bursts()).toThrow(RinglaneError);
    expect(() => reader.bursts()).toThrow("read before");
  });
});

describe("iteration", () => {
  test("bursts hold 1 to max packets", async () => {
    const sizes: number[] = [];
    for await (const burst of new CaptureReader(pcap).bursts(16)) sizes.push(burst.length);
    expect(sizes).toEqual([16, 16, 8]);
  });

  test("packet by packet", async () => {
    const read: CapturePacket[] = [];
    for await (const packet of new CaptureReader(chunked(pcap, [99]))) read.push(packet);
    expect(read.map((p) => p.data)).toEqual(packets.map((p) => p.data));
  });

  test.each([0, -1, 1.5, 65_537, Number.NaN])("max = %d is refused", (max) => {
    expect(() => new CaptureReader(pcap).bursts(max)).toThrow(ConfigError);
    expect(() => [...new CaptureDecoder().decode(pcap, max)]).toThrow(ConfigError);
  });

  test("ending early closes the source, compressed or not, and reads no further", async () => {
    const whole = example("small-messages.pcap");
    for (const bytes of [whole, gzipSync(whole)]) {
      const chunks = chunked(bytes, [4096]);
      const source = new Watched(chunks);
      for await (const packet of new CaptureReader(source)) {
        expect(packet.data.length).toBeGreaterThan(0);
        break;
      }
      expect(source.closed).toBe(true);
      expect(source.taken).toBeLessThan(chunks.length / 2);
    }
  });

  test("ending early cancels a stream, compressed or not", async () => {
    const whole = example("small-messages.pcap");
    for (const bytes of [whole, gzipSync(whole)]) {
      let cancelled = 0;
      const source = stream(chunked(bytes, [4096]), () => {
        cancelled++;
      });
      for await (const burst of new CaptureReader(source).bursts()) {
        expect(burst.length).toBeGreaterThan(0);
        break;
      }
      expect(cancelled).toBe(1);
      expect(source.locked).toBe(false);
    }
  });

  test("damage closes the source", async () => {
    const damaged = pcap.slice();
    damaged.fill(0xff, 24, 40);
    const source = new Watched(chunked(damaged, [64]));
    const { error } = await readAll(source);
    expect(error).toBeInstanceOf(CaptureError);
    expect(source.closed).toBe(true);
  });

  test("a decoder whose burst was broken off goes on where it stopped", () => {
    const decoder = new CaptureDecoder();
    const read: CapturePacket[] = [];
    for (const burst of decoder.decode(pcap.subarray(0, 700), 3)) {
      read.push(...burst);
      break;
    }
    for (const burst of decoder.decode(pcap.subarray(700))) read.push(...burst);
    decoder.finish();
    expect(read.map((p) => p.data)).toEqual(packets.map((p) => p.data));
  });
});

describe("gzip", () => {
  test("several members are one file in Node, wherever chunks end", async () => {
    const half = gzipSync(pcap.subarray(0, 500));
    const joined = Buffer.concat([half, gzipSync(pcap.subarray(500))]);
    for (const sizes of [[joined.length], [1], [half.length], [half.length + 1], [half.length - 1], [16]]) {
      const { packets: read, error } = await readAll(chunked(joined, sizes));
      expect(error).toBeUndefined();
      expect(read.map((p) => p.data)).toEqual(packets.map((p) => p.data));
    }
  });

  test("a member that ends where a step of the decompression ends", async () => {
    const plain = example("web-mix.pcap");
    // Stored blocks: the compressed length follows from the plain one, which makes 65536 bytes reachable.
    const overhead = gzipSync(plain.subarray(0, 65_000), { level: 0 }).length - 65_000;
    const first = gzipSync(plain.subarray(0, 65_536 - overhead), { level: 0 });
    expect(first.length).toBe(65_536);
    const rest = gzipSync(plain.subarray(65_536 - overhead));
    const { packets: read, error } = await readAll(Buffer.concat([first, rest]));
    expect(error).toBeUndefined();
    expect(read).toHaveLength(1350);
  });

  test("zero padding at the end is ignored, junk is damage", async () => {
    const zipped = gzipSync(pcap);
    const { packets: read, error } = await readAll(Buffer.concat([zipped, Buffer.alloc(512)]));
    expect(error).toBeUndefined();
    expect(read).toHaveLength(40);
    expect((await readAll(Buffer.concat([zipped, Buffer.from("junk")]))).error).toBeInstanceOf(CaptureError);
  });

  test("compressed twice is no capture", async () => {
    const { error } = await readAll(gzipSync(gzipSync(pcap)));
    expect(error).toMatchObject({ byteOffset: 0, message: expect.stringContaining("not a pcap or pcapng file") });
  });

  test("a megabyte of packets from a kilobyte, in steps", async () => {
    const zeros: ModelPacket[] = Array.from({ length: 16 }, (_, i) => ({
      timestampNs: BigInt(i),
      data: new Uint8Array(65_536),
      originalLength: 65_536,
      interfaceId: 0,
    }));
    const { packets: read, error } = await readAll(gzipSync(modelPcap(zeros, shape).bytes));
    expect(error).toBeUndefined();
    expect(read).toHaveLength(16);
    expect(read.every(({ data }) => data.length === 65_536 && data.every((byte) => byte === 0))).toBe(true);
  });
});

describe("real captures", () => {
  test.each([
    ["web-mix.pcap", 1350],
    ["small-messages.pcap", 10_522],
    ["kernel-vxlan-underlay.pcap", 297],
  ])("%s has %i packets", async (name, count) => {
    const bytes = example(name);
    const { packets: read, error } = await readAll(chunked(bytes, [65_536]));
    expect(error).toBeUndefined();
    expect(read).toHaveLength(count);
    expect(read.reduce((sum, { data }) => sum + data.length + 16, 24)).toBe(bytes.length);
    const again = decodeAll(chunked(bytes, [1009])).packets;
    expect(again.map((p) => p.timestampNs)).toEqual(read.map((p) => p.timestampNs));
    expect(Buffer.concat(again.map((p) => p.data)).equals(Buffer.concat(read.map((p) => p.data)))).toBe(true);
  });
});
