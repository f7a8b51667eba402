import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { EngineFault } from "../../../src/errors.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";

/** What the debug build's assertions catch. The release build has none of them. */
describe("misuse traps in the debug build", () => {
  let bed: Bed;
  let m: number;
  beforeEach(async () => {
    bed = await makeBed("debug", { mbufs: 4, bufBytes: 192 });
    m = bed.frame(counting(40));
  });

  function traps(operation: () => unknown, message: string): void {
    let fault: unknown;
    try {
      operation();
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(EngineFault);
    expect((fault as EngineFault).message).toContain(message);
  }

  test("double free", () => {
    bed.free(m);
    traps(() => bed.free(m), "double free");
  });

  test("double free in a burst", () => {
    const other = bed.frame(counting(4));
    traps(() => bed.kernels.freeBurst(bed.pool, bed.listOf(other, m, other), 3), "double free");
    traps(() => bed.kernels.freeBurst(bed.pool, bed.listOf(bed.buffers), 1), "free of a foreign pointer");
  });

  test("a copy of a freed mbuf, or into one that was written to", () => {
    bed.free(m);
    const to = bed.arena.take(64);
    traps(() => bed.kernels.copyOutBurst(bed.listOf(m), to, 64, to, 1), "copy of a freed mbuf");
    bed.view(bed.u32(m), 192)[50] = 1;
    const from = bed.arena.take(16);
    bed.arena.u32.set([from, 3], to >> 2);
    traps(() => bed.kernels.copyInBurst(bed.pool, to, to + 4, to + 8, 1), "written to after it was freed");
  });

  test("a retained mbuf can be freed as often as it has owners, not more", () => {
    bed.kernels.retain(m);
    bed.free(m);
    expect(bed.census(m)).toEqual({ free: 3, held: 1, doubles: 0 });
    bed.free(m);
    traps(() => bed.free(m), "double free");
  });

  test.each([
    ["inside a record", (b: Bed) => b.records + 4],
    ["one byte into a record", (b: Bed) => b.records + 1],
    ["just before the records", (b: Bed) => b.records - layout.MBUF_BYTES],
    ["just behind the records", (b: Bed) => b.records + 4 * layout.MBUF_BYTES],
    ["a buffer", (b: Bed) => b.buffers],
  ])("a foreign pointer: %s", (_, pointer) => {
    traps(() => bed.free(pointer(bed)), "free of a foreign pointer");
  });

  test.each([
    ["prepend", (b: Bed, freed: number) => b.kernels.prepend(freed, 1)],
    ["append", (b: Bed, freed: number) => b.kernels.append(freed, 1, 192)],
    ["adj", (b: Bed, freed: number) => b.kernels.adj(freed, 1)],
    ["trim", (b: Bed, freed: number) => b.kernels.trim(freed, 1)],
    ["chain", (b: Bed, freed: number, live: number) => b.kernels.chain(live, freed, 4)],
    ["retain", (b: Bed, freed: number) => b.kernels.retain(freed)],
    ["linearize", (b: Bed, freed: number) => b.kernels.linearize(b.pool, freed)],
  ])("use after free: %s", (name, use) => {
    const live = bed.frame(counting(3));
    bed.free(m);
    traps(
      () => use(bed, m, live),
      name === "prepend" || name === "append" ? `${name} to a freed` : `${name} of a freed`,
    );
  });

  test("post of a freed mbuf", () => {
    const queue = bed.arena.take(layout.QUEUE_BYTES);
    bed.kernels.queueInit(queue, bed.arena.take(64), bed.arena.take(64), bed.arena.take(64), 4);
    bed.free(m);
    traps(() => bed.kernels.post(queue, m), "post of a freed mbuf");
  });

  test("a chain hung to itself", () => {
    traps(() => bed.kernels.chain(m, m, 4), "chain of an mbuf to itself");
  });

  test.each([0, 127, 191])("a write to byte %i of a freed buffer is seen when it is given out again", (at) => {
    const buf = bed.u32(m + layout.MBUF_BUF);
    bed.free(m);
    bed.arena.u8[buf + at] = 0x42;
    traps(() => bed.kernels.alloc(bed.pool), "a buffer was written to after it was freed");
  });

  test("a free stack that holds a live mbuf is seen", () => {
    bed.free(m);
    bed.arena.u16[(m + layout.MBUF_REF_COUNT) >> 1] = 1;
    traps(() => bed.kernels.alloc(bed.pool), "the free stack holds a live mbuf");
  });
});
