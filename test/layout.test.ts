import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../assembly/layout.js";
import { identityKey } from "../src/lag/addresses.js";
import { type Bed, makeBed } from "./helpers/bed.js";
import { counting } from "./helpers/bytes.js";
import { BUILDS } from "./helpers/engines.js";
import * as f from "./helpers/frames.js";
import { hasherOn } from "./helpers/hasher.js";
import { flowFrame, macBytes } from "./helpers/lag.js";
import { type BedPort, makePort } from "./helpers/port-record.js";
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
    bed.kernels.decapBurst(bed.listOf(m), 1, 4789, 5, false);
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

  test("snapshot of frames: the host writes the job, the kernel reads it and writes records", async () => {
    const large = await makeBed(build, { mbufs: 4, bufBytes: 320, headroomBytes: 96, spareBytes: 1024 });
    const job = large.arena.take(layout.SNAPSHOT_JOB_BYTES);
    const section = large.arena.take(512);
    const [single, chain] = [large.frame(counting(30), 77), large.frame([counting(5), counting(9)])];
    large.arena.u64[(single + layout.MBUF_TIMESTAMP_NS) >> 3] = 0x1_0000_0002n;
    large.kernels.snapshotMeasure(job, large.listOf(single, chain), 2);
    const at = (field: number) => large.u32(job + field);
    expect([at(layout.SNAPSHOT_BYTES), at(layout.SNAPSHOT_MBUFS), at(layout.SNAPSHOT_LENS_LEFT)]).toEqual([44, 3, 2]);
    const [lens, data] = [section + 2 * layout.FRAME_RECORD_BYTES, section + 64];
    large.poke32(job + layout.SNAPSHOT_RECORDS, section);
    large.poke32(job + layout.SNAPSHOT_LENS, lens);
    large.poke32(job + layout.SNAPSHOT_DATA, data);
    large.kernels.snapshotGather(job, large.listOf(single, chain), 2, 3);
    expect(large.u64(section + layout.FRAME_RECORD_TIMESTAMP_NS)).toBe(0x1_0000_0002n);
    expect(large.u32(section + layout.FRAME_RECORD_LEN)).toBe(30);
    expect(large.u32(section + layout.FRAME_RECORD_WIRE_LEN)).toBe(77);
    expect(large.u16(section + layout.FRAME_RECORD_SEGMENTS)).toBe(1);
    expect(large.u16(section + layout.FRAME_RECORD_BYTES + layout.FRAME_RECORD_SEGMENTS)).toBe(2);
    expect(large.arena.u8[section + layout.FRAME_RECORD_PLACE]).toBe(3);
    expect([large.u32(lens), large.u32(lens + 4)]).toEqual([5, 9]);
    expect([at(layout.SNAPSHOT_RECORDS), at(layout.SNAPSHOT_LENS), at(layout.SNAPSHOT_DATA)]).toEqual([
      lens,
      lens + 8,
      data + 44,
    ]);

    // What the host says of its buffers and of the section decides what is sound.
    const check = (field: number, value: number) => {
      large.poke32(job + layout.SNAPSHOT_RECORDS, section);
      large.poke32(job + layout.SNAPSHOT_LENS, lens);
      large.poke32(job + layout.SNAPSHOT_LENS_LEFT, 2);
      large.poke32(job + layout.SNAPSHOT_BUF_BYTES, 30);
      large.poke32(job + layout.SNAPSHOT_DATA_BYTES, 30);
      large.poke32(job + field, value);
      return large.kernels.snapshotCheck(job, 2);
    };
    expect(check(layout.SNAPSHOT_PORTABLE, 0)).toBe(2);
    expect(check(layout.SNAPSHOT_BUF_BYTES, 29)).toBe(0);
    expect(check(layout.SNAPSHOT_LENS_LEFT, 1)).toBe(1);
    expect(check(layout.SNAPSHOT_PORTABLE, 1)).toBe(0);
    large.arena.u8.fill(0, section + layout.FRAME_RECORD_SEGMENTS, section + layout.FRAME_RECORD_SEGMENTS + 2);
    expect(check(layout.SNAPSHOT_DATA_BYTES, 1)).toBe(1);
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

  test("identity: the kernel writes, and reads what the host writes", () => {
    const identity = bed.arena.take(layout.IDENTITY_BYTES);
    const partition = bed.arena.take(layout.PARTITION_BYTES);
    const buckets = bed.arena.take(5 * layout.IDENTITY_BUCKET_BYTES);
    const at = (offset: number) => bed.u32(identity + offset);
    bed.kernels.identityInit(identity, buckets, 4, 0x123456789abcdef0n);
    expect([at(layout.IDENTITY_BUCKETS), at(layout.IDENTITY_SHIFT)]).toEqual([buckets, 62]);
    expect(bed.u64(identity + layout.IDENTITY_MULTIPLIER)).toBe(0x123456789abcdef1n);
    bed.poke32(identity + layout.IDENTITY_TICK, 5);
    const key = identityKey(Uint8Array.from(macBytes(7)), 9);
    expect(bed.kernels.identityInsert(identity, key, partition | layout.IDENTITY_F_LEARNED)).toBe(1);
    const [bucket = 0] = [0, 1, 2, 3].map((i) => buckets + i * layout.IDENTITY_BUCKET_BYTES).filter((b) => bed.u64(b));
    expect(bed.u64(bucket)).toBe(0x8009_0700_0000_5e02n);
    // Behind the keys of all ways their values, behind these when each was last seen.
    const values = bucket + layout.IDENTITY_WAYS * 8;
    expect(bed.u32(values)).toBe(partition | layout.IDENTITY_F_LEARNED);
    expect(bed.u32(values + layout.IDENTITY_WAYS * 4)).toBe(5);
    const learned = () => [at(layout.IDENTITY_LEARNED), bed.u32(partition + layout.PARTITION_LEARNED)];
    expect([at(layout.IDENTITY_ENTRIES), ...learned()]).toEqual([1, 1, 1]);
    bed.poke32(identity + layout.IDENTITY_TICK, 9);
    expect([4, 3].map((maxAge) => bed.kernels.identityAge(identity, maxAge))).toEqual([0, 1]);
    expect([at(layout.IDENTITY_ENTRIES), ...learned()]).toEqual([0, 0, 0]);
  });

  describe("a group of one port, and a partition with two buckets", () => {
    const MAC = macBytes(7);
    let group: number;
    let partition: number;
    let identity: number;
    let hold: number;
    let control: number;
    let uplink: BedPort;
    let vnic: BedPort;

    function makeRing(): number {
      const ring = bed.arena.take(layout.RING_BYTES);
      bed.kernels.ringInit(ring, bed.arena.take(32), 8);
      return ring;
    }

    function pokeAll(record: number, fields: readonly (readonly [offset: number, value: number])[]): void {
      for (const [offset, value] of fields) bed.poke32(record + offset, value);
    }

    /** Frames that have arrived on a port. */
    function arrive(port: BedPort, ...frames: Uint8Array[]): number[] {
      const mbufs = frames.map((bytes) => bed.frame(bytes));
      bed.kernels.ringEnqueueBurst(bed.u32(port.ptr + layout.PORT_RX_RING), bed.listOf(...mbufs), mbufs.length);
      return mbufs;
    }

    const counted = (index: number) => Number(bed.u64(partition + layout.PARTITION_COUNTERS + index * 8));
    const buckets = () => [...bed.view(partition + layout.PARTITION_OWNERS, 6)];

    beforeEach(() => {
      group = bed.arena.take(layout.GROUP_BYTES);
      partition = bed.arena.take(layout.PARTITION_OWNERS + 64);
      [uplink, vnic] = [makePort(bed, 0, 4), makePort(bed, 1, 4)];
      for (const { ptr } of [uplink, vnic]) bed.poke32(ptr + layout.PORT_RX_RING, makeRing());
      [hold, control] = [makeRing(), makeRing()];
      identity = bed.arena.take(layout.IDENTITY_BYTES);
      bed.kernels.identityInit(identity, bed.arena.take(5 * layout.IDENTITY_BUCKET_BYTES), 4, 1n);
      bed.kernels.identityInsert(identity, identityKey(Uint8Array.from(MAC), 0), partition);
      const [ports, owners] = [bed.arena.take(4), bed.arena.take(8)];
      bed.poke32(ports, uplink.ptr);
      bed.poke32(owners + 4, partition);
      pokeAll(group, [
        [layout.GROUP_PORTS, ports],
        [layout.GROUP_PORT_COUNT, 1],
        [layout.GROUP_HASH, hasherOn(bed, { policy: "aix-src-port" })],
        [layout.GROUP_IDENTITY, identity],
        [layout.GROUP_OWNERS, owners],
        [layout.GROUP_PARTITIONS, partition],
        [layout.GROUP_PARTITION_STRIDE, layout.PARTITION_OWNERS + 64],
        [layout.GROUP_PARTITION_COUNT, 1],
        [layout.GROUP_LIST, bed.arena.take(layout.BURST_MAX * 4)],
        [layout.GROUP_HASHES, bed.arena.take(layout.BURST_MAX * 4)],
        [layout.GROUP_HOLD, hold],
        [layout.GROUP_CONTROL, control],
      ]);
      // Bucket 0 is the port's; bucket 1 moves from there to there.
      bed.view(partition + layout.PARTITION_OWNERS, 6).set([0, layout.OWNER_MOVING, 0, 0, 0, layout.MOVE_GATED]);
      pokeAll(partition, [
        [layout.PARTITION_BUCKETS, 2],
        [layout.PARTITION_MODE, layout.MODE_TURN],
        [layout.PARTITION_PORTS, 1],
        [layout.PARTITION_LIVE, 1],
        [layout.PARTITION_VNIC, vnic.ptr],
        [layout.PARTITION_LOADS, partition + layout.PARTITION_OWNERS + 8],
        [layout.PARTITION_MOVING, 1],
        [layout.PARTITION_LEARNED_MAX, 1],
      ]);
    });

    test("a host sends in turn, holds, measures, learns and settles", () => {
      bed.poke32(partition + layout.PARTITION_FLAGS, layout.PARTITION_F_MEASURE | layout.PARTITION_F_LEARN);
      const frames = [1, 2].map((src) => flowFrame({ flow: src, sequence: 1, src: macBytes(src) }));
      const [first, second] = arrive(vnic, ...frames);
      expect(bed.kernels.lagSendBurst(group, vnic.ptr, 8)).toBe(2);
      expect(bed.u32(bed.u32(group + layout.GROUP_LIST) + 4)).toBe(second);
      expect(bed.u32(bed.u32(group + layout.GROUP_HASHES) + 4)).toBe((1024 + 2 * 7919) & 0xff);
      expect(bed.u32(partition + layout.PARTITION_TURN)).toBe(2);
      expect(bed.u64(bed.u32(partition + layout.PARTITION_LOADS))).toBe(BigInt(frames[0]?.length ?? 0));
      expect(bed.u32((first as number) + layout.MBUF_HASH)).toBe(partition + layout.PARTITION_OWNERS);
      expect([layout.COUNTER_SENT_FRAMES, layout.COUNTER_HELD, layout.COUNTER_LEARN_REFUSED].map(counted)).toEqual([
        1, 1, 1,
      ]);
      expect(bed.u32(partition + layout.PARTITION_LEARNED)).toBe(1);
      expect([bed.kernels.ringCount(hold), bed.kernels.lagSettle(group)]).toEqual([1, 1]);
      // The gate is taken away.
      bed.view(partition + layout.PARTITION_OWNERS + 5, 1).fill(0);
      expect([bed.kernels.lagSettle(group), bed.kernels.ringCount(hold)]).toEqual([0, 0]);
      expect([bed.u32(partition + layout.PARTITION_MOVING), ...buckets()]).toEqual([0, 0, 0, 0, 0, 0, 0]);
      expect([counted(layout.COUNTER_SENT_BY), uplink.counter(layout.COUNTER_TX_FRAMES)]).toEqual([2, 2]);
    });

    test("bits of the hash choose where the group has a mask", () => {
      // The lowest bit of the source port, which is odd.
      bed.poke32(group + layout.GROUP_MASK, 1);
      const picks = bed.arena.take(4);
      const m = bed.frame(flowFrame({ flow: 1, sequence: 1 }));
      bed.arena.u16[(m + layout.MBUF_PORT) >> 1] = 1;
      bed.kernels.parseBurst(bed.listOf(m), 1);
      bed.kernels.lagPickBurst(group, bed.list, 1, picks);
      expect(bed.u32(picks)).toBe(layout.PICK_MOVING);
      expect(bed.u32(partition + layout.PARTITION_TURN)).toBe(0);
    });

    test("a host's port takes what is its partition's, and keeps what is its own", () => {
      const slow = f.ethernet(f.layer3(0x8809, counting(46)), { dst: [0x01, 0x80, 0xc2, 0, 0, 2] });
      const flow = { flow: 1, sequence: 1, dst: MAC };
      const [, taken] = arrive(uplink, slow, flowFrame(flow), flowFrame({ ...flow, vlan: 9 }));
      expect(bed.kernels.lagReceiveBurst(group, 0, 8)).toBe(3);
      expect(bed.kernels.ringCount(control)).toBe(1);
      expect(bed.u32(bed.u32(vnic.queue + layout.QUEUE_SLOTS))).toBe(taken);
      expect(counted(layout.COUNTER_RECEIVED_BY)).toBe(1);
      expect(uplink.counter(layout.COUNTER_DROP + layout.DROP_UNKNOWN_PARTITION)).toBe(1);
      // Out of the set.
      bed.poke32(partition + layout.PARTITION_PORTS, 2);
      arrive(uplink, flowFrame(flow));
      bed.kernels.lagReceiveBurst(group, 0, 8);
      expect(counted(layout.COUNTER_OUTSIDE_DROPPED)).toBe(1);
    });

    test("a switch passes on to its network what its partition sends", () => {
      bed.poke32(group + layout.GROUP_FLAGS, layout.GROUP_F_SWITCH);
      bed.poke32(group + layout.GROUP_NETWORK, vnic.ptr);
      arrive(uplink, flowFrame({ flow: 1, sequence: 1, src: MAC }));
      expect(bed.kernels.lagReceiveBurst(group, 0, 8)).toBe(1);
      expect([vnic.counter(layout.COUNTER_TX_FRAMES), counted(layout.COUNTER_RECEIVED_FRAMES)]).toEqual([1, 1]);
    });
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
      TUNNEL: 320,
      GQP: 32,
      POLICY: 64,
      DECISION: 16,
      RANGE4: 8,
      RANGE6: 24,
      REPORT: 16,
      STATS: 32,
      STAGE: 64,
      PACKED: 16,
      GROUP: 128,
      PARTITION: 64,
      IDENTITY: 32,
      MONITOR: 272,
      CONNECTION: 128,
      HALF: 64,
      HEALTH: 128,
      OVERLAY: 192,
      NETWORK: 64,
      VNIC: 32,
      ROUTE: 384,
      ENDPOINT: 128,
      MESSAGE: 16,
      AGGREGATE: 16,
      SENDER: 96,
      TRANSFER: 16,
      RECEIVER: 96,
    };
    // Numbers that are no offsets, and what stands behind a record.
    const others =
      /_BYTES$|OPTION_BYTES_MAX|_F_|STAGE_DATA|GROUP_PORTS_MAX|PARTITION_(COUNTERS|OWNERS)|IDENTITY_WAYS|OVERLAY_COUNTERS_COUNT|ROUTE_BUCKETS_MAX|MONITOR_RUN/;
    for (const [prefix, size] of Object.entries(records)) {
      const offsets = Object.entries(layout)
        .filter(([name]) => name.startsWith(`${prefix}_`) && !others.test(name))
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
