import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { anyFrame, validFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { concat, counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { anyGqpOuter, anyNumbers, FORMS, GqpBed, INFINIBAND, NUMBERS, ROCE_V4, ROCE_V6 } from "../../helpers/gqp.js";
import { holds, Random } from "../../helpers/property.js";
import { encapsulate, type GqpOuter, type Numbers } from "../../model/gqp.js";

describe.each(BUILDS)("encapsulation between queue pairs (%s build)", (build) => {
  let bed: Bed;
  let gqp: GqpBed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 80, headroomBytes: 96, bufBytes: 2112 });
    gqp = new GqpBed(bed);
  });

  function encap(segments: Uint8Array | readonly Uint8Array[], outer: GqpOuter, numbers: Numbers, wire?: number) {
    gqp.setTunnel(outer);
    const m = bed.frame(segments, wire);
    const next = gqp.encap([m], numbers);
    const cause = bed.u16(m + layout.MBUF_CAUSE);
    expect(next).toBe((numbers.psn + (cause === layout.OK ? 1 : 0)) % 2 ** 24);
    const result = { cause, bytes: bed.bytes(m), wire: bed.u32(m + layout.MBUF_WIRE_LEN) };
    expect(bed.u32(m + layout.MBUF_PKT_LEN)).toBe(result.bytes.length);
    // Nothing was written around what is data now, in any segment.
    for (const segment of bed.segments(m)) {
      const start = bed.u32(segment + layout.MBUF_DATA) - bed.u32(segment + layout.MBUF_BUF);
      const buffer = bed.buffer(segment);
      expect(buffer.subarray(0, start).every((byte) => byte === UNTOUCHED)).toBe(true);
      expect(buffer.subarray(start + bed.u32(segment + layout.MBUF_LEN)).every((byte) => byte === UNTOUCHED)).toBe(
        true,
      );
    }
    bed.free(m);
    return result;
  }

  test("is its twin, byte by byte, for any frame, whole or cut, and any tunnel", () => {
    holds(
      fc.property(anyFrame(), anyGqpOuter, anyNumbers, ({ data, wire }, outer, numbers) => {
        expect(encap(data, outer, numbers, wire)).toEqual(encapsulate(data, outer, numbers, wire));
      }),
      1200,
    );
  });

  test("is its twin over chains, whose segments may be odd or empty", () => {
    const cuts = fc.array(fc.nat(400), { minLength: 1, maxLength: 4 });
    holds(
      fc.property(validFrame(300), anyGqpOuter, anyNumbers, cuts, (data, outer, numbers, at) => {
        const bounds = at.map((cut) => Math.min(cut, data.length)).sort((a, b) => a - b);
        const parts = [0, ...bounds].map((from, i) => data.subarray(from, bounds[i] ?? data.length));
        expect(encap(parts, outer, numbers)).toEqual(encapsulate(data, outer, numbers, data.length, bounds[0]));
      }),
      600,
    );
  });

  describe.each(FORMS)("%s", (_, outer) => {
    test("every payload length up to 300 bytes, at every alignment", () => {
      const random = new Random();
      gqp.setTunnel(outer);
      for (let length = 0; length <= 300; length++) {
        const frame = f.ethernet(f.layer3(0x88b5, random.bytes(length)));
        const expected = encapsulate(frame, outer, NUMBERS);
        for (let align = 0; align < (build === "release" ? 16 : 3); align++) {
          const m = bed.frame(concat(new Uint8Array(align), frame));
          bed.kernels.adj(m, align);
          gqp.encap([m], NUMBERS);
          expect(Buffer.compare(bed.bytes(m), expected.bytes), `${length} bytes, ${align}`).toBe(0);
          bed.free(m);
        }
      }
    });

    test("a burst has consecutive PSNs, which end at 24 bits", () => {
      gqp.setTunnel(outer);
      const frames = Array.from({ length: 5 }, (_, i) => f.ethernet(f.ipv4(f.udp(counting(30 + i)))));
      const mbufs = frames.map((frame) => bed.frame(frame));
      expect(gqp.encap(mbufs, NUMBERS)).toBe(3);
      const expected = frames.map((frame, i) =>
        encapsulate(frame, outer, { ...NUMBERS, psn: (NUMBERS.psn + i) % 2 ** 24 }),
      );
      expect(mbufs.map((m) => bed.bytes(m))).toEqual(expected.map(({ bytes }) => bytes));
      for (const m of mbufs) bed.free(m);
    });
  });

  test("numbers count by their low 24 bits", () => {
    const frame = f.ethernet(f.arp());
    const wide = { destQpn: 0xff123456, sourceQpn: 0x80abcdef, psn: 0x01fffffe };
    gqp.setTunnel(ROCE_V4);
    const m = bed.frame(frame);
    gqp.encap([m], wide);
    expect(bed.bytes(m)).toEqual(encapsulate(frame, ROCE_V4, NUMBERS).bytes);
    bed.free(m);
  });

  describe("a refused frame is untouched", () => {
    function refused(m: number, outer: GqpOuter, cause: number): void {
      gqp.setTunnel(outer);
      const state = () => {
        const fields = [layout.MBUF_DATA, layout.MBUF_LEN, layout.MBUF_PKT_LEN, layout.MBUF_WIRE_LEN];
        const place = bed.segments(m).map((s) => fields.map((field) => bed.u32(s + field)));
        return [place, bed.segments(m).map((s) => bed.buffer(s))];
      };
      const before = state();
      gqp.encap([m], NUMBERS);
      expect(bed.u16(m + layout.MBUF_CAUSE)).toBe(cause);
      expect(state()).toEqual(before);
      bed.free(m);
    }

    /** An mbuf with exactly this much room in front of the frame and behind it. */
    function tight(frame: Uint8Array, front: number, behind: number): number {
      const m = bed.frame(concat(frame, new Uint8Array(2112 - 96 - frame.length).fill(UNTOUCHED)));
      const start = bed.u32(m + layout.MBUF_BUF) + front;
      bed.view(start, frame.length).set(frame);
      bed.poke32(m + layout.MBUF_DATA, start);
      for (const field of [layout.MBUF_LEN, layout.MBUF_PKT_LEN, layout.MBUF_WIRE_LEN]) {
        bed.poke32(m + field, 2112 - front - behind);
      }
      return m;
    }

    const long = (length: number) => f.ethernet(f.layer3(0x88b5, counting(length - 14)));

    test.each([
      ["RoCEv2 over IPv4", ROCE_V4, 66],
      ["RoCEv2 over IPv6 in a VLAN", { ...ROCE_V6, vlan: 1 }, 90],
      ["InfiniBand", INFINIBAND, 32],
    ] as const)("no-headroom: %s, one byte less than its headers", (_, outer, headers) => {
      refused(tight(long(1900), headers - 1, 2112 - headers + 1 - 1900), outer, layout.DROP_NO_HEADROOM);
      const m = tight(long(1900), headers, 2112 - headers - 1900);
      gqp.encap([m], NUMBERS);
      expect(bed.u16(m + layout.MBUF_CAUSE)).toBe(layout.OK);
      bed.free(m);
    });

    test.each([
      ["RoCEv2", ROCE_V4, 4],
      ["InfiniBand", INFINIBAND, 6],
    ] as const)("no-tailroom: %s, one byte less than pad and CRCs", (_, outer, crcs) => {
      for (let pad = 0; pad < 4; pad++) {
        const length = 2000 - pad;
        const room = pad + crcs;
        refused(tight(long(length), 2112 - length - room + 1, room - 1), outer, layout.DROP_NO_TAILROOM);
        const m = tight(long(length), 2112 - length - room, room);
        gqp.encap([m], NUMBERS);
        expect(bed.u16(m + layout.MBUF_CAUSE)).toBe(layout.OK);
        expect(bed.bytes(m)).toEqual(encapsulate(long(length), outer, NUMBERS).bytes);
        bed.free(m);
      }
    });

    /** A chain of this many bytes in all, with tailroom in its last segment. */
    function chainOf(length: number): number {
      const parts = [long(Math.min(length, 1900))];
      for (let rest = length - 1900; rest > 0; rest -= 1900) parts.push(counting(Math.min(rest, 1900)));
      return bed.frame(parts);
    }

    test.each([
      // InfiniBand's largest MTU less the overlay header, whatever IP could say.
      ["RoCEv2 over IPv4", ROCE_V4, 4092],
      ["RoCEv2 over IPv6", ROCE_V6, 4092],
      // 56 bytes beside the inner frame of what an IP datagram has, 76 over IPv6; frames end on a word.
      ["RoCEv2 over 1503 bytes of IPv4", { ...ROCE_V4, mtuBytes: 1503 }, 1444],
      ["RoCEv2 over 2500 bytes of IPv6", { ...ROCE_V6, mtuBytes: 2500 }, 2424],
      ["InfiniBand", INFINIBAND, 4092],
      ["InfiniBand over 2048 bytes", { ...INFINIBAND, mtuBytes: 2048 }, 2044],
    ] as const)("too-big: %s, one byte more than fits", (_, outer, longest) => {
      refused(chainOf(longest + 1), outer, layout.DROP_TOO_BIG);
      refused(bed.frame(long(100), 0xffffffff), outer, layout.DROP_TOO_BIG);
      const m = chainOf(longest);
      const inner = bed.bytes(m);
      gqp.setTunnel(outer);
      gqp.encap([m], NUMBERS);
      expect(bed.u16(m + layout.MBUF_CAUSE)).toBe(layout.OK);
      const here = Math.min(1900, inner.length);
      expect(Buffer.compare(bed.bytes(m), encapsulate(inner, outer, NUMBERS, inner.length, here).bytes)).toBe(0);
      bed.free(m);
    });

    const QINQ = concat(long(12).subarray(0, 12), [0x88, 0xa8, 0, 5, 0x81, 0, 0, 6], long(1890).subarray(12));

    test("inner-vlan: a third tag cannot be taken out", () => {
      const three = concat(QINQ.subarray(0, 12), [0x81, 0, 0, 7], QINQ.subarray(12));
      refused(bed.frame(three), ROCE_V4, layout.DROP_INNER_VLAN);
    });
  });
});
