import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeErf, ERF_TYPE_INFINIBAND, type ErfRecord, encodeErf } from "../../src/capture/index.js";
import { concat, counting, hex, patched } from "../helpers/bytes.js";
import { holds } from "../helpers/property.js";

const RECORD: ErfRecord = {
  type: ERF_TYPE_INFINIBAND,
  timestampNs: 1_700_000_000_250_000_000n,
  data: counting(30),
  originalLength: 40,
};
// 0x6553f100 s and a quarter of 2^32; type 21, varying record length, 16 + 30 bytes, no losses, 40 on the wire.
const HEADER = hex("00000040 00f15365 15 04 002e 0000 0028");

describe("ERF records", () => {
  test("stand as they are drawn", () => {
    expect(encodeErf(RECORD)).toEqual({ data: concat(HEADER, RECORD.data), originalLength: 56 });
    expect(decodeErf(concat(HEADER, RECORD.data))).toEqual(RECORD);
  });

  test("any time to the nanosecond, any type and length come out as they went in", () => {
    const record = fc.record({
      type: fc.nat(0x7f),
      timestampNs: fc.bigInt(0n, 2n ** 32n * 1_000_000_000n - 1n),
      data: fc.uint8Array({ maxLength: 200 }),
      more: fc.nat(1000),
    });
    holds(
      fc.property(record, ({ more, ...rest }) => {
        const whole = { ...rest, originalLength: rest.data.length + more };
        expect(decodeErf(encodeErf(whole).data)).toEqual(whole);
      }),
      500,
    );
  });

  test("padding is not the packet's, and header extensions are passed over", () => {
    const padded = patched(concat(HEADER, counting(48)), 10, 0, 64);
    expect(decodeErf(padded)?.data).toEqual(counting(40));
    const extended = patched(concat(HEADER, hex("81 00000000000000 02 00000000000000"), RECORD.data), 8, 0x95);
    expect(decodeErf(patched(extended, 10, 0, 62))).toEqual(RECORD);
  });

  test("what contradicts itself is none", () => {
    const bytes = concat(HEADER, RECORD.data);
    expect(decodeErf(bytes.subarray(0, 15))).toBeUndefined();
    expect(decodeErf(patched(bytes, 10, 0, 15))).toBeUndefined();
    expect(decodeErf(patched(bytes.subarray(0, 20), 8, 0x95))).toBeUndefined();
    const endless = concat(HEADER, new Uint8Array(30).fill(0xff));
    expect(decodeErf(patched(endless, 8, 0x95))).toBeUndefined();
    expect(decodeErf(bytes.subarray(0, 20))?.data).toEqual(counting(4));
  });

  test.each<[string, Partial<ErfRecord>]>([
    ["type", { type: 0x80 }],
    ["seconds", { timestampNs: 2n ** 32n * 1_000_000_000n }],
    ["seconds", { timestampNs: -1_000_000_000n }],
    ["data.length", { data: new Uint8Array(65_520) }],
    ["originalLength", { originalLength: 65_536 }],
    ["originalLength", { originalLength: 29 }],
  ])("a %s beyond its field is named", (argument, change) => {
    expect(() => encodeErf({ ...RECORD, ...change })).toThrowError(expect.objectContaining({ argument }));
  });
});
