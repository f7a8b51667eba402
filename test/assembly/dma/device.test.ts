import { beforeEach, describe, expect, test } from "vitest";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { makeQueue, takeSpans } from "../../helpers/queue.js";
import { type Element, ModelDriver } from "../../model/virtqueue.js";

interface Offer {
  readonly id: number;
  readonly elements: readonly Element[];
}

describe.each(BUILDS)("the device side, against a driver written from VIRTIO 1.2 (%s build)", (build) => {
  let bed: Bed;
  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: 2, spareBytes: 16384 });
  });

  test.each([2, 4, 8, 16])("any mix of lists, completed in any order, through a queue of %i", (size) => {
    const random = new Random(size);
    const queue = makeQueue(bed, size);
    const driver = new ModelDriver(queue.memory);
    const freeIds = Array.from({ length: size }, (_, id) => id);
    const offered: Offer[] = [];
    const taken: Offer[] = [];
    const completed: number[] = [];
    let address = 0x1000;
    for (let at = 0; at < 3000; at++) {
      const what = random.below(3);
      if (what === 0) {
        const k = random.between(1, 3);
        if (k > driver.free) continue;
        const [id] = freeIds.splice(random.below(freeIds.length), 1) as [number];
        const elements = Array.from({ length: k }, () => ({ addr: BigInt(address++), len: random.between(1, 70000) }));
        driver.offer(id, elements);
        offered.push({ id, elements });
      } else if (what === 1) {
        const max = random.between(1, 8);
        const expected: Offer[] = [];
        for (let room = max; offered[0] && offered[0].elements.length <= room; ) {
          const next = offered.shift() as Offer;
          room -= next.elements.length;
          expected.push(next);
        }
        bed.view(queue.spans, 64 * 16).fill(UNTOUCHED);
        const spans = takeSpans(bed, queue, max);
        expect(spans.map(({ addr, len, id, more }) => ({ addr: BigInt(addr), len, id, more }))).toEqual(
          expected.flatMap(({ id, elements }) =>
            elements.map((element, i) => ({ ...element, id, more: i + 1 < elements.length })),
          ),
        );
        const rest = bed.view(queue.spans + spans.length * 16, (64 - spans.length) * 16);
        expect(rest.every((byte) => byte === UNTOUCHED)).toBe(true);
        taken.push(...expected);
      } else {
        const ids: number[] = [];
        for (let n = random.below(taken.length + 1); n > 0; n--) {
          const [offer] = taken.splice(random.below(taken.length), 1) as [Offer];
          ids.push(offer.id);
        }
        bed.kernels.completeBurst(queue.ptr, bed.listOf(...ids), ids.length);
        completed.push(...ids);
        for (let n = random.between(1, 4); n > 0; n--) {
          const id = driver.reap();
          expect(id).toBe(completed.shift());
          if (id !== undefined) freeIds.push(id);
        }
      }
    }
    expect(address).toBeGreaterThan(0x1000 + 10 * size);
  });

  test("a list is never cut in two: what does not fit in the spans stays in the queue", () => {
    const queue = makeQueue(bed, 8);
    const driver = new ModelDriver(queue.memory);
    const element = (addr: number) => ({ addr: BigInt(addr), len: 60 });
    driver.offer(5, [element(100), element(200)]);
    driver.offer(6, [element(300), element(400), element(500)]);
    expect(takeSpans(bed, queue, 1)).toEqual([]);
    expect(takeSpans(bed, queue, 4).map((span) => span.id)).toEqual([5, 5]);
    expect(takeSpans(bed, queue, 3).map((span) => span.id)).toEqual([6, 6, 6]);
  });
});
