import { describe, expect, test } from "vitest";
import { CaptureDecoder } from "../../src/capture/index.js";
import { CaptureError } from "../../src/errors.js";
import { hex } from "../helpers/bytes.js";
import { decodeAll } from "./reading.js";

// Written by hand from draft-ietf-opsawg-pcap, figures 1 and 2.
const BIG_MICROSECONDS = hex(
  "a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001",
  "5ee87a01 000f423f 00000004 0000003c deadbeef",
  "5ee87a02 00000000 00000000 00000000",
);
const LITTLE_NANOSECONDS = hex(
  "4d3cb2a1 0200 0400 00000000 00000000 ffff0000 71000000",
  "017ae85e ffc99a3b 03000000 03000000 c0ffee",
);

function damageOf(bytes: Uint8Array): CaptureError {
  const { error } = decodeAll([bytes]);
  expect(error).toBeInstanceOf(CaptureError);
  return error as CaptureError;
}

describe("pcap", () => {
  test("big-endian, microseconds, cut by the snap length", () => {
    const decoder = new CaptureDecoder();
    const { packets, error } = decodeAll([BIG_MICROSECONDS], decoder);
    expect(error).toBeUndefined();
    expect(packets).toEqual([
      {
        timestampNs: 0x5ee87a01n * 1_000_000_000n + 999_999_000n,
        originalLength: 60,
        data: hex("deadbeef"),
        linkType: 1,
        interfaceId: 0,
        comments: undefined,
        dropCount: undefined,
        flags: undefined,
      },
      expect.objectContaining({ timestampNs: 0x5ee87a02n * 1_000_000_000n, originalLength: 0, data: hex("") }),
    ]);
    expect(decoder.format).toBe("pcap");
    expect(decoder.littleEndian).toBe(false);
    expect(decoder.interfaces).toEqual([
      {
        linkType: 1,
        snapLength: 262_144,
        name: undefined,
        description: undefined,
        timestampsPerSecond: 1_000_000n,
        offsetSeconds: 0n,
        section: 0,
        received: undefined,
        dropped: undefined,
        osDropped: undefined,
      },
    ]);
  });

  test("little-endian, nanoseconds", () => {
    const decoder = new CaptureDecoder();
    const { packets, error } = decodeAll([LITTLE_NANOSECONDS], decoder);
    expect(error).toBeUndefined();
    expect(packets).toHaveLength(1);
    expect(packets[0]).toMatchObject({
      timestampNs: 0x5ee87a01n * 1_000_000_000n + 999_999_999n,
      originalLength: 3,
      data: hex("c0ffee"),
      linkType: 113,
    });
    expect(decoder.littleEndian).toBe(true);
    expect(decoder.interfaces[0]).toMatchObject({ snapLength: 65_535, timestampsPerSecond: 1_000_000_000n });
  });

  test("FCS bits are no part of the link type", () => {
    const bytes = BIG_MICROSECONDS.slice();
    bytes.set(hex("24000001"), 20);
    expect(decodeAll([bytes]).packets.map((packet) => packet.linkType)).toEqual([1, 1]);
  });

  test("a fraction of a second or more counts on, as in libpcap", () => {
    const bytes = BIG_MICROSECONDS.slice();
    bytes.set(hex("001e8480"), 28);
    expect(decodeAll([bytes]).packets[0]?.timestampNs).toBe(0x5ee87a03n * 1_000_000_000n);
  });

  test("an original length below the captured length is the captured length", () => {
    const bytes = BIG_MICROSECONDS.slice();
    bytes.set(hex("00000001"), 36);
    expect(decodeAll([bytes]).packets[0]?.originalLength).toBe(4);
  });

  test("minor versions of 2 are read, other major versions are not", () => {
    const bytes = BIG_MICROSECONDS.slice();
    bytes.set(hex("0002 0003"), 4);
    expect(decodeAll([bytes]).packets).toHaveLength(2);
    bytes.set(hex("0003 0004"), 4);
    expect(damageOf(bytes)).toMatchObject({ byteOffset: 0, message: expect.stringContaining("version 3") });
  });

  test.each(["a1b2cd34", "34cdb2a1"])("modified pcap %s is refused by name", (magic) => {
    const bytes = BIG_MICROSECONDS.slice();
    bytes.set(hex(magic));
    expect(damageOf(bytes)).toMatchObject({ byteOffset: 0, message: expect.stringContaining("modified") });
  });

  test("captured lengths up to the greater of snap length and 262144 are read", () => {
    const sized = (snapLength: string, captured: number) => {
      const record = new Uint8Array(40 + captured);
      record.set(BIG_MICROSECONDS.subarray(0, 40));
      record.set(hex(snapLength), 16);
      new DataView(record.buffer).setUint32(32, captured);
      return record;
    };
    expect(decodeAll([sized("00000060", 262_144)]).packets[0]?.data.length).toBe(262_144);
    expect(damageOf(sized("00000060", 262_145))).toMatchObject({ byteOffset: 24 });
    expect(damageOf(sized("00000000", 262_145))).toMatchObject({ byteOffset: 24 });
    expect(decodeAll([sized("00050000", 327_680)]).packets[0]?.data.length).toBe(327_680);
    expect(damageOf(sized("00050000", 327_681))).toMatchObject({ byteOffset: 24 });
  });

  test("under any snap length, a record above 64 MiB is damage before its bytes are waited for", () => {
    const bytes = BIG_MICROSECONDS.slice(0, 40);
    bytes.set(hex("ffffffff"), 16);
    bytes.set(hex("04000001"), 32);
    const decoder = new CaptureDecoder();
    expect(() => [...decoder.decode(bytes)]).toThrow(CaptureError);
  });
});
