import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { DROP_ETHERNET_TRUNCATED, MBUF_CAUSE } from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { holds } from "../../helpers/property.js";

describe.each(BUILDS)("macswap (%s build)", (build) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 8, bufBytes: 320, headroomBytes: 32 });
  });

  test("the addresses change places and nothing else does, in and around any frame of a burst", () => {
    const frames = fc.array(fc.uint8Array({ minLength: 14, maxLength: 200 }), { minLength: 1, maxLength: 8 });
    holds(
      fc.property(frames, (bytes) => {
        const list = bytes.map((frame) => bed.frame(frame));
        const before = list.map((m) => bed.buffer(m));
        bed.kernels.macswapBurst(bed.listOf(...list), list.length);
        for (const [i, m] of list.entries()) {
          const frame = bytes[i] as Uint8Array;
          const swapped = concat(frame.subarray(6, 12), frame.subarray(0, 6), frame.subarray(12));
          const expected = before[i] as Uint8Array;
          expected.set(swapped, 32);
          expect(bed.buffer(m)).toEqual(expected);
          bed.free(m);
        }
      }),
      200,
    );
  });

  test("a frame too short for an Ethernet header is refused by name, untouched, and those after it are not", () => {
    const short = bed.frame(Uint8Array.from({ length: 13 }, (_, i) => i));
    const whole = bed.frame(Uint8Array.from({ length: 14 }, (_, i) => i));
    bed.kernels.macswapBurst(bed.listOf(short, whole), 2);
    expect(bed.u16(short + MBUF_CAUSE)).toBe(DROP_ETHERNET_TRUNCATED);
    expect([...bed.bytes(short)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(bed.u16(whole + MBUF_CAUSE)).toBe(0);
    expect([...bed.bytes(whole)]).toEqual([6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13]);
    bed.free(short);
    bed.free(whole);
  });
});
