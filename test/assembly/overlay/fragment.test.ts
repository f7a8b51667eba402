/** Inner fragmentation: against RFC 791's procedure, and put together again. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, type BedShape, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { concat, counting, patched } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { parseFrame } from "../../helpers/parsed.js";
import { holds } from "../../helpers/property.js";
import { internetChecksum } from "../../model/checksum.js";
import { fragments, reassemble } from "../../model/fragment.js";

const PIECES = layout.FRAGMENTS_MAX + 1;
/** A strict source route (copied), a record route (not), a router alert (copied; RFC 2113), a no-operation, and the end. */
const OPTIONS = [0x89, 7, 4, 192, 0, 2, 9, 7, 7, 4, 0, 0, 0, 0, 1, 0x94, 4, 0, 0, 0];
const TAGS = [[], [{ tci: 0x6007 }], [{ tpid: 0x88a8, tci: 100 }, { tci: 7 }]] as const;

/** A bed with a place for addresses of fragments. */
async function fragmentBed(build: (typeof BUILDS)[number], shape: BedShape = {}): Promise<Fragments> {
  return new Fragments(await makeBed(build, { mbufs: 80, ...shape }));
}

class Fragments {
  readonly bed: Bed;
  readonly out: number;

  constructor(bed: Bed) {
    this.bed = bed;
    this.out = bed.arena.take(PIECES * 4);
  }

  /** Addresses of the fragments of a frame, whose cause must be OK; writes nothing beyond them. */
  of(m: number, mtu: number): number[] {
    const { bed, out } = this;
    expect(parseFrame(bed, m).cause).toBe(layout.OK);
    bed.view(out, PIECES * 4).fill(UNTOUCHED);
    const n = bed.kernels.fragment(bed.pool, m, mtu, out);
    expect(bed.view(out + n * 4, (PIECES - n) * 4).every((byte) => byte === UNTOUCHED)).toBe(true);
    return Array.from({ length: n }, (_, i) => bed.u32(out + i * 4));
  }

  /** Cannot be fragmented: nothing is taken, nothing changed. */
  refuses(segments: Uint8Array | readonly Uint8Array[], mtu: number, wireLen?: number): void {
    const { bed } = this;
    const m = bed.frame(segments, wireLen);
    parseFrame(bed, m);
    const [records, bytes, before] = [bed.recordsOf(m), bed.bytes(m), bed.census(m)];
    expect(this.of(m, mtu)).toEqual([]);
    expect(bed.bytes(m)).toEqual(bytes);
    expect(withoutRound(bed.recordsOf(m))).toEqual(withoutRound(records));
    expect(bed.census(m)).toEqual(before);
    bed.free(m);
  }
}

function withoutRound(records: Uint8Array): Uint8Array {
  return records.map((byte, i) =>
    [layout.MBUF_CENSUS_ROUND, layout.MBUF_CENSUS_SEEN].includes(i % layout.MBUF_BYTES) ? 0 : byte,
  );
}

/** The frame's bytes in segments that end at the cuts. */
function cutAt(frame: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.filter((cut) => cut < frame.length), frame.length].sort((a, b) => a - b);
  return ends.map((end, i) => frame.subarray(ends[i - 1] ?? 0, end));
}

describe.each(BUILDS)("inner fragmentation (%s build)", (build) => {
  test("a datagram of 1500 bytes for an MTU of 1450, octet by octet", async () => {
    const it = await fragmentBed(build);
    const { bed } = it;
    const inside = f.udp(counting(1472));
    const frame = f.ethernet(f.ipv4(inside, { fragment: 0, identification: 0xbeef }));
    const m = bed.frame(frame);
    const [first, second] = it.of(m, 1450).map((piece) => bed.bytes(piece)) as [Uint8Array, Uint8Array];
    const part = (from: number, to: number | undefined, fragment: number) =>
      f.ethernet(f.ipv4(f.slice(inside, from, to), { fragment, identification: 0xbeef }));
    expect(first).toEqual(part(0, 1424, 0x2000));
    expect(second).toEqual(part(1424, undefined, 1424 / 8));
    expect(first.length).toBe(14 + 20 + 1424);
  });

  test("any datagram, whole or a fragment, in any segments: the twin's fragments, which make it up again", async () => {
    const it = await fragmentBed(build);
    const { bed } = it;
    const arbitrary = fc.record({
      payload: fc.integer({ min: 9, max: 1500 }),
      mtu: fc.integer({ min: 68, max: 1200 }),
      options: fc.constantFrom([], [], OPTIONS, OPTIONS.slice(0, 7).concat(0, 0, 0, 0, 0), [1, 1, 1, 0x82, 2, 0, 0, 0]),
      tags: fc.constantFrom(...TAGS),
      // Whole, a first fragment, a middle one, a last one, the reserved bit.
      fragment: fc.constantFrom(0, 0, 0x2000, 0x2045, 0x0045, 0x8000),
      cuts: fc.array(fc.integer({ min: 90, max: 1500 }), { maxLength: 3 }),
      padding: fc.constantFrom(0, 0, 3, 18),
    });
    holds(
      fc.property(arbitrary, ({ payload, mtu, options, tags, fragment, cuts, padding }) => {
        const ip = f.ipv4(f.raw(253, counting(payload, payload)), { fragment, options });
        const frame = f.ethernet(ip, { tags });
        const head = frame.subarray(0, 14 + 4 * tags.length);
        const expected = fragments(ip.bytes, mtu);
        const m = bed.frame(cutAt(concat(frame, new Uint8Array(padding)), cuts));
        const pieces = it.of(m, mtu);
        expect(pieces.map((piece) => bed.bytes(piece))).toEqual(
          expected.length === 1 ? [] : expected.map((datagram) => concat(head, datagram)),
        );
        if (pieces.length > 0 && (fragment & 0x3fff) === 0) {
          const datagrams = pieces.map((piece) => bed.bytes(piece).subarray(head.length));
          expect(reassemble(datagrams.reverse())).toEqual(ip.bytes);
        }
        for (const piece of pieces) bed.free(piece);
        bed.free(m);
        expect(bed.census()).toEqual({ free: bed.mbufs, held: 0, doubles: 0 });
      }),
      400,
    );
  });

  test("fragments of fragments make up the datagram, too", async () => {
    const it = await fragmentBed(build);
    const { bed } = it;
    const ip = f.ipv4(f.udp(counting(1400)), { fragment: 0, options: OPTIONS });
    const m = bed.frame(f.ethernet(ip));
    const pieces = it.of(m, 500);
    const smaller = pieces.map((piece) => it.of(piece, 130));
    // The last one has 24 bytes: it fits as it is.
    expect(smaller.map((list) => list.length)).toEqual([5, 5, 5, 0]);
    smaller[3] = pieces.slice(3);
    const datagrams = smaller.flat().map((piece) => bed.bytes(piece).subarray(14));
    expect(reassemble(datagrams)).toEqual(ip.bytes);
    expect(datagrams.map((datagram) => datagram.length).every((length) => length <= 130)).toBe(true);
  });

  test("options: all in the first fragment, the copied ones in the others, and padded", async () => {
    const it = await fragmentBed(build);
    const { bed } = it;
    const m = bed.frame(f.ethernet(f.ipv4(f.udp(counting(300)), { fragment: 0, options: OPTIONS })));
    const headers = it.of(m, 140).map((piece) => {
      const bytes = bed.bytes(piece);
      return [...bytes.subarray(14 + 20, 14 + ((bytes[14] as number) % 16) * 4)];
    });
    const copied = [0x89, 7, 4, 192, 0, 2, 9, 0x94, 4, 0, 0, 0];
    expect(headers).toEqual([OPTIONS, copied, copied]);
  });

  test("fragments carry the frame's port, timestamp and VNI, and parse", async () => {
    const it = await fragmentBed(build);
    const { bed } = it;
    const m = bed.frame(f.ethernet(f.ipv4(f.udp(counting(900)), { fragment: 0 }), { tags: [{ tci: 7 }] }));
    bed.arena.u16[(m + layout.MBUF_PORT) >> 1] = 5;
    bed.arena.u64[(m + layout.MBUF_TIMESTAMP_NS) >> 3] = 0x0123_4567_89ab_cdefn;
    bed.poke32(m + layout.MBUF_VNI, 0x654321);
    const pieces = it.of(m, 400);
    expect(pieces.length).toBe(3);
    for (const [i, piece] of pieces.entries()) {
      expect(bed.u16(piece + layout.MBUF_PORT)).toBe(5);
      expect(bed.u64(piece + layout.MBUF_TIMESTAMP_NS)).toBe(0x0123_4567_89ab_cdefn);
      expect(bed.u32(piece + layout.MBUF_VNI)).toBe(0x654321);
      expect(bed.u32(piece + layout.MBUF_WIRE_LEN)).toBe(bed.bytes(piece).length);
      expect(bed.u32(piece + layout.MBUF_PKT_LEN)).toBe(bed.bytes(piece).length);
      const { flags, cause } = parseFrame(bed, piece);
      const fragment = layout.FLAG_FRAGMENT | (i === 0 ? layout.FLAG_UDP : layout.FLAG_LATER_FRAGMENT);
      expect([cause, flags]).toEqual([layout.OK, layout.FLAG_IPV4 | layout.FLAG_VLAN | fragment]);
    }
    // Copies: the frame goes, they stay.
    bed.free(m);
    expect(bed.census(...pieces)).toEqual({ free: bed.mbufs - 3, held: 3, doubles: 0 });
  });

  test("fragments longer than a buffer are chains, in fresh mbufs of any length", async () => {
    const it = await fragmentBed(build, { headroomBytes: 32, bufBytes: 132 });
    const { bed } = it;
    const ip = f.ipv4(f.udp(counting(1100)), { fragment: 0 });
    const m = bed.frame(cutAt(f.ethernet(ip), [80, 180, 250, 350, 450, 550, 650, 750, 850, 950, 1050]));
    const pieces = it.of(m, 580);
    const lengths = pieces.map((piece) => bed.segments(piece).map((s) => bed.u32(s + layout.MBUF_LEN)));
    expect(lengths).toEqual([
      [100, 100, 100, 100, 100, 94],
      [100, 100, 100, 100, 100, 82],
    ]);
    expect(pieces.map((piece) => bed.u16(piece + layout.MBUF_SEGMENTS))).toEqual([6, 6]);
    expect(reassemble(pieces.map((piece) => bed.bytes(piece).subarray(14)))).toEqual(ip.bytes);
    expect(bed.census(m, ...pieces)).toEqual({ free: bed.mbufs - 24, held: 24, doubles: 0 });
  });

  test("what cannot be fragmented stays as it is", async () => {
    const it = await fragmentBed(build);
    const [udp, payload] = [f.udp(counting(600)), f.raw(253, counting(600))];
    const whole = f.ethernet(f.ipv4(udp, { fragment: 0 }));
    it.refuses(f.ethernet(f.ipv4(udp, { fragment: 0x4000 })), 400);
    it.refuses(f.ethernet(f.ipv6(udp)), 400);
    it.refuses(f.ethernet(f.layer3(0x88b5, counting(600))), 400);
    // It fits, also with what Ethernet padded.
    it.refuses(whole, 628);
    it.refuses(concat(whole, new Uint8Array(9)), 628);
    // Not all here.
    it.refuses(whole.subarray(0, 500), 400, whole.length);
    // The last byte has no place in a datagram; nor have the pieces of one that is longer than its length field can say.
    it.refuses(f.ethernet(f.ipv4(payload, { fragment: 0x1fb6 })), 400);
    it.refuses(f.ethernet(f.ipv4(payload, { fragment: 0x1fff })), 400);
    it.refuses(f.ethernet(f.ipv4(payload, { fragment: 0, totalLength: 0 })), 400, 70_000);
    // A wrong checksum must not become a right one.
    it.refuses(patched(whole, 14 + 8, 63), 400);
    // Options without sense: one that runs over the end, one without a length, one shorter than its head.
    for (const options of [
      [0x83, 9, 4, 0],
      [1, 1, 1, 0x83],
      [0x83, 1, 0, 0],
    ]) {
      it.refuses(f.ethernet(f.ipv4(udp, { fragment: 0, options })), 400);
    }
  });

  test("the edges: the last place of a datagram, 8 bytes a fragment, the most fragments", async () => {
    const it = await fragmentBed(build);
    const { bed } = it;
    // Offset 0x1fb4 * 8 = 64928 and 607 bytes end at 65535.
    const last = bed.frame(f.ethernet(f.ipv4(f.raw(253, counting(607)), { fragment: 0x1fb4 })));
    expect(it.of(last, 400).length).toBe(2);
    const small = bed.frame(f.ethernet(f.ipv4(f.raw(253, counting(24)), { fragment: 0 })));
    expect(it.of(small, 27)).toEqual([]);
    expect(it.of(small, 28).map((piece) => bed.bytes(piece).length)).toEqual([42, 42, 42]);
    const many = await fragmentBed(build);
    const datagram = (payload: number) => f.ethernet(f.ipv4(f.raw(253, counting(payload)), { fragment: 0 }));
    many.refuses(datagram(layout.FRAGMENTS_MAX * 16 + 1), 36);
    const most = many.bed.frame(datagram(layout.FRAGMENTS_MAX * 16));
    expect(many.of(most, 36).length).toBe(layout.FRAGMENTS_MAX);
  });

  test("too few mbufs: none is taken, and it is counted", async () => {
    const it = await fragmentBed(build, { mbufs: 4 });
    const { bed } = it;
    const frame = f.ethernet(f.ipv4(f.raw(253, counting(1200)), { fragment: 0 }));
    it.refuses(frame, 400);
    expect(bed.u64(bed.pool + layout.POOL_EMPTY)).toBe(1n);
    const m = bed.frame(frame);
    expect(it.of(m, 420).length).toBe(3);
    expect(bed.u32(bed.pool + layout.POOL_FREE_COUNT)).toBe(0);
  });

  test("buffers that do not hold the headers make no fragments", async () => {
    const it = await fragmentBed(build, { headroomBytes: 32, bufBytes: 32 + 33 });
    const frame = f.ethernet(f.ipv4(f.raw(253, counting(80)), { fragment: 0 }));
    const { bed } = it;
    // The frame itself has its headers in the first buffer: they reach into the headroom.
    const m = bed.frame([frame.subarray(8, 34), frame.subarray(34, 64), frame.subarray(64, 94), frame.subarray(94)]);
    const at = bed.kernels.prepend(m, 8);
    bed.arena.u8.set(frame.subarray(0, 8), at);
    expect(it.of(m, 60)).toEqual([]);
    expect(bed.census(m).held).toBe(4);
  });
});

test("the twin: RFC 791's fragments have right checksums, and the RFC's own example", () => {
  // RFC 791 page 36, example 2 and 3: 472 bytes of data, of which 256 fit a fragment (MTU 280).
  const data = f.raw(6, counting(452));
  const datagram = f.ipv4(data, {
    fragment: 0,
    identification: 111,
    ttl: 123,
    src: [1, 2, 3, 4],
    dst: [5, 6, 7, 8],
  }).bytes;
  const pieces = fragments(datagram, 280);
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset);
  expect(pieces.map((piece) => [view(piece).getUint16(2), view(piece).getUint16(6)])).toEqual([
    [276, 0x2000],
    [216, 32],
  ]);
  for (const piece of pieces) expect(internetChecksum(piece.subarray(0, 20))).toBe(0);
  expect(reassemble(pieces.slice(1))).toBeUndefined();
});
