import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { concat, counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { holds } from "../../helpers/property.js";
import { type BedPort, makeBedPort, makeBedStage } from "../../helpers/stage.js";
import { packedSize, packFrames, unpackFrames } from "../../model/packed.js";

/** Every length class: nothing, below, at and above a vector, at and above four, and many. */
const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 63, 64, 65, 79, 80, 81, 127, 128, 129, 200];
const ROOM = 8192;
const MBUFS = 24;
const QUEUE = 32;

const anySegments = fc.array(fc.constantFrom(...LENGTHS), { minLength: 1, maxLength: 4 });
const anyFrames = fc.array(
  fc.record({
    segments: anySegments,
    /** Bytes that a snaplen cut off. */
    cut: fc.nat(3000),
    timestampNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    /** Where in the headroom the data starts: a frame that had headers put in front or taken off. */
    shift: fc.nat(40),
  }),
  { maxLength: 6 },
);

describe.each(BUILDS)("packing (%s build)", (build) => {
  let bed: Bed;
  let port: BedPort;
  let stage: number;
  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: MBUFS, headroomBytes: 64, bufBytes: 320 });
    port = makeBedPort(bed, QUEUE);
    stage = makeBedStage(bed, ROOM);
  });

  const word = (offset: number) => bed.u32(stage + offset);
  const staged = (length = word(layout.STAGE_END)) => bed.view(stage + layout.STAGE_DATA, length);
  const post = (m: number) => bed.kernels.portPostBurst(port.ptr, bed.listOf(m), 1);
  const pack = (room = ROOM, n = 256) => {
    bed.view(stage + layout.STAGE_DATA, ROOM + 64).fill(UNTOUCHED);
    bed.poke32(stage + layout.STAGE_ROOM, room);
    return bed.kernels.packBurst(port.ptr, stage, n);
  };

  test("any frames: their bytes, lengths and times; all buffers back; nothing written beyond", () => {
    const property = fc.property(anyFrames, (frames) => {
      const expected = frames.map(({ segments, cut, timestampNs, shift }, i) => {
        const parts = segments.map((length, k) => counting(length, i * 31 + k));
        const m = bed.frame(parts);
        const gone = Math.min(shift, parts[0]?.length ?? 0);
        bed.kernels.adj(m, gone);
        const bytes = concat(...parts).subarray(gone);
        bed.poke32(m + layout.MBUF_WIRE_LEN, bytes.length + cut);
        bed.arena.u64[(m + layout.MBUF_TIMESTAMP_NS) >> 3] = timestampNs;
        expect(post(m)).toBe(1);
        return { bytes, wireLen: bytes.length + cut, timestampNs };
      });
      expect(pack()).toBe(expected.length);
      const size = packFrames(expected).length;
      expect(word(layout.STAGE_END)).toBe(size);
      expect(unpackFrames(staged())).toEqual(expected);
      // A copy of whole vectors may touch one vector more, and no byte behind it.
      const beyond = bed.view(stage + layout.STAGE_DATA + size + layout.STAGE_SLACK_BYTES, 64);
      expect(beyond.every((byte) => byte === UNTOUCHED)).toBe(true);
      expect(bed.census()).toEqual({ free: MBUFS, held: 0, doubles: 0 });
      expect(bed.kernels.queueFree(port.queue)).toBe(QUEUE);
    });
    holds(property, 300);
  });

  test("as many frames as fit whole: a byte less of room, and the last stays posted", () => {
    const frames = [40, 41, 42].map((length) => counting(length));
    for (const frame of frames) post(bed.frame(frame));
    const room = frames.reduce((sum, bytes) => sum + packedSize({ bytes, wireLen: 0, timestampNs: 0n }), 0);
    expect([pack(room - 1), word(layout.STAGE_END)]).toEqual([2, (room / 3) * 2]);
    expect([pack(room - 1), word(layout.STAGE_END)]).toEqual([1, room / 3]);
    expect([pack(15), word(layout.STAGE_END)]).toEqual([0, 0]);
  });

  test("no more frames than asked for, in the order in which they were posted, over many laps of the queue", () => {
    let posted = 0;
    let packed = 0;
    for (let lap = 0; lap < 60; lap++) {
      for (; posted - packed < 9; posted++) post(bed.frame([counting(10, posted), counting(5, posted)]));
      const n = 1 + (lap % 9);
      expect(pack(ROOM, n)).toBe(n);
      for (const { bytes } of unpackFrames(staged())) {
        expect(bytes).toEqual(concat(counting(10, packed), counting(5, packed)));
        packed++;
      }
    }
    expect(packed).toBeGreaterThan(QUEUE * 3);
    pack();
    expect(bed.census()).toEqual({ free: MBUFS, held: 0, doubles: 0 });
  });

  test("a buffer with a second owner stays that owner's", () => {
    const m = bed.frame(counting(20));
    bed.kernels.retain(m);
    post(m);
    expect(pack()).toBe(1);
    expect([bed.u16(m + layout.MBUF_REF_COUNT), bed.census(m).free]).toEqual([1, MBUFS - 1]);
  });

  test("a frame that no engine takes in is dropped by name, and those around it go", () => {
    post(bed.frame(counting(20)));
    const long = bed.frame(counting(30));
    bed.poke32(long + layout.MBUF_PKT_LEN, layout.FRAME_BYTES_MAX + 1);
    post(long);
    post(bed.frame(counting(40)));
    expect(pack()).toBe(3);
    expect(unpackFrames(staged()).map(({ bytes }) => bytes.length)).toEqual([20, 40]);
    expect(port.counter(layout.COUNTER_DROP + layout.DROP_FRAME_TOO_LONG)).toBe(1n);
    expect(bed.census().free).toBe(MBUFS);
  });

  test("nothing while another device has a frame of the queue in its hands, or has not got it reaped", () => {
    const spans = bed.arena.take(64);
    const reaped = bed.arena.take(64);
    post(bed.frame(counting(20)));
    post(bed.frame(counting(21)));
    expect(bed.kernels.takeBurst(port.queue, spans, 1)).toBe(1);
    expect([pack(), word(layout.STAGE_END)]).toEqual([0, 0]);
    bed.kernels.completeBurst(port.queue, bed.listOf(bed.u16(spans + layout.SPAN_ID)), 1);
    expect(pack()).toBe(0);
    expect(bed.kernels.reapFree(port.queue, bed.pool, reaped, 4)).toBe(1);
    expect([pack(), unpackFrames(staged())[0]?.bytes]).toEqual([1, counting(21)]);
    expect(bed.census().free).toBe(MBUFS);
  });
});
