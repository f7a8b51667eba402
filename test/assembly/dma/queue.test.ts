import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { type BedQueue, makeQueue } from "../../helpers/queue.js";
import { type Buffer, ModelDevice } from "../../model/virtqueue.js";

const SHAPE = { mbufs: 40, bufBytes: 192, spareBytes: 16384 };

describe.each(BUILDS)("the posting side, against a device written from VIRTIO 1.2 (%s build)", (build) => {
  let bed: Bed;
  beforeEach(async () => {
    bed = await makeBed(build, SHAPE);
  });

  /** A frame of k segments; each has bytes of its own. */
  const frame = (k: number, seed: number) => bed.frame(Array.from({ length: k }, (_, i) => counting(3 + i, seed + i)));

  const elementsOf = (m: number) =>
    bed.segments(m).map((s) => ({ addr: BigInt(bed.u32(s + layout.MBUF_DATA)), len: bed.u32(s + layout.MBUF_LEN) }));

  function census(queue: BedQueue, expectedPosted: number): void {
    bed.kernels.censusBegin(bed.pool);
    const free = bed.kernels.censusPool(bed.pool);
    expect(bed.kernels.censusQueue(bed.pool, queue.ptr)).toBe(expectedPosted);
    expect([free + expectedPosted, bed.kernels.censusDoubles(bed.pool)]).toEqual([SHAPE.mbufs, 0]);
  }

  test.each([2, 4, 8, 16])("any mix of frames, completed in any order, through a queue of %i", (size) => {
    const random = new Random(size);
    const queue = makeQueue(bed, size);
    const device = new ModelDevice(queue.memory);
    const inDevice: Buffer[] = [];
    const completed: number[] = [];
    let posted = 0;
    let refused = 0n;
    const waiting: number[] = [];
    const mbufOf = new Map<number, number>();
    for (let at = 0; at < 3000; at++) {
      const what = random.below(4);
      if (what <= 1) {
        const k = random.between(1, Math.min(3, size));
        const m = frame(k, at);
        const fits = posted + k <= size;
        const before = queue.memory.slice();
        expect(bed.kernels.post(queue.ptr, m)).toBe(fits ? k : 0);
        if (fits) {
          posted += k;
          waiting.push(m);
        } else {
          refused += 1n;
          expect(queue.memory).toEqual(before);
          bed.free(m);
        }
      } else if (what === 2) {
        for (let buffer = device.take(); buffer; buffer = device.take()) {
          const m = waiting.shift() as number;
          expect(buffer.elements).toEqual(elementsOf(m));
          expect(mbufOf.has(buffer.id)).toBe(false);
          mbufOf.set(buffer.id, m);
          inDevice.push(buffer);
        }
      } else {
        for (let n = random.below(inDevice.length + 1); n > 0; n--) {
          const [buffer] = inDevice.splice(random.below(inDevice.length), 1) as [Buffer];
          device.use(buffer.id);
          completed.push(buffer.id);
        }
        const n = random.between(1, 4);
        const expected = completed.splice(0, n).map((id) => mbufOf.get(id) as number);
        expect(bed.kernels.reapBurst(queue.ptr, bed.list, n)).toBe(expected.length);
        expect(bed.listed(expected.length)).toEqual(expected);
        for (const m of expected) {
          posted -= bed.segments(m).length;
          for (const [id, owner] of mbufOf) if (owner === m) mbufOf.delete(id);
          bed.free(m);
        }
      }
      expect(bed.kernels.queueFree(queue.ptr)).toBe(size - posted);
      expect(bed.u64(queue.ptr + layout.QUEUE_REFUSED)).toBe(refused);
      if (at % 50 === 0) census(queue, posted);
    }
    expect(refused).toBeGreaterThan(0n);
  });

  test("a burst goes until one frame does not fit; the rest stay the caller's", () => {
    const queue = makeQueue(bed, 4);
    const mbufs = [frame(1, 1), frame(2, 2), frame(2, 3), frame(1, 4)];
    expect(bed.kernels.postBurst(queue.ptr, bed.listOf(...mbufs), 4)).toBe(2);
    expect(bed.u64(queue.ptr + layout.QUEUE_REFUSED)).toBe(1n);
    expect(bed.kernels.queueFree(queue.ptr)).toBe(1);
    expect(bed.census(...mbufs)).toEqual({ free: SHAPE.mbufs - 6, held: 6, doubles: 0 });
  });

  test("reapFree gives the buffers back to the pool", () => {
    const queue = makeQueue(bed, 8);
    const device = new ModelDevice(queue.memory);
    const mbufs = [frame(3, 1), frame(1, 2), frame(2, 3)];
    bed.kernels.postBurst(queue.ptr, bed.listOf(...mbufs), 3);
    const taken = [device.take(), device.take(), device.take()] as Buffer[];
    for (const buffer of taken.reverse()) device.use(buffer.id);
    expect(bed.kernels.reapFree(queue.ptr, bed.pool, bed.list, 2)).toBe(2);
    census(queue, 3);
    expect(bed.kernels.reapFree(queue.ptr, bed.pool, bed.list, 2)).toBe(1);
    census(queue, 0);
    expect(bed.kernels.queueFree(queue.ptr)).toBe(8);
  });

  test("nothing is available to the device before the list's first descriptor is written", () => {
    const queue = makeQueue(bed, 8);
    bed.kernels.post(queue.ptr, frame(3, 1));
    const hidden = queue.memory.slice();
    hidden.fill(0, 0, 16); // as it was while the tail had been written and the head had not
    expect(new ModelDevice(hidden).take()).toBeUndefined();
    expect(new ModelDevice(queue.memory).take()?.elements).toHaveLength(3);
  });

  test("the doorbell is rung by the caller, and counted", () => {
    const queue = makeQueue(bed, 8);
    bed.kernels.postBurst(queue.ptr, bed.listOf(frame(1, 1), frame(1, 2)), 2);
    expect(bed.u64(queue.ptr + layout.QUEUE_DOORBELLS)).toBe(0n);
    bed.kernels.ringDoorbell(queue.ptr);
    expect(bed.u64(queue.ptr + layout.QUEUE_DOORBELLS)).toBe(1n);
  });

  test("segments without bytes take no descriptor, since devices refuse empty ones", () => {
    const queue = makeQueue(bed, 8);
    const m = bed.frame([[], counting(5, 1), [], counting(7, 9), []].map((bytes) => Uint8Array.from(bytes)));
    const withBytes = elementsOf(m).filter(({ len }) => len > 0);
    expect(bed.kernels.post(queue.ptr, m)).toBe(2);
    const device = new ModelDevice(queue.memory);
    const buffer = device.take() as Buffer;
    expect(buffer.elements).toEqual(withBytes);
    expect(device.take()).toBeUndefined();
    device.use(buffer.id);
    expect(bed.kernels.reapBurst(queue.ptr, bed.list, 8)).toBe(1);
    expect([bed.listed(1), bed.kernels.queueFree(queue.ptr)]).toEqual([[m], 8]);
    bed.free(m);
  });
});
