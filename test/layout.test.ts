import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../assembly/layout.js";
import { type Bed, makeBed } from "./helpers/bed.js";
import { counting } from "./helpers/bytes.js";
import { BUILDS } from "./helpers/engines.js";
import * as f from "./helpers/frames.js";
import { makeQueue, takeSpans } from "./helpers/queue.js";

/** Records as both sides see them: what the kernel writes the host reads at the offset in layout.ts, and back. */
describe.each(BUILDS)("layout (%s build)", (build) => {
  let bed: Bed;
  beforeEach(async () => {
    bed = await makeBed(build, { mbufs: 4, headroomBytes: 96, bufBytes: 320 });
  });

  test("pool: the kernel writes", () => {
    const { pool } = bed;
    expect(bed.u32(pool + layout.POOL_RECORDS)).toBe(bed.records);
    expect(bed.u32(pool + layout.POOL_BUFFERS)).toBe(bed.buffers);
    expect(bed.u32(bed.u32(pool + layout.POOL_FREE_STACK) + 12)).toBe(bed.records);
    expect(bed.u32(pool + layout.POOL_COUNT)).toBe(4);
    expect(bed.u32(pool + layout.POOL_BUF_BYTES)).toBe(320);
    expect(bed.u32(pool + layout.POOL_HEADROOM)).toBe(96);
    const m = bed.kernels.alloc(pool);
    bed.kernels.allocBulk(pool, bed.list, 9);
    expect([bed.u32(pool + layout.POOL_FREE_COUNT), bed.u64(pool + layout.POOL_EMPTY)]).toEqual([3, 1n]);
    bed.census(m, m);
    expect(bed.u32(pool + layout.POOL_CENSUS_ROUND)).toBe(1);
    expect(bed.u32(pool + layout.POOL_CENSUS_DOUBLES)).toBe(1);
    expect(bed.arena.u8[m + layout.MBUF_CENSUS_ROUND]).toBe(1);
    expect(bed.arena.u8[m + layout.MBUF_CENSUS_SEEN]).toBe(2);
  });

  test("mbuf: the kernel writes", () => {
    const m = bed.frame([f.ethernet(f.ipv4(f.vxlan(0x123456, counting(20)))), counting(9)], 300);
    bed.kernels.retain(m);
    const data = bed.u32(m + layout.MBUF_DATA);
    expect(data - bed.u32(m + layout.MBUF_BUF)).toBe(96);
    expect(bed.u32(m + layout.MBUF_LEN)).toBe(70);
    expect(bed.u32(m + layout.MBUF_NEXT)).toBe(bed.segments(m)[1]);
    expect(bed.u32(m + layout.MBUF_PKT_LEN)).toBe(79);
    expect([bed.u16(m + layout.MBUF_REF_COUNT), bed.u16(m + layout.MBUF_SEGMENTS)]).toEqual([2, 2]);
    bed.kernels.parseBurst(bed.listOf(m), 1);
    expect(bed.u32(m + layout.MBUF_FLAGS)).toBe(layout.FLAG_IPV4 | layout.FLAG_UDP);
    expect([bed.u16(m + layout.MBUF_L3), bed.u16(m + layout.MBUF_L4), bed.u16(m + layout.MBUF_PAYLOAD)]).toEqual([
      14, 34, 42,
    ]);
    expect(bed.u32(m + layout.MBUF_L4_LEN)).toBe(36);
    expect(bed.kernels.flowHash(m) >>> 0).toBe(bed.u32(m + layout.MBUF_HASH));
    bed.kernels.decapBurst(bed.listOf(m), 1, 4789, 5);
    expect([bed.u16(m + layout.MBUF_CAUSE), bed.u32(m + layout.MBUF_VNI)]).toEqual([layout.DROP_UNKNOWN_VNI, 0x123456]);
  });

  test("mbuf: the host writes, the kernel reads", () => {
    const m = bed.frame(counting(40));
    bed.poke32(m + layout.MBUF_DATA, bed.u32(m + layout.MBUF_DATA) - 6);
    expect(bed.kernels.headroom(m)).toBe(90);
    bed.poke32(m + layout.MBUF_LEN, 5);
    expect(bed.kernels.adj(m, 6)).toBe(0);
    expect(bed.kernels.adj(m, 5)).not.toBe(0);
    bed.poke32(m + layout.MBUF_PKT_LEN, 3);
    expect([bed.kernels.trim(m, 4), bed.kernels.trim(m, 3)]).toEqual([0, 1]);
    bed.poke32(m + layout.MBUF_WIRE_LEN, 100);
    bed.kernels.parseBurst(bed.listOf(m), 1);
    expect(bed.u32(m + layout.MBUF_FLAGS)).toBe(layout.FLAG_CUT);
  });

  test("ring: the kernel writes, and reads what the host writes", () => {
    const ring = bed.arena.take(layout.RING_BYTES);
    const slots = bed.arena.take(32);
    bed.kernels.ringInit(ring, slots, 8);
    expect([bed.u32(ring + layout.RING_SLOTS), bed.u32(ring + layout.RING_MASK)]).toEqual([slots, 7]);
    bed.kernels.ringEnqueueBurst(ring, bed.listOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 10);
    bed.kernels.ringDequeueBurst(ring, bed.list, 3);
    expect([bed.u32(ring + layout.RING_HEAD), bed.u32(ring + layout.RING_TAIL)]).toEqual([8, 3]);
    expect(bed.u64(ring + layout.RING_REFUSED)).toBe(2n);
    bed.poke32(ring + layout.RING_TAIL, 6);
    expect(bed.kernels.ringCount(ring)).toBe(2);
    bed.poke32(ring + layout.RING_HEAD, 7);
    expect(bed.kernels.ringCount(ring)).toBe(1);
    // Producer, consumer and the rest on cache lines of their own.
    expect([layout.RING_HEAD % 64, layout.RING_TAIL % 64, layout.RING_TAIL - layout.RING_HEAD]).toEqual([0, 0, 64]);
  });

  test("queue: the kernel writes both sides", () => {
    const queue = makeQueue(bed, 4);
    const { ptr } = queue;
    const at = (offset: number) => bed.u32(ptr + offset);
    expect([at(layout.QUEUE_DESCS), at(layout.QUEUE_SIZE), at(layout.QUEUE_FREE)]).toEqual([
      queue.memory.byteOffset,
      4,
      4,
    ]);
    const m = bed.frame(counting(30));
    for (let lap = 0; lap < 5; lap++) {
      const before = [at(layout.QUEUE_NEXT_AVAIL), at(layout.QUEUE_AVAIL_WRAP)];
      expect(before).toEqual([lap % 4, lap < 4 ? 1 : 0]);
      bed.kernels.post(ptr, m);
      expect([at(layout.QUEUE_FREE), at(layout.QUEUE_DEVICE_AVAIL)]).toEqual([3, lap % 4]);
      const [span] = takeSpans(bed, queue, 4);
      expect(span).toMatchObject({ addr: bed.u32(m + layout.MBUF_DATA), len: 30, more: false, mbuf: m });
      const id = span?.id as number;
      expect(bed.u32(at(layout.QUEUE_SLOTS) + id * layout.QUEUE_SLOT_BYTES)).toBe(m);
      expect(bed.u16(at(layout.QUEUE_DEVICE_SEGMENTS) + id * 2)).toBe(1);
      expect([at(layout.QUEUE_DEVICE_USED), at(layout.QUEUE_DEVICE_USED_WRAP)]).toEqual(before);
      bed.kernels.completeBurst(ptr, bed.listOf(id), 1);
      expect([at(layout.QUEUE_NEXT_USED), at(layout.QUEUE_USED_WRAP)]).toEqual(before);
      bed.kernels.reapBurst(ptr, bed.list, 4);
    }
    expect([at(layout.QUEUE_DEVICE_AVAIL_WRAP), at(layout.QUEUE_DEVICE_USED_WRAP), at(layout.QUEUE_USED_WRAP)]).toEqual(
      [0, 0, 0],
    );
    bed.poke32(ptr + layout.QUEUE_FREE, 0);
    expect(bed.kernels.post(ptr, m)).toBe(0);
    expect(bed.u64(ptr + layout.QUEUE_REFUSED)).toBe(1n);
  });

  test("hash: the kernel writes what it found of a frame", () => {
    const config = bed.arena.take(layout.HASH_BYTES);
    bed.poke32(config + layout.HASH_KIND, layout.HASH_LAYER34);
    bed.poke32(config + layout.HASH_FLAGS, layout.HASH_F_TYPE_NUMBER);
    const m = bed.frame(f.ethernet(f.ipv4(f.udp(counting(9))), { tags: [{ tci: 0x6007 }] }));
    const data = bed.u32(m + layout.MBUF_DATA);
    bed.kernels.parseBurst(bed.listOf(m), 1);
    bed.kernels.hashBurst(config, bed.listOf(m), bed.list + 4, 1);
    const at = (offset: number) => bed.u32(config + offset);
    expect([at(layout.HASH_ETHERNET), at(layout.HASH_NETWORK), at(layout.HASH_TRANSPORT)]).toEqual([
      data,
      data + 18,
      data + 38,
    ]);
    expect([at(layout.HASH_END), at(layout.HASH_TYPE), at(layout.HASH_TAG)]).toEqual([data + 55, 0x0800, 0x6007]);
    expect([at(layout.HASH_PROTOCOL), at(layout.HASH_ADDRESSES)]).toEqual([17, 0x03000000]);
    bed.poke32(config + layout.HASH_KIND, layout.HASH_ENCAP34);
    bed.kernels.hashBurst(config, bed.listOf(m), bed.list + 4, 1);
    // Ports 40000 and 5353: 9c 40 14 e9.
    expect(at(layout.HASH_PORTS)).toBe(0xe914409c);
    expect(new Set([layout.HASH_BASIS, layout.HASH_TABLE, layout.HASH_KIND, layout.HASH_FLAGS]).size).toBe(4);
  });

  test("flags of a hash are one bit each", () => {
    const bits = Object.entries(layout).flatMap(([name, bit]) => (name.startsWith("HASH_F_") ? [bit as number] : []));
    expect(bits.reduce((all, bit) => all + bit, 0)).toBe(bits.reduce((all, bit) => all | bit, 0));
    for (const bit of bits) expect(Math.log2(bit) % 1).toBe(0);
  });

  test("records do not overlap: each offset of a record is its own, inside its size", () => {
    const records = {
      MBUF: layout.MBUF_BYTES,
      POOL: 64,
      RING: 192,
      DESC: 16,
      QUEUE: 128,
      SPAN: 16,
      PORT: 32,
      TUNNEL: 192,
      REPORT: 16,
      STATS: 32,
      STAGE: 64,
      PACKED: 16,
    };
    for (const [prefix, size] of Object.entries(records)) {
      const offsets = Object.entries(layout)
        .filter(([name]) => name.startsWith(`${prefix}_`) && !/_BYTES$|_F_|STAGE_DATA$/.test(name))
        .map(([, offset]) => offset as number);
      expect((layout as Record<string, number>)[`${prefix}_BYTES`], prefix).toBe(size);
      expect(new Set(offsets).size, prefix).toBe(offsets.length);
      expect(Math.max(...offsets), prefix).toBeLessThan(size);
    }
  });

  test("flags are one bit each", () => {
    const flags = Object.entries(layout).filter(([name]) => name.startsWith("FLAG_"));
    expect(flags.length).toBe(15);
    expect(
      flags
        .reduce((all, [, bit]) => all | (bit as number), 0)
        .toString(2)
        .replaceAll("0", "").length,
    ).toBe(15);
    for (const [name, bit] of flags) expect(Math.log2(bit as number) % 1, name).toBe(0);
  });
});
