import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.js";
import { type ControlPacketOptions, controlPacket, movedPacket } from "../../src/gqp/control-packet.js";
import {
  addRejected,
  decodeMoved,
  encodeMoved,
  MOVED_BYTES,
  type Moved,
  type MovedFault,
  rejectedPsns,
} from "../../src/gqp/moved.js";
import { makeBed } from "../helpers/bed.js";
import { concat, counting, hex, macText, patched } from "../helpers/bytes.js";
import { GqpBed } from "../helpers/gqp.js";
import { holds } from "../helpers/property.js";
import { addressText } from "../helpers/tunnels.js";
import { open } from "../model/gqp.js";

const MOVED: Moved = {
  gqpn: 0x123456,
  generation: 0x89abcdef,
  vni: 4242,
  mac: "02:00:00:00:00:01",
  hint: "192.0.2.9",
  sourceQpn: 0xabcdef,
  rejected: { first: 0xfffffe, bitmap: 0b1011n },
};

const BYTES = hex(
  "524c4d56 01 04 0000 00 123456 89abcdef",
  "00 001092 020000000001 0000 00 abcdef",
  "00 fffffe 00000000 000000000000000b",
  "c0000209 000000000000000000000000",
);

const number = fc.integer({ min: 2, max: 0xfffffd });
const bytesOf = (length: number) => fc.array(fc.nat(255), { minLength: length, maxLength: length });
const anyMoved: fc.Arbitrary<Moved> = fc.record({
  gqpn: number,
  generation: fc.nat(0xffffffff),
  vni: fc.nat(0xffffff),
  mac: bytesOf(5).map((bytes) => macText([0x02, ...bytes])),
  hint: fc.oneof(
    fc.constant(undefined),
    bytesOf(3).map((bytes) => addressText([10, ...bytes])),
    fc.constantFrom("2001:db8::1", "fe80::1:2:3:4", "::1"),
  ),
  sourceQpn: number,
  rejected: fc.record({ first: fc.nat(0xffffff), bitmap: fc.bigInt(0n, 2n ** 64n - 1n).map((bits) => bits | 1n) }),
});

describe("the moved message", () => {
  test("stands as it is drawn", () => {
    expect(encodeMoved(MOVED)).toEqual(BYTES);
    expect(decodeMoved(BYTES)).toEqual(MOVED);
    expect(decodeMoved(encodeMoved({ ...MOVED, hint: undefined }))).toEqual({ ...MOVED, hint: undefined });
    expect(encodeMoved({ ...MOVED, hint: "2001:db8::5" }).subarray(48)).toEqual(
      hex("20010db8000000000000000000000005"),
    );
  });

  test("comes out as it went in", () => {
    holds(
      fc.property(anyMoved, (moved) => {
        expect(decodeMoved(encodeMoved(moved))).toEqual(moved);
      }),
      500,
    );
  });

  test.each<readonly [MovedFault, Uint8Array]>([
    ["length", BYTES.subarray(0, 63)],
    ["length", concat(BYTES, [0])],
    ["length", new Uint8Array()],
    ["magic", patched(BYTES, 3, 0)],
    ["version", patched(BYTES, 4, 2)],
    ...[6, 7, 8, 16, 26, 27, 28, 32, 36, 37, 38, 39].map((at) => ["reserved", patched(BYTES, at, 1)] as const),
    ["gqpn", patched(BYTES, 9, 0, 0, 1)],
    ["gqpn", patched(BYTES, 9, 0xff, 0xff, 0xfe)],
    ["mac", patched(BYTES, 20, 0, 0, 0, 0, 0, 0)],
    ["mac", patched(BYTES, 20, 1)],
    ["source-qpn", patched(BYTES, 29, 0, 0, 1)],
    ["source-qpn", patched(BYTES, 29, 0xff, 0xff, 0xff)],
    ["rejected", patched(BYTES, 47, 0x0a)],
    ["hint", patched(BYTES, 5, 0)],
    ["hint", patched(BYTES, 5, 5)],
    ["hint", patched(BYTES, 52, 1)],
    ["hint", patched(BYTES, 48, 0, 0, 0, 0)],
  ])("is refused for its %s", (fault, bytes) => {
    expect(decodeMoved(bytes)).toBe(fault);
  });

  test("any bytes are a message that encodes to the same, or a fault", () => {
    const changes = fc.array(fc.tuple(fc.nat(MOVED_BYTES - 1), fc.nat(255)), { maxLength: 3 });
    holds(
      fc.property(changes, (list) => {
        const bytes = list.reduce((copy, [at, value]) => patched(copy, at, value), BYTES);
        const decoded = decodeMoved(bytes);
        if (typeof decoded !== "string") expect(encodeMoved(decoded)).toEqual(bytes);
      }),
      1000,
    );
  });

  test.each<[string, Partial<Moved>]>([
    ["gqpn", { gqpn: 1 }],
    ["generation", { generation: 2 ** 32 }],
    ["vni", { vni: -1 }],
    ["mac", { mac: "01:00:00:00:00:01" }],
    ["mac", { mac: "00:00:00:00:00:00" }],
    ["hint", { hint: "0.0.0.0" }],
    ["hint", { hint: "host-a" }],
    ["sourceQpn", { sourceQpn: 0xfffffe }],
    ["rejected.first", { rejected: { first: 2 ** 24, bitmap: 1n } }],
    ["rejected.bitmap", { rejected: { first: 0, bitmap: 2n } }],
    ["rejected.bitmap", { rejected: { first: 0, bitmap: 2n ** 64n + 1n } }],
  ])("a wrong %s cannot be said", (argument, change) => {
    expect(() => encodeMoved({ ...MOVED, ...change })).toThrowError(expect.objectContaining({ argument }));
  });
});

describe("rejected PSNs", () => {
  test("are gathered while they are within 64 of the first, also across the end of 24 bits", () => {
    const first = 0xfffff0;
    let rejected = addRejected(undefined, first);
    for (const step of [3, 1, 63, 16]) rejected = addRejected(rejected, (first + step) % 2 ** 24);
    expect(rejected && rejectedPsns(rejected)).toEqual([0xfffff0, 0xfffff1, 0xfffff3, 0, 47]);
    expect(addRejected(rejected, (first + 64) % 2 ** 24)).toBeUndefined();
    expect(addRejected(rejected, first - 1)).toBeUndefined();
    expect(() => addRejected(rejected, 2 ** 24)).toThrowError(expect.objectContaining({ argument: "psn" }));
  });

  test("come out as they went in", () => {
    const distances = fc.uniqueArray(fc.integer({ min: 1, max: 63 }));
    holds(
      fc.property(fc.nat(0xffffff), distances, (first, list) => {
        const psns = [first, ...list.sort((a, b) => a - b).map((distance) => (first + distance) % 2 ** 24)];
        const rejected = psns.reduce<ReturnType<typeof addRejected>>(addRejected, undefined);
        expect(rejected && rejectedPsns(rejected)).toEqual(psns);
      }),
      300,
    );
  });
});

describe("the packet that brings it", () => {
  const V4: ControlPacketOptions = { local: "192.0.2.1", remote: "198.51.100.2", psn: 0xfffffe };
  const V6: ControlPacketOptions = { local: "2001:db8::1", remote: "2001:db8::2", psn: 7, vlan: 9, tos: 0xb8, ttl: 3 };
  let gqp: GqpBed;
  beforeAll(async () => {
    gqp = new GqpBed(await makeBed("debug", { mbufs: 4 }));
  });

  function opened(packet: Uint8Array) {
    const m = gqp.bed.frame(packet);
    gqp.decap([m], "rocev2");
    const cause = gqp.bed.u16(m + layout.MBUF_CAUSE);
    gqp.bed.free(m);
    const { offset, length, ...found } = gqp.found();
    return { cause, found, payload: packet.subarray(offset, offset + length) };
  }

  test.each([
    ["IPv4", V4],
    ["IPv6 in a VLAN", V6],
    ["IPv4 with a UDP checksum", { ...V4, udpChecksum: "full" as const }],
    ["IPv6 with a UDP checksum", { ...V6, udpChecksum: "full" as const }],
  ])("over %s is opened by kernel and twin: every sum is right", (_, options) => {
    const packet = movedPacket(MOVED, options);
    const { cause, found, payload } = opened(packet);
    expect(cause).toBe(layout.OK);
    expect(found).toEqual({
      destQpn: 0xfffffe,
      sourceQpn: 0xfffffe,
      psn: options.psn,
      qkey: 0x80006558,
      isControl: true,
    });
    expect(decodeMoved(payload)).toEqual(MOVED);
    expect(open(packet, "rocev2")).toMatchObject({ isControl: true, bytes: BYTES });
  });

  test("any payload of 1 to 256 bytes is padded to words and comes out whole", () => {
    for (let length = 1; length <= 256; length++) {
      const packet = controlPacket(counting(length), length % 2 ? V4 : { ...V6, udpChecksum: "full" });
      expect(opened(packet)).toMatchObject({ cause: layout.OK, payload: counting(length) });
    }
  });

  test.each<[string, Partial<ControlPacketOptions>]>([
    ["psn", { psn: 2 ** 24 }],
    ["remote", { remote: "::1" }],
    ["local", { local: "x" }],
    ["sourcePort", { sourcePort: 0 }],
    ["vlan", { vlan: 0 }],
    ["ttl", { ttl: 256 }],
    ["tos", { tos: -1 }],
    ["sourceMac", { sourceMac: "" }],
    ["udpChecksum", { udpChecksum: "half" as "full" }],
  ])("a wrong %s is named", (argument, change) => {
    expect(() => movedPacket(MOVED, { ...V4, ...change })).toThrowError(expect.objectContaining({ argument }));
  });

  test("a payload out of bounds is named", () => {
    for (const length of [0, 4097])
      expect(() => controlPacket(new Uint8Array(length), V4)).toThrowError(/payload.length/);
  });
});
