import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat, counting, hex } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { type BedQueue, makeQueue, takeSpans } from "../../helpers/queue.js";

/** le32 as hex. */
function le(value: number): string {
  return [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, "0")).join("");
}

/**
 * Bit for bit what VIRTIO 1.2 says: section 2.8.13 for the record, 2.8.1 for the two bits. Written by hand: flags are
 * 0x0080 for available in the first lap, 0x8000 in the second; used is 0x8080 in the first, 0x0000 in the second; +1 is NEXT.
 */
describe.each(BUILDS)("descriptors, bit for bit (%s build)", (build) => {
  let bed: Bed;
  let queue: BedQueue;
  let one: number;
  let three: number;
  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: 8, bufBytes: 192 });
    queue = makeQueue(bed, 4);
    one = bed.frame(counting(60));
    three = bed.frame([counting(14), counting(20), counting(0x2a)]);
  });

  const addr = (m: number) => `${le(bed.u32(m + layout.MBUF_DATA))} 00000000`;

  function complete(...ids: number[]): void {
    bed.kernels.completeBurst(queue.ptr, bed.listOf(...ids), ids.length);
  }

  test("the first lap: one frame of a segment, one of three, completed the other way about", () => {
    const [a, b, c] = bed.segments(three) as [number, number, number];
    bed.kernels.post(queue.ptr, one);
    bed.kernels.post(queue.ptr, three);
    const posted = [
      hex(addr(one), "3c000000", "0000", "8000"),
      hex(addr(a), "0e000000", "0100", "8100"),
      hex(addr(b), "14000000", "0100", "8100"),
      hex(addr(c), "2a000000", "0100", "8000"),
    ];
    expect(queue.memory).toEqual(concat(...posted));

    expect(takeSpans(bed, queue, 8).map((span) => span.id)).toEqual([0, 1, 1, 1]);
    expect(queue.memory).toEqual(concat(...posted));
    // The frame of three is used first: at place 0, and the next used descriptor is three places on.
    complete(1, 0);
    const address = (m: number) => hex(addr(m));
    expect(queue.memory).toEqual(
      concat(
        address(one),
        hex("00000000", "0100", "8080"),
        posted[1] as Uint8Array,
        posted[2] as Uint8Array,
        address(c),
        hex("00000000", "0000", "8080"),
      ),
    );
    expect(bed.kernels.reapBurst(queue.ptr, bed.list, 8)).toBe(2);
    expect(bed.listed(2)).toEqual([three, one]);
  });

  test("the second lap has the bits the other way about", () => {
    for (let i = 0; i < 4; i++) {
      bed.kernels.post(queue.ptr, one);
      complete(...takeSpans(bed, queue, 8).map((span) => span.id));
      bed.kernels.reapBurst(queue.ptr, bed.list, 8);
    }
    const [a, b, c] = bed.segments(three) as [number, number, number];
    bed.kernels.post(queue.ptr, three);
    const id = bed.u16(queue.ptr + layout.QUEUE_FREE_ID); // the id that the next frame gets
    bed.kernels.post(queue.ptr, one);
    expect(queue.memory).toEqual(
      concat(
        hex(addr(a), "0e000000", "0000", "0180"),
        hex(addr(b), "14000000", "0000", "0180"),
        hex(addr(c), "2a000000", "0000", "0080"),
        hex(addr(one), "3c000000", le(id).slice(0, 4), "0080"),
      ),
    );
    takeSpans(bed, queue, 8);
    complete(0, id);
    const used = (at: number) => [...queue.memory.subarray(at * 16 + 8, at * 16 + 16)];
    expect(used(0)).toEqual([...hex("00000000", "0000", "0000")]);
    expect(used(3)).toEqual([...hex("00000000", le(id).slice(0, 4), "0000")]);
  });

  test("a list that runs over the ring's end is available in two laps at once", () => {
    for (let i = 0; i < 2; i++) bed.kernels.post(queue.ptr, one);
    complete(...takeSpans(bed, queue, 8).map((span) => span.id));
    bed.kernels.reapBurst(queue.ptr, bed.list, 8);
    bed.kernels.post(queue.ptr, three);
    const flags = (at: number) => bed.u16(queue.memory.byteOffset + at * 16 + layout.DESC_FLAGS);
    expect([flags(2), flags(3), flags(0)]).toEqual([0x0081, 0x0081, 0x8000]);
    expect(takeSpans(bed, queue, 8).map((span) => span.more)).toEqual([true, true, false]);
  });
});
