import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { holds } from "../../helpers/property.js";
import { type BedPort, makeBedPort, makeBedStage } from "../../helpers/stage.js";
import { type PackedFrame, packFrames } from "../../model/packed.js";

const HEADROOM = 64;
const BUF = 320;
/** Less than the buffers have, as payloadBytes may be: a segment ends here and not at the buffer's end. */
const SEGMENT = 100;
const FRAME_MAX = 450;
const MBUFS = 16;
const RING = 8;

function frameOf(length: number, i = 0, cut = 0): PackedFrame {
  return { bytes: counting(length, i * 13 + 1), wireLen: length + cut, timestampNs: BigInt(i) * 1_000_000_007n + 5n };
}

describe.each(BUILDS)("unpacking (%s build)", (build) => {
  let bed: Bed;
  let port: BedPort;
  let stage: number;
  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: MBUFS, headroomBytes: HEADROOM, bufBytes: BUF });
    port = makeBedPort(bed, RING);
    stage = makeBedStage(bed, 8192);
    bed.poke32(stage + layout.STAGE_SEGMENT_BYTES, SEGMENT);
    bed.poke32(stage + layout.STAGE_FRAME_BYTES_MAX, FRAME_MAX);
  });

  const stop = () => bed.u32(stage + layout.STAGE_STOP);
  const at = () => bed.u32(stage + layout.STAGE_AT);
  const fill = (bytes: Uint8Array, end = bytes.length) => {
    bed.arena.u8.set(bytes, stage + layout.STAGE_DATA);
    bed.poke32(stage + layout.STAGE_AT, 0);
    bed.poke32(stage + layout.STAGE_END, end);
  };
  const unpack = (n = 256) => bed.kernels.unpackBurst(port.ptr, stage, n);
  const dequeue = () => {
    const n = bed.kernels.ringDequeueBurst(port.ring, bed.list, RING);
    return bed.listed(n);
  };
  const drain = () => {
    const ms = dequeue();
    const frames = ms.map((m) => ({
      bytes: bed.bytes(m),
      wireLen: bed.u32(m + layout.MBUF_WIRE_LEN),
      timestampNs: bed.u64(m + layout.MBUF_TIMESTAMP_NS),
    }));
    for (const m of ms) bed.free(m);
    return frames;
  };

  test("any frames arrive as they were packed, by bursts of any size, and all buffers come back", () => {
    const anyFrame = fc
      .tuple(fc.nat(FRAME_MAX), fc.nat(3000), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
      .map(([length, cut, timestampNs]) => ({ ...frameOf(length, length, cut), timestampNs }));
    const run = (frames: readonly PackedFrame[], n: number) => {
      fill(packFrames(frames));
      const arrived: PackedFrame[] = [];
      for (let pumps = 0; arrived.length < frames.length && pumps < 100; pumps++) {
        const moved = unpack(n);
        const got = drain();
        expect(got.length).toBe(moved);
        arrived.push(...got);
      }
      expect(arrived).toEqual(frames);
      expect([unpack(n), stop(), at()]).toEqual([0, layout.STOP_DRAINED, packFrames(frames).length]);
      expect(bed.census()).toEqual({ free: MBUFS, held: 0, doubles: 0 });
    };
    holds(fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.integer({ min: 1, max: 9 }), run), 300);
  });

  test("an arrival is like any other: headroom in front, the port's number, chains cut at payload's length", () => {
    const lengths = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, FRAME_MAX];
    fill(packFrames(lengths.map((length, i) => frameOf(length, i))));
    expect(unpack(3)).toBe(3);
    expect(stop()).toBe(layout.STOP_BURST);
    expect(unpack()).toBe(4);
    const ms = dequeue();
    const split = (length: number) => {
      const whole = Array.from({ length: Math.floor(length / SEGMENT) }, () => SEGMENT);
      return length % SEGMENT > 0 || length === 0 ? [...whole, length % SEGMENT] : whole;
    };
    for (const [i, m] of ms.entries()) {
      const length = lengths[i] as number;
      const segments = bed.segments(m);
      expect(segments.map((s) => bed.u32(s + layout.MBUF_LEN))).toEqual(split(length));
      expect([bed.u16(m + layout.MBUF_SEGMENTS), bed.u32(m + layout.MBUF_PKT_LEN)]).toEqual([segments.length, length]);
      expect([bed.u16(m + layout.MBUF_PORT), bed.u16(m + layout.MBUF_REF_COUNT)]).toEqual([3, 1]);
      for (const s of segments) expect(bed.kernels.headroom(s)).toBe(HEADROOM);
      expect(bed.bytes(m)).toEqual(counting(length, i * 13 + 1));
    }
    const bytes = BigInt(lengths.reduce((a, b) => a + b));
    expect([layout.COUNTER_RX_FRAMES, layout.COUNTER_RX_BYTES, layout.COUNTER_COPIED_BYTES].map(port.counter)).toEqual([
      7n,
      bytes,
      bytes,
    ]);
  });

  test("what the ring has no room for waits in the stage", () => {
    fill(packFrames(Array.from({ length: RING + 2 }, (_, i) => frameOf(20, i))));
    expect([unpack(), stop(), at()]).toEqual([RING, layout.STOP_RING_FULL, RING * 48]);
    expect([unpack(), stop()]).toEqual([0, layout.STOP_RING_FULL]);
    expect(port.counter(layout.COUNTER_RX_REFUSED)).toBe(2n);
    const first = drain();
    expect([unpack(), stop()]).toEqual([2, layout.STOP_DRAINED]);
    expect([...first, ...drain()].map(({ timestampNs }) => timestampNs)).toEqual(
      Array.from({ length: RING + 2 }, (_, i) => frameOf(20, i).timestampNs),
    );
  });

  test("what the pool has no buffers for waits in the stage, a chain whole or not at all", () => {
    bed.kernels.allocBulk(bed.pool, bed.list, MBUFS - 3);
    const held = bed.listed(MBUFS - 3);
    fill(packFrames([frameOf(10, 0), frameOf(FRAME_MAX, 1)]));
    expect([unpack(), stop()]).toEqual([1, layout.STOP_NO_BUFFER]);
    expect([bed.census().free, port.counter(layout.COUNTER_NO_BUFFER)]).toEqual([2, 1n]);
    for (const m of held) bed.free(m);
    expect([unpack(), stop()]).toEqual([1, layout.STOP_DRAINED]);
    expect(drain().map(({ bytes }) => bytes)).toEqual([frameOf(10, 0).bytes, frameOf(FRAME_MAX, 1).bytes]);
  });

  test("a frame that this pool can never hold is dropped by name, and those around it arrive", () => {
    fill(packFrames([frameOf(10, 0), frameOf(FRAME_MAX + 1, 1), frameOf(12, 2)]));
    expect([unpack(), stop()]).toEqual([3, layout.STOP_DRAINED]);
    expect(drain().map(({ bytes }) => bytes.length)).toEqual([10, 12]);
    expect(port.counter(layout.COUNTER_DROP + layout.DROP_FRAME_TOO_LONG)).toBe(1n);
  });

  test("half a frame at the stage's end is left for when its rest is there", () => {
    const packed = packFrames([frameOf(40, 0), frameOf(70, 1)]);
    for (const end of [64, 65, 79, 80, packed.length - 1]) {
      fill(packed, end);
      expect([unpack(), stop(), at()]).toEqual([1, layout.STOP_DRAINED, 64]);
      expect(drain().map(({ bytes }) => bytes.length)).toEqual([40]);
    }
  });

  test.each([
    ["more bytes than any frame has", { 0: layout.FRAME_BYTES_MAX + 1, 4: layout.FRAME_BYTES_MAX + 1 }],
    ["the largest length", { 0: 0xffffffff, 4: 0xffffffff }],
    ["fewer bytes on the wire than here", { 0: 40, 4: 39 }],
    ["more bytes on the wire than any capture says", { 0: 40, 4: 0xfffffff0 }],
  ])("a frame that claims %s is damage: what comes before it arrives, it does not", (_, lengths) => {
    const packed = packFrames([frameOf(20, 0), frameOf(40, 1)]);
    for (const [off, value] of Object.entries(lengths)) {
      new DataView(packed.buffer).setUint32(48 + Number(off), value, true);
    }
    fill(packed);
    expect([unpack(), stop(), at()]).toEqual([1, layout.STOP_DAMAGED, 48]);
    expect([unpack(), stop(), at()]).toEqual([0, layout.STOP_DAMAGED, 48]);
    expect(drain()).toHaveLength(1);
    expect(bed.census().free).toBe(MBUFS);
  });
});
