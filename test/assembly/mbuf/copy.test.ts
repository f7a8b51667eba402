import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, type BedShape, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";

/** What a freed buffer is filled with, by the debug build and, so that both can be held to one image, by this test. */
const FREED = 0xdd;
const SOURCE_BYTES = 160 * 1024;

class Copies {
  readonly bed: Bed;
  readonly room: number;
  readonly source: number;
  readonly ptrs: number;
  readonly lens: number;

  constructor(bed: Bed) {
    this.bed = bed;
    this.room = bed.bufBytes - bed.headroomBytes;
    this.source = bed.arena.take(SOURCE_BYTES);
    this.ptrs = bed.arena.take(layout.BURST_MAX * 4);
    this.lens = bed.arena.take(layout.BURST_MAX * 4);
    bed.view(bed.buffers, bed.mbufs * bed.bufBytes).fill(FREED);
  }

  /** Lays the frames out one behind the other, from any alignment, and copies them in; returns how many it took. */
  copyIn(frames: readonly Uint8Array[], align = 0): number {
    const { bed } = this;
    let at = this.source + align;
    for (const [i, frame] of frames.entries()) {
      bed.arena.u8.set(frame, at);
      bed.arena.u32[(this.ptrs >> 2) + i] = at;
      bed.arena.u32[(this.lens >> 2) + i] = frame.length;
      at += frame.length;
    }
    bed.view(bed.list, layout.BURST_MAX * 4).fill(UNTOUCHED);
    const took = bed.kernels.copyInBurst(bed.pool, this.ptrs, this.lens, bed.list, frames.length);
    expect(bed.view(bed.list + took * 4, (layout.BURST_MAX - took) * 4).every((byte) => byte === UNTOUCHED)).toBe(true);
    return took;
  }

  /** The chain is the frame: its bytes, its record, and nothing beyond them written. */
  check(m: number, frame: Uint8Array): void {
    const { bed } = this;
    const segments = bed.segments(m);
    expect(bed.bytes(m)).toEqual(frame);
    expect(segments.length).toBe(Math.max(1, Math.ceil(frame.length / this.room)));
    expect(bed.u32(m + layout.MBUF_PKT_LEN)).toBe(frame.length);
    expect(bed.u32(m + layout.MBUF_WIRE_LEN)).toBe(frame.length);
    expect(bed.u16(m + layout.MBUF_SEGMENTS)).toBe(segments.length);
    for (const segment of segments) {
      expect(bed.u16(segment + layout.MBUF_REF_COUNT)).toBe(1);
      const buffer = bed.buffer(segment);
      const end = bed.headroomBytes + bed.u32(segment + layout.MBUF_LEN);
      expect(bed.u32(segment + layout.MBUF_DATA)).toBe(bed.u32(segment) + bed.headroomBytes);
      expect(buffer.subarray(0, bed.headroomBytes).every((byte) => byte === FREED)).toBe(true);
      expect(buffer.subarray(end).every((byte) => byte === FREED)).toBe(true);
    }
  }

  release(n: number): void {
    const { bed } = this;
    const chains = bed.listed(n);
    const segments = chains.flatMap((m) => bed.segments(m));
    bed.kernels.freeBurst(bed.pool, bed.list, n);
    for (const segment of segments) bed.view(bed.u32(segment), bed.bufBytes).fill(FREED);
  }
}

async function makeCopies(build: (typeof BUILDS)[number], shape: BedShape = {}): Promise<Copies> {
  return new Copies(await makeBed(build, { ...shape, spareBytes: SOURCE_BYTES + 64 * 1024 }));
}

describe.each(BUILDS)("copies in bursts (%s build)", (build) => {
  test("in: frames of every length, and chains of what is longer than a buffer", async () => {
    const copies = await makeCopies(build, { mbufs: 24, headroomBytes: 32, bufBytes: 1056 });
    const random = new Random();
    const lengths = [...Array.from({ length: 150 }, (_, len) => len), 255, 256, 639, 640, 641, 642, 1000];
    lengths.push(1023, 1024, 1025, 2047, 2048, 2049, 3000);
    while (lengths.length > 0) {
      const frames = lengths.splice(0, random.between(1, 5)).map((len) => random.bytes(len));
      expect(copies.copyIn(frames, random.below(16))).toBe(frames.length);
      const { bed } = copies;
      for (const [i, frame] of frames.entries()) copies.check(bed.listed(frames.length)[i] as number, frame);
      expect(bed.census(...bed.listed(frames.length)).doubles).toBe(0);
      copies.release(frames.length);
      expect(bed.census()).toEqual({ free: 24, held: 0, doubles: 0 });
    }
  });

  test("in: a fresh record keeps nothing of the frame that had it before", async () => {
    const { bed, ...copies } = await makeCopies(build, { mbufs: 1 });
    const m = bed.kernels.alloc(bed.pool);
    const buf = bed.u32(m);
    bed.view(m + layout.MBUF_DATA, layout.MBUF_BYTES - layout.MBUF_DATA).fill(UNTOUCHED);
    bed.arena.u16[(m + layout.MBUF_REF_COUNT) >> 1] = 1;
    bed.poke32(m + layout.MBUF_NEXT, 0);
    bed.free(m);
    bed.arena.u32.set([copies.source], copies.ptrs >> 2);
    bed.arena.u32.set([77], copies.lens >> 2);
    expect(bed.kernels.copyInBurst(bed.pool, copies.ptrs, copies.lens, bed.list, 1)).toBe(1);
    const fresh = new Uint32Array(16);
    fresh.set([buf, buf + bed.headroomBytes, 77, 0, 77, 77, 0x00010001]);
    expect([...bed.arena.u32.subarray(m >> 2, (m >> 2) + 16)]).toEqual([...fresh]);
  });

  test("in: stops where the pool has too few, and counts it", async () => {
    const copies = await makeCopies(build, { mbufs: 5, headroomBytes: 32, bufBytes: 96 });
    const { bed } = copies;
    const random = new Random();
    const empty = () => bed.u64(bed.pool + layout.POOL_EMPTY);
    const frames = [10, 65, 64, 100, 3].map((len) => random.bytes(len));
    expect([copies.copyIn(frames), empty()]).toEqual([3, 1n]);
    for (const [i, m] of bed.listed(3).entries()) copies.check(m, frames[i] as Uint8Array);
    expect(bed.census(...bed.listed(3))).toEqual({ free: 1, held: 4, doubles: 0 });
    const held = bed.listed(3);
    expect([copies.copyIn(frames.slice(0, 2)), empty()]).toEqual([1, 2n]);
    expect([copies.copyIn(frames), empty()]).toEqual([0, 3n]);
    expect(bed.census(...held).free).toBe(0);
  });

  test("in: a frame of more segments than a chain may have is not taken, and no fault of the pool", async () => {
    const copies = await makeCopies(build, { mbufs: 80, headroomBytes: 32, bufBytes: 96 });
    const { bed } = copies;
    const random = new Random();
    const longest = random.bytes(64 * layout.SEGMENTS_MAX);
    expect(copies.copyIn([longest])).toBe(1);
    copies.check(bed.listed(1)[0] as number, longest);
    copies.release(1);
    expect(copies.copyIn([random.bytes(9), random.bytes(64 * layout.SEGMENTS_MAX + 1), random.bytes(9)])).toBe(1);
    expect(bed.u64(bed.pool + layout.POOL_EMPTY)).toBe(0n);
    expect(bed.census(...bed.listed(1)).free).toBe(79);
  });

  test("out: frames and chains of every length, at any stride, and nothing beyond them", async () => {
    const { bed } = await makeCopies(build, { mbufs: 24, headroomBytes: 32, bufBytes: 1056 });
    const random = new Random();
    const [out, lens] = [bed.arena.take(4 * 2100 + 64), bed.arena.take(64)];
    const lengths = [...Array.from({ length: 150 }, (_, len) => len), 639, 640, 641, 642, 1000, 1024];
    for (const len of lengths) {
      const frames = [random.bytes(len), random.bytes(5), random.bytes(len)];
      const cuts = [0, random.below(len + 1), len].sort((a, b) => a - b);
      const parts = [frames[2]?.subarray(0, cuts[1]), frames[2]?.subarray(cuts[1])] as [Uint8Array, Uint8Array];
      const mbufs = [frames[0] as Uint8Array, frames[1] as Uint8Array, parts].map((frame) => bed.frame(frame));
      const stride = Math.max(len, 5) + random.below(20);
      const records = mbufs.map((m) => bed.recordsOf(m));
      bed.view(out, 3 * stride + 64).fill(UNTOUCHED);
      bed.view(lens, 64).fill(UNTOUCHED);
      expect(bed.kernels.copyOutBurst(bed.listOf(...mbufs), out, stride, lens, 3)).toBe(3);
      for (const [i, frame] of frames.entries()) {
        const area = bed.view(out + i * stride, i === 2 ? stride + 64 : stride);
        expect(area.slice(0, frame.length), `length ${len}`).toEqual(frame);
        expect(area.subarray(frame.length).every((byte) => byte === UNTOUCHED)).toBe(true);
      }
      expect([0, 4, 8, 12].map((at) => bed.u32(lens + at))).toEqual([len, 5, len, 0xa5a5_a5a5]);
      expect(mbufs.map((m) => bed.recordsOf(m))).toEqual(records);
      for (const m of mbufs) bed.free(m);
    }
  });

  test("out: stops at a frame that is longer than the stride", async () => {
    const { bed } = await makeCopies(build);
    const [out, lens] = [bed.arena.take(256), bed.arena.take(64)];
    const mbufs = [[32], [20, 13], [4]].map((parts) => bed.frame(parts.map((len) => new Uint8Array(len).fill(7))));
    bed.view(out, 256).fill(UNTOUCHED);
    bed.view(lens, 64).fill(UNTOUCHED);
    expect(bed.kernels.copyOutBurst(bed.listOf(...mbufs), out, 32, lens, 3)).toBe(1);
    expect(bed.view(out + 32, 224).every((byte) => byte === UNTOUCHED)).toBe(true);
    expect([bed.u32(lens), bed.u32(lens + 4)]).toEqual([32, 0xa5a5_a5a5]);
    for (const m of mbufs) bed.free(m);
  });
});
