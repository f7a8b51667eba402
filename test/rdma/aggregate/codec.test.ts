import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type AggregateCodec,
  type AggregateMessage,
  aggregateFaultText,
  createAggregateCodec,
} from "../../../src/rdma/aggregate/index.js";
import { anyMessage } from "../../helpers/aggregate.js";
import { concat, counting, hex } from "../../helpers/bytes.js";
import { wasmBytes } from "../../helpers/engines.js";
import { holds } from "../../helpers/property.js";
import { packMessages, type StreamMessage } from "../../model/stream.js";

const named = ({ stream, sequence, flags, data }: StreamMessage): AggregateMessage => ({
  stream,
  sequence,
  data,
  more: (flags & 8) !== 0,
  fin: (flags & 4) !== 0,
  rst: (flags & 2) !== 0,
  urgent: (flags & 1) !== 0,
});

describe("createAggregateCodec", () => {
  let codec: AggregateCodec;
  beforeEach(async () => {
    codec = await createAggregateCodec({ wasm: wasmBytes("debug") });
  });

  it("packs what fits, as the twin does, and gives it back", () => {
    const property = fc.property(fc.array(anyMessage, { maxLength: 20 }), fc.nat(20_000), (messages, room) => {
      const twin = packMessages(messages, room);
      const { bytes, count } = codec.packAggregate(messages.map(named), room);
      expect([bytes, count]).toEqual([twin.bytes, twin.count]);
      const unpacked = codec.unpackAggregate(bytes);
      expect(unpacked).toEqual({ fault: undefined, messages: messages.slice(0, count).map(named) });
    });
    holds(property, 200);
  });

  it("fills the largest transfer to its last byte, with the most sub-frames and with one", () => {
    const ends = Array.from({ length: 11_000 }, (_, i) => named({ stream: i, sequence: 0, flags: 4, data: hex("") }));
    const { bytes, count } = codec.packAggregate(ends, 65_536);
    expect([bytes.length, count]).toEqual([65_532, 10_922]);
    expect(codec.unpackAggregate(bytes).messages.length).toBe(10_922);
    const long = { stream: 1, sequence: 1, data: counting(65_530) };
    expect(codec.packAggregate([long, long], 65_536).count).toBe(1);
    expect(codec.packAggregate([{ ...long, data: counting(65_531) }], 65_536).count).toBe(0);
    expect(codec.packAggregate([{ ...long, data: counting(200_000) }], 65_536).count).toBe(0);
  });

  it("names what is wrong with an aggregate, and gives no message of it", () => {
    const sound = hex("0001 0000 0001 aa");
    const faults = [hex("00"), hex("0001 0000 c001 01"), hex("0001 0000 2001 01"), hex("0001 0000 0002 01")].map(
      (tail) => codec.unpackAggregate(concat(sound, tail)),
    );
    expect(faults.map(({ fault }) => fault)).toEqual(["truncated", "flags", "reset-data", "length"]);
    expect(faults.flatMap(({ messages }) => messages)).toEqual([]);
    expect(codec.unpackAggregate(hex("0001 0000 0000")).fault).toBe("short-rest");
    expect(codec.unpackAggregate(concat(sound, sound), 1).fault).toBe("too-many");
    expect(aggregateFaultText("truncated")).toBe("ends inside a sub-header");
  });

  it("refuses a message that has no form, by its place, and numbers beyond 16 bits", () => {
    const sound = { stream: 1, sequence: 1, data: counting(3) };
    const pack = (bad: Partial<AggregateMessage>) => () => codec.packAggregate([sound, { ...sound, ...bad }], 9000);
    expect(pack({ data: hex("") })).toThrow('messages[1] is "empty"');
    expect(pack({ rst: true })).toThrow("reset-data");
    expect(pack({ more: true, fin: true })).toThrow("flags");
    expect(pack({ fin: true, data: counting(4096) })).toThrow("long-fin");
    expect(pack({ stream: 65_536 })).toThrow("messages[1].stream");
    expect(pack({ sequence: -1 })).toThrow("messages[1].sequence");
    expect(() => codec.packAggregate([], 65_537)).toThrow("roomBytes");
    expect(() => codec.unpackAggregate(counting(65_537))).toThrow("bytes.length");
  });

  it("is over when closed", () => {
    codec.close();
    expect(() => codec.packAggregate([], 10)).toThrow("closed");
    expect(() => codec.unpackAggregate(hex(""))).toThrow("closed");
  });
});
