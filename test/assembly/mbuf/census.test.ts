import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";

describe.each(BUILDS)("the census sees (%s build)", (build) => {
  let bed: Bed;
  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: 6, bufBytes: 192 });
  });

  test("an mbuf that is in no place", () => {
    const [kept, lost] = [bed.frame([counting(3), counting(4)]), bed.frame(counting(5))];
    expect(bed.census(kept)).toEqual({ free: 3, held: 2, doubles: 0 });
    expect(bed.census(kept, lost)).toEqual({ free: 3, held: 3, doubles: 0 });
  });

  test("an mbuf that is in two places", () => {
    const m = bed.frame([counting(3), counting(4)]);
    expect(bed.census(m, m)).toEqual({ free: 4, held: 2, doubles: 2 });
  });

  test("an mbuf that is free and in use", () => {
    const m = bed.frame(counting(3));
    bed.free(m);
    expect(bed.census(m)).toEqual({ free: 6, held: 0, doubles: 1 });
  });

  test("two owners in two places as no double, three places as one", () => {
    const m = bed.frame(counting(3));
    bed.kernels.retain(m);
    expect(bed.census(m, m)).toEqual({ free: 5, held: 1, doubles: 0 });
    expect(bed.census(m, m, m)).toEqual({ free: 5, held: 1, doubles: 1 });
  });

  test("the same after the round's number, a byte, came round", () => {
    const [kept, seldom] = [bed.frame(counting(3)), bed.frame(counting(4))];
    // The mark that an mbuf got so many rounds ago must not be taken for this round's.
    for (const rounds of [1, 2, 253, 254, 255, 256, 257, 510]) {
      expect(bed.census(kept, seldom), `${rounds} rounds`).toEqual({ free: 4, held: 2, doubles: 0 });
      for (let round = 1; round < rounds; round++) expect(bed.census(kept)).toEqual({ free: 4, held: 1, doubles: 0 });
    }
    expect(bed.census(kept, seldom)).toEqual({ free: 4, held: 2, doubles: 0 });
  });

  test("what stands in rings and lists", () => {
    const ring = bed.arena.take(layout.RING_BYTES);
    bed.kernels.ringInit(ring, bed.arena.take(16), 4);
    const mbufs = [bed.frame([counting(3), counting(4)]), bed.frame(counting(5)), bed.frame(counting(6))];
    bed.kernels.ringEnqueueBurst(ring, bed.listOf(...mbufs), 2);
    bed.kernels.censusBegin(bed.pool);
    expect(bed.kernels.censusPool(bed.pool)).toBe(2);
    expect(bed.kernels.censusRing(bed.pool, ring)).toBe(3);
    expect(bed.kernels.censusList(bed.pool, bed.listOf(mbufs[2] as number, mbufs[1] as number), 2)).toBe(1);
    expect(bed.kernels.censusDoubles(bed.pool)).toBe(1);
  });
});
