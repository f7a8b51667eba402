import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat, swap16 } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { holds } from "../../helpers/property.js";
import { internetChecksum, onesSum } from "../../model/checksum.js";

describe.each(BUILDS)("sumChain (%s build)", (build) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(build);
  });

  const sumOf = (m: number, off: number, len: number) =>
    swap16(bed.kernels.fold(bed.kernels.sumChain(m, off, len, 0n)));

  test("a chain of any segments, empty and odd ones too, sums like its bytes in one piece", () => {
    const segments = fc.array(fc.uint8Array({ maxLength: 90 }), { minLength: 1, maxLength: 6 });
    holds(
      fc.property(segments, fc.nat(400), fc.nat(400), (parts, a, b) => {
        const whole = concat(...parts);
        const off = Math.min(a, whole.length);
        const len = Math.min(b, whole.length - off);
        const m = bed.frame(parts);
        const sum = sumOf(m, off, len);
        bed.free(m);
        expect(sum).toBe(onesSum(whole.subarray(off, off + len)));
      }),
      500,
    );
  });

  test("every way to cut seven bytes in three", () => {
    const whole = Uint8Array.of(0x81, 0x02, 0xf3, 0x04, 0x95, 0x06, 0xa7);
    for (let i = 0; i <= 7; i++) {
      for (let j = i; j <= 7; j++) {
        const m = bed.frame([whole.subarray(0, i), whole.subarray(i, j), whole.subarray(j)]);
        expect(sumOf(m, 0, 7) ^ 0xffff, `cut at ${i} and ${j}`).toBe(internetChecksum(whole));
        bed.free(m);
      }
    }
  });
});
