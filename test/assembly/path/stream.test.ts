import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type AggregateBed, anyMessage, makeAggregateBed } from "../../helpers/aggregate.js";
import { UNTOUCHED } from "../../helpers/bed.js";
import { concat, counting, hex } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { holds } from "../../helpers/property.js";
import { packMessages, type StreamMessage, unpackMessages } from "../../model/stream.js";

const MESSAGES = 64;
const BYTES = 65_536;

/** As toEqual, which takes long over thousands of bytes. */
function expectBytes(got: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(got, expected) !== 0) expect(got).toEqual(expected);
}

const message = (stream: number, sequence: number, data: Uint8Array, flags = 0): StreamMessage => ({
  stream,
  sequence,
  flags,
  data,
});

/** Worked by hand from the drawing. */
const VECTORS: readonly [name: string, messages: readonly StreamMessage[], bytes: Uint8Array][] = [
  ["nothing", [], hex("")],
  ["one byte", [message(0x1234, 0xfffe, hex("5a"))], hex("1234 fffe 0001 5a")],
  [
    "three streams, a message in two parts, urgent",
    [
      message(1, 0, hex("010203"), layout.STREAM_F_MORE),
      message(0xffff, 7, hex("aabb"), layout.STREAM_F_URGENT),
      message(1, 1, hex("04")),
    ],
    hex("0001 0000 8003 010203", "ffff 0007 1002 aabb", "0001 0001 0001 04"),
  ],
  [
    "ends: with bytes, without any, urgent, reset",
    [
      message(2, 9, hex("ee"), layout.STREAM_F_FIN),
      message(3, 0xffff, hex(""), layout.STREAM_F_FIN),
      message(4, 0, hex(""), layout.STREAM_F_FIN | layout.STREAM_F_URGENT),
      message(5, 1, hex(""), layout.STREAM_F_RST),
    ],
    hex("0002 0009 4001 ee", "0003 ffff 4000", "0004 0000 5000", "0005 0001 2000"),
  ],
  [
    "the longest with a length of its own",
    [message(6, 2, counting(4095))],
    concat(hex("0006 0002 0fff"), counting(4095)),
  ],
  [
    "the rest of the transfer",
    [message(6, 2, hex("11")), message(7, 3, counting(4096), layout.STREAM_F_MORE)],
    concat(hex("0006 0002 0001 11", "0007 0003 8000"), counting(4096)),
  ],
];

/** Each after a sound sub-frame, which is not delivered either. */
const DAMAGED: readonly [name: string, fault: number, tail: Uint8Array][] = [
  ["a sub-header cut", layout.FAULT_TRUNCATED, hex("0001 0000 00")],
  ["one byte", layout.FAULT_TRUNCATED, hex("00")],
  ["a byte too few", layout.FAULT_LENGTH, hex("0001 0000 0003 0102")],
  ["the longest length", layout.FAULT_LENGTH, hex("0001 0000 0fff 0102")],
  ["MORE and FIN", layout.FAULT_FLAGS, hex("0001 0000 c001 01")],
  ["MORE and RST", layout.FAULT_FLAGS, hex("0001 0000 a000")],
  ["FIN and RST", layout.FAULT_FLAGS, hex("0001 0000 6000")],
  ["all flags", layout.FAULT_FLAGS, hex("0001 0000 f001 01")],
  ["RST with a byte", layout.FAULT_RESET_DATA, hex("0001 0000 2001 01")],
  ["no bytes", layout.FAULT_SHORT_REST, hex("0001 0000 0000")],
  ["a rest that a length could say", layout.FAULT_SHORT_REST, concat(hex("0001 0000 0000"), counting(4095))],
  ["one too many", layout.FAULT_TOO_MANY, concat(...Array(MESSAGES).fill(hex("0001 0000 0001 01")))],
];

describe.each(BUILDS)("sub-frames (%s build)", (build) => {
  let bed: AggregateBed;
  beforeEach(async () => {
    bed = await makeAggregateBed(build, MESSAGES, BYTES);
  });

  const put = (messages: readonly StreamMessage[]) => {
    let at = bed.data;
    for (const [i, each] of messages.entries()) {
      bed.u8.set(each.data, at);
      bed.putRecord(i, each, at, each.data.length);
      at += each.data.length;
    }
  };
  /** An aggregate at the memory's end, 0xa5 before anything is packed. */
  const open = (room: number) => {
    bed.u8.fill(UNTOUCHED, bed.end - room);
    bed.kernels.streamOpen(bed.aggregate, bed.end - room, room);
  };
  const packMore = (first: number, n: number) =>
    bed.kernels.streamPackBurst(bed.aggregate, bed.records + first * layout.MESSAGE_BYTES, n);
  const packed = () => {
    const start = bed.word(layout.AGGREGATE_DATA);
    return bed.u8.slice(start, start + bed.word(layout.AGGREGATE_END));
  };
  const unpack = (bytes: Uint8Array, max = MESSAGES) => {
    const from = bed.layAtEnd(bytes);
    bed.clearRecords();
    const count = bed.kernels.streamUnpackBurst(from, bytes.length, bed.records, max);
    expect(bed.areUntouched(Math.max(count, count < 0 ? max : 0))).toBe(true);
    return { from, count };
  };
  const unpacked = ({ from, count }: { from: number; count: number }): (StreamMessage & { at: number })[] =>
    Array.from({ length: count }, (_, i) => {
      const [ptr, len, stream, sequence, flags] = bed.record(i);
      return { stream, sequence, flags, at: ptr - from, data: bed.u8.slice(ptr, ptr + len) };
    });

  test.each(VECTORS)("%s: as drawn, both ways", (_, messages, bytes) => {
    put(messages);
    open(bytes.length);
    expect(packMore(0, messages.length)).toBe(messages.length);
    expect(packed()).toEqual(bytes);
    expect(unpacked(unpack(bytes)).map(({ at, ...rest }) => rest)).toEqual(messages);
    expect(packMessages(messages, bytes.length).bytes).toEqual(bytes);
    expect(unpackMessages(bytes, MESSAGES).messages.map(({ at, ...rest }) => rest)).toEqual(messages);
  });

  test.each(DAMAGED)("%s: refused by name, and nothing delivered", (_, fault, tail) => {
    const bytes = concat(hex("0009 0009 0002 0909"), tail);
    expect(unpack(bytes).count).toBe(-fault);
    expect(unpackMessages(bytes, MESSAGES)).toEqual({ fault, messages: [] });
  });

  test("any messages into any room: what the twin packs, not a byte beyond, and out again", () => {
    const property = fc.property(fc.array(anyMessage, { maxLength: 12 }), fc.nat(12_000), (messages, anyRoom) => {
      const exact = messages.reduce((sum, { data }) => sum + 6 + data.length, 0);
      for (const room of [anyRoom, exact, Math.max(0, exact - 1)]) {
        const twin = packMessages(messages, room);
        put(messages);
        open(room);
        expect([packMore(0, messages.length), bed.word(layout.AGGREGATE_FAULT)]).toEqual([twin.count, twin.fault]);
        expectBytes(packed(), twin.bytes);
        const behind = bed.u8.subarray(bed.end - room + twin.bytes.length);
        expect(behind.every((byte) => byte === UNTOUCHED)).toBe(true);
        const back = unpacked(unpack(twin.bytes));
        const { messages: found } = unpackMessages(twin.bytes, MESSAGES);
        expect([back.length, found.length]).toEqual([twin.count, twin.count]);
        for (const [i, { data, ...rest }] of back.entries()) {
          const { data: original, ...names } = messages[i] as StreamMessage;
          expect(rest).toEqual({ ...names, at: found[i]?.at });
          expectBytes(data, original);
        }
      }
    });
    holds(property, 300);
  });

  test("in bursts as at once", () => {
    const chunks = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 12, maxLength: 12 });
    const property = fc.property(
      fc.array(anyMessage, { maxLength: 12 }),
      fc.nat(9000),
      chunks,
      (messages, room, sizes) => {
        put(messages);
        open(room);
        const whole = packMore(0, messages.length);
        const bytes = packed();
        open(room);
        let count = 0;
        for (const size of sizes) {
          const n = Math.min(size, messages.length - count);
          count += packMore(count, n);
        }
        expect([count, packed()]).toEqual([whole, bytes]);
      },
    );
    holds(property, 200);
  });

  test("a message without a form stops the burst, is named, and those before it are packed", () => {
    const sound = message(1, 1, counting(10));
    const cases: [StreamMessage, number][] = [
      [message(1, 2, hex("")), layout.FAULT_EMPTY],
      [message(1, 2, hex(""), layout.STREAM_F_MORE), layout.FAULT_EMPTY],
      [message(1, 2, hex("01"), layout.STREAM_F_RST), layout.FAULT_RESET_DATA],
      [message(1, 2, counting(4096), layout.STREAM_F_FIN), layout.FAULT_LONG_FIN],
      [message(1, 2, hex("01"), 0xc), layout.FAULT_FLAGS],
      [message(1, 2, hex("01"), 0x10), layout.FAULT_FLAGS],
      [message(1, 2, hex("01"), 0xffffffff), layout.FAULT_FLAGS],
    ];
    for (const [bad, fault] of cases) {
      put([sound, bad, sound]);
      open(9000);
      expect([packMore(0, 3), bed.word(layout.AGGREGATE_FAULT)]).toEqual([1, fault]);
      expect(packed()).toEqual(packMessages([sound], 9000).bytes);
      expect([packMore(2, 1), bed.word(layout.AGGREGATE_FAULT)]).toEqual([1, layout.FAULT_NONE]);
    }
  });

  test("a length that no memory has: does not fit, and wraps nothing", () => {
    for (const len of [0xffffffff, 0xfffffffa, 0x80000000]) {
      bed.putRecord(0, message(1, 1, hex("")), bed.data, len);
      open(100);
      expect([packMore(0, 1), bed.word(layout.AGGREGATE_FAULT)]).toEqual([0, layout.FAULT_NONE]);
    }
  });

  test("behind the rest of a transfer nothing can stand", () => {
    put([message(1, 1, counting(4096)), message(2, 1, hex("01"))]);
    open(9000);
    expect(packMore(0, 2)).toBe(1);
    expect(packMore(1, 1)).toBe(0);
    expect(packed().length).toBe(6 + 4096);
  });

  test("as many as were agreed on, and not one more", () => {
    const bytes = concat(hex("0001 0000 0001 01"), hex("0001 0001 4000"));
    expect([0, 1, 2, 3].map((max) => unpack(bytes, max).count)).toEqual([
      -layout.FAULT_TOO_MANY,
      -layout.FAULT_TOO_MANY,
      2,
      2,
    ]);
    expect(unpack(hex(""), 0).count).toBe(0);
  });
});

test("the debug build catches places outside memory", async () => {
  const bed = await makeAggregateBed("debug", MESSAGES, BYTES);
  expect(() => bed.kernels.streamUnpackBurst(bed.end - 10, 11, bed.records, 1)).toThrow(/abort|beyond memory/);
  expect(() => bed.kernels.streamOpen(bed.aggregate, bed.end - 10, 11)).toThrow(/abort|beyond memory/);
});
