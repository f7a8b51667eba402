import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { holds, Random } from "../../helpers/property.js";

const CAPACITY = 8;
const UNTOUCHED_WORD = 0xa5a5_a5a5;

describe.each(BUILDS)("the ring (%s build)", (build) => {
  let bed: Bed;
  let ring: number;
  let slots: number;
  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: 2, spareBytes: 8192 });
    ring = bed.arena.take(layout.RING_BYTES);
    slots = bed.arena.take(CAPACITY * 4 + 64);
  });

  /** A fresh ring whose cursors have run up to start. */
  function restart(start: number): void {
    bed.view(ring, layout.RING_BYTES).fill(0);
    bed.view(slots, CAPACITY * 4 + 64).fill(UNTOUCHED);
    bed.kernels.ringInit(ring, slots, CAPACITY);
    bed.poke32(ring + layout.RING_HEAD, start);
    bed.poke32(ring + layout.RING_TAIL, start);
  }

  const step = fc.record({ put: fc.boolean(), n: fc.nat(CAPACITY + 3) });
  const start = fc.constantFrom(0, 5, 0x7fff_fffd, 0xffff_fff0, 0xffff_fffa, 0xffff_ffff);

  test("is a bounded queue, whatever its cursors are, over their wrap at 2^32", () => {
    holds(
      fc.property(start, fc.array(step, { minLength: 1, maxLength: 60 }), (from, steps) => {
        restart(from);
        const model: number[] = [];
        let refused = 0n;
        let next = 1;
        for (const { put, n } of steps) {
          bed.view(bed.list, 64).fill(UNTOUCHED);
          if (put) {
            const values = Array.from({ length: n }, () => next++ * 0x01010101);
            const fit = Math.min(n, CAPACITY - model.length);
            expect(bed.kernels.ringEnqueueBurst(ring, bed.listOf(...values), n)).toBe(fit);
            model.push(...values.slice(0, fit));
            refused += BigInt(n - fit);
          } else {
            const expected = model.splice(0, n);
            expect(bed.kernels.ringDequeueBurst(ring, bed.list, n)).toBe(expected.length);
            const rest = Array.from({ length: 16 - expected.length }, () => UNTOUCHED_WORD);
            expect(bed.listed(16)).toEqual([...expected.map((value) => value >>> 0), ...rest]);
          }
          expect(bed.kernels.ringCount(ring)).toBe(model.length);
          expect(bed.u64(ring + layout.RING_REFUSED)).toBe(refused);
        }
        expect(bed.view(slots + CAPACITY * 4, 64).every((byte) => byte === UNTOUCHED)).toBe(true);
      }),
      300,
    );
  });

  test("bursts of every size from every place of a larger ring", () => {
    const capacity = 512;
    const large = bed.arena.take(capacity * 4 + 64);
    const list = bed.arena.take(257 * 4);
    const out = bed.arena.take(257 * 4 + 64);
    const random = new Random();
    for (let n = 0; n <= 256; n++) {
      bed.view(ring, layout.RING_BYTES).fill(0);
      bed.view(large, capacity * 4 + 64).fill(UNTOUCHED);
      bed.kernels.ringInit(ring, large, capacity);
      // Mostly over the edge: the run is cut in two.
      const start = random.pick([0, 1, 511, 512 - n, 512 - (n >> 1), random.below(1 << 30)]);
      bed.poke32(ring + layout.RING_HEAD, start);
      bed.poke32(ring + layout.RING_TAIL, start);
      const values = Array.from({ length: n }, (_, i) => 0x01000193 * (i + 1) + n).map((value) => value >>> 0);
      const align = 4 * random.below(2);
      bed.arena.u32.set(values, (list + align) >> 2);
      bed.view(out, 257 * 4 + 64).fill(UNTOUCHED);
      expect(bed.kernels.ringEnqueueBurst(ring, list + align, n)).toBe(n);
      const slot = (i: number) => large + (((start + i) & (capacity - 1)) << 2);
      expect(values.map((_, i) => bed.u32(slot(i)))).toEqual(values);
      const others = Array.from({ length: capacity - n }, (_, i) => bed.u32(slot(n + i)));
      expect(others.every((word) => word === UNTOUCHED_WORD)).toBe(true);
      expect(bed.view(large + capacity * 4, 64).every((byte) => byte === UNTOUCHED)).toBe(true);
      expect(bed.kernels.ringDequeueBurst(ring, out + align, 256)).toBe(n);
      expect([...bed.arena.u32.subarray((out + align) >> 2, ((out + align) >> 2) + n)]).toEqual(values);
      expect(bed.view(out + align + n * 4, 32).every((byte) => byte === UNTOUCHED)).toBe(true);
    }
  });

  test("a full ring refuses, counts, and changes nothing", () => {
    restart(0xffff_fffc);
    const values = [11, 22, 33, 44, 55, 66, 77, 88];
    bed.kernels.ringEnqueueBurst(ring, bed.listOf(...values), CAPACITY);
    const before = bed.view(slots, CAPACITY * 4).slice();
    expect(bed.kernels.ringEnqueueBurst(ring, bed.listOf(99, 98, 97), 3)).toBe(0);
    expect(bed.u64(ring + layout.RING_REFUSED)).toBe(3n);
    expect(bed.view(slots, CAPACITY * 4)).toEqual(before);
    expect(bed.kernels.ringDequeueBurst(ring, bed.list, 20)).toBe(CAPACITY);
    expect(bed.listed(CAPACITY)).toEqual(values);
    expect(bed.u32(ring + layout.RING_TAIL)).toBe(4);
  });
});
