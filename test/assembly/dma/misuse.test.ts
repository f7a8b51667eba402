import { beforeEach, describe, expect, test } from "vitest";
import { EngineFault } from "../../../src/errors.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import { makeQueue, takeSpans } from "../../helpers/queue.js";
import { ModelDriver } from "../../model/virtqueue.js";

describe("a queue's misuse traps in the debug build", () => {
  let bed: Bed;
  beforeEach(async () => {
    bed = await makeBed("debug", { mbufs: 4, bufBytes: 192 });
  });

  test("a device that completes what was never posted", () => {
    const queue = makeQueue(bed, 4);
    bed.kernels.post(queue.ptr, bed.frame(counting(20)));
    queue.memory.set([3, 0, 0x80, 0x80], 12); // used, first lap: id 3
    const reap = () => bed.kernels.reapBurst(queue.ptr, bed.list, 4);
    expect(reap).toThrowError(EngineFault);
    expect(reap).toThrowError("the device completed a buffer that was not posted");
  });

  test("completing what was not taken, and completing twice", () => {
    const queue = makeQueue(bed, 4);
    new ModelDriver(queue.memory).offer(2, [{ addr: 100n, len: 60 }]);
    const complete = () => bed.kernels.completeBurst(queue.ptr, bed.listOf(2), 1);
    expect(complete).toThrowError("completion of a buffer that was not taken");
    takeSpans(bed, queue, 4);
    complete();
    expect(complete).toThrowError("completion of a buffer that was not taken");
  });
});
