import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { makeBed } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { makePort } from "../../helpers/port-record.js";
import { holdsAsync } from "../../helpers/property.js";

const MBUFS = 24;
const QUEUE = 8;

describe.each(BUILDS)("discard (%s build)", (build) => {
  test("what was posted, chains too, goes back to the pool, and the queue is as good as new", async () => {
    const bursts = fc.array(fc.tuple(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 6 }), fc.nat(7)), {
      maxLength: 12,
    });
    await holdsAsync(
      fc.asyncProperty(bursts, async (rounds) => {
        const bed = await makeBed(build, { mbufs: MBUFS, bufBytes: 128, headroomBytes: 32 });
        const port = makePort(bed, 0, QUEUE, layout.PORT_F_SCATTER_GATHER);
        let posted: number[] = [];
        for (const [shapes, most] of rounds) {
          for (const segments of shapes) {
            if (bed.census().free < segments) break;
            const m = bed.frame(Array.from({ length: segments }, () => new Uint8Array(20)));
            if (bed.kernels.portPostBurst(port.ptr, bed.listOf(m), 1) === 1) posted.push(segments);
            else bed.free(m);
          }
          const gone = Math.min(most, posted.length);
          expect(bed.kernels.discardBurst(port.ptr, bed.list, most)).toBe(gone);
          posted = posted.slice(gone);
          const waiting = posted.reduce((sum, segments) => sum + segments, 0);
          expect(bed.census()).toMatchObject({ free: MBUFS - waiting, doubles: 0 });
          expect(bed.kernels.queueFree(port.queue)).toBe(QUEUE - waiting);
        }
      }),
      60,
    );
  });

  test("leaves a queue alone from which frames were taken and not completed", async () => {
    const bed = await makeBed(build, { mbufs: MBUFS, bufBytes: 128, headroomBytes: 32 });
    const port = makePort(bed, 0, QUEUE);
    const list = bed.listOf(bed.frame(new Uint8Array(20)), bed.frame(new Uint8Array(20)));
    bed.kernels.portPostBurst(port.ptr, list, 2);
    const spans = bed.arena.take(QUEUE * layout.SPAN_BYTES);
    expect(bed.kernels.takeBurst(port.queue, spans, 1)).toBe(1);
    expect(bed.kernels.discardBurst(port.ptr, bed.list, 8)).toBe(0);
    expect(bed.census().free).toBe(MBUFS - 2);
  });
});
