/** MSS clamping: against a twin, and by what receivers make of it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat, counting, patched, u16 } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { parseFrame } from "../../helpers/parsed.js";
import { holds } from "../../helpers/property.js";
import { clampMss } from "../../model/mss.js";

const SYN = 0x02;
const ACK = 0x10;
/** What a Linux host asks for in Ethernet: MSS 1460, SACK, timestamps, no-operation, window scale. */
const LINUX = [2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7];

/** A segment with flags and options, its checksum right. */
function segment(options: readonly number[], flags = SYN, payload = 0): f.Layer4 {
  const padded = [...options, ...Array.from({ length: (4 - (options.length % 4)) % 4 }, () => 0)];
  return {
    protocol: 6,
    build: (src, dst) => {
      const plain = f.tcp(counting(payload), { options: padded, checksum: 0 }).build(src, dst);
      const bytes = patched(plain, 13, flags);
      return f.checksummed(6, bytes, 16).build(src, dst);
    },
  };
}

/** Clamps the frame in one mbuf, or in several. */
function clamped(bed: Bed, frame: Uint8Array | readonly Uint8Array[], mtu: number): { bytes: Uint8Array; n: number } {
  const m = bed.frame(frame);
  parseFrame(bed, m);
  const records = bed.recordsOf(m);
  const n = bed.kernels.clampMssBurst(bed.listOf(m), 1, mtu);
  expect(bed.recordsOf(m)).toEqual(records);
  const bytes = bed.bytes(m);
  bed.free(m);
  return { bytes, n };
}

describe.each(BUILDS)("MSS clamping (%s build)", (build) => {
  test("a Linux host's SYN over VXLAN's 1450: 1410, and 1390 over IPv6; checksums as a sender would compute them", async () => {
    const bed = await makeBed(build);
    const with1410 = [2, 4, ...u16(1410), ...LINUX.slice(4)];
    const with1390 = [2, 4, ...u16(1390), ...LINUX.slice(4)];
    for (const flags of [SYN, SYN | ACK]) {
      const v4 = (options: number[]) => f.ethernet(f.ipv4(segment(options, flags)));
      const v6 = (options: number[]) => f.ethernet(f.ipv6(segment(options, flags)), { tags: [{ tci: 7 }] });
      expect(clamped(bed, v4(LINUX), 1450)).toEqual({ bytes: v4(with1410), n: 1 });
      expect(clamped(bed, v6(LINUX), 1450)).toEqual({ bytes: v6(with1390), n: 1 });
      // 1460 fits 1500.
      expect(clamped(bed, v4(LINUX), 1500)).toEqual({ bytes: v4(LINUX), n: 0 });
      expect(clamped(bed, v4(LINUX), 1499).n).toBe(1);
    }
  });

  test("what is no SYN, no TCP or has no option stays as it is", async () => {
    const bed = await makeBed(build);
    const frames = [
      f.ethernet(f.ipv4(segment(LINUX, ACK))),
      f.ethernet(f.ipv4(segment([]))),
      f.ethernet(f.ipv4(segment([4, 2, 1, 1]))),
      f.ethernet(f.ipv4(f.udp(concat([0, 0, 0, 0], new Uint8Array(40).fill(2))))),
      f.ethernet(f.ipv4(f.slice(segment(LINUX), 8), { fragment: 0x0001 })),
      f.ethernet(f.arp()),
      // Behind the options there is payload, which looks like one.
      f.ethernet(f.ipv4(f.raw(6, concat(segment([1, 1, 1, 1]).build(counting(4), counting(4)), LINUX)))),
    ];
    for (const frame of frames) expect(clamped(bed, frame, 600)).toEqual({ bytes: frame, n: 0 });
  });

  test("malformed options, and an MSS option of another length, stay as they are", async () => {
    const bed = await makeBed(build);
    for (const options of [
      [2, 0, 5, 0xb4],
      [2, 1, 5, 0xb4],
      [2, 3, 5, 0xb4],
      [2, 5, 5, 0xb4, 0],
      [2, 6, 5, 0xb4, 5, 0xb4],
      [2, 40, 5, 0xb4],
      [8, 9, 2, 4, 5, 0xb4],
      [1, 1, 1, 2],
      // Behind the end of options.
      [0, 1, 1, 1, 2, 4, 5, 0xb4],
    ]) {
      const frame = f.ethernet(f.ipv4(segment(options)));
      expect(clamped(bed, frame, 600), `options ${options}`).toEqual({ bytes: frame, n: 0 });
    }
  });

  test("an MTU that no headers fit changes nothing", async () => {
    const bed = await makeBed(build);
    for (const ip of [f.ipv4(segment(LINUX)), f.ipv6(segment(LINUX))]) {
      const frame = f.ethernet(ip);
      expect(clamped(bed, frame, 40)).toEqual({ bytes: frame, n: 0 });
    }
    expect(clamped(bed, f.ethernet(f.ipv4(segment(LINUX))), 41).n).toBe(1);
  });

  test("only what is in the head segment is read; a SYN that a fragment cuts is read as far as it is there", async () => {
    const bed = await makeBed(build);
    const frame = f.ethernet(f.ipv4(segment(LINUX)));
    for (const cut of [54, 55, 57, 58, 60]) {
      const expected = clampMss(frame, 1450, cut);
      const { bytes, n } = clamped(bed, [frame.subarray(0, cut), frame.subarray(cut)], 1450);
      expect([bytes, n], `cut at ${cut}`).toEqual([expected, cut >= 58 ? 1 : 0]);
    }
    const first = f.ethernet(f.ipv4(f.slice(segment(LINUX), 0, 24), { fragment: 0x2000 }));
    expect(clamped(bed, first, 1450)).toEqual({ bytes: first, n: 0 });
  });

  test("a burst: as many as were changed", async () => {
    const bed = await makeBed(build);
    const frames = [segment(LINUX), segment(LINUX, ACK), segment([2, 4, 1, 0]), segment(LINUX)];
    const mbufs = frames.map((inside) => bed.frame(f.ethernet(f.ipv4(inside))));
    for (const m of mbufs) parseFrame(bed, m);
    expect(bed.kernels.clampMssBurst(bed.listOf(...mbufs), 4, 1450)).toBe(2);
    expect(bed.kernels.clampMssBurst(bed.listOf(...mbufs), 4, 1450)).toBe(0);
    for (const m of mbufs) bed.free(m);
  });

  test("any options at any place: the twin's bytes, and checksums that hold", async () => {
    const bed = await makeBed(build);
    const mss = fc.tuple(fc.nat(255), fc.nat(255)).map((value) => [2, 4, ...value]);
    const option = fc.oneof(
      fc.constant([1]),
      mss,
      mss,
      fc.constantFrom([3, 3, 7], [4, 2], [8, 10, 1, 2, 3, 4, 5, 6, 7, 8], [0], [2, 3, 9], [9, 1], [77, 30, 1]),
    );
    const arbitrary = fc.record({
      options: fc.array(option, { maxLength: 9 }).map((list) => list.flat().slice(0, 40)),
      flags: fc.constantFrom(SYN, SYN, SYN, SYN | ACK, ACK, 0xc2),
      version: fc.constantFrom(4, 6),
      payload: fc.nat(9),
      mtu: fc.integer({ min: 30, max: 9000 }),
    });
    holds(
      fc.property(arbitrary, ({ options, flags, version, payload, mtu }) => {
        const inside = segment(options, flags, payload);
        const frame = f.ethernet(version === 4 ? f.ipv4(inside) : f.ipv6(inside));
        const { bytes } = clamped(bed, frame, mtu);
        expect(bytes).toEqual(clampMss(frame, mtu));
        const at = 14 + (version === 4 ? 20 : 40);
        const again = f.checksummed(6, bytes.subarray(at), 16);
        const whole = version === 4 ? f.ipv4(again) : f.ipv6(again);
        expect(bytes).toEqual(f.ethernet(whole));
      }),
      500,
    );
  });

  test("mutated SYNs: the twin's bytes", async () => {
    const bed = await makeBed(build);
    const frame = f.ethernet(f.ipv4(segment(LINUX)));
    holds(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 46, max: 73 }), fc.nat(255)), { maxLength: 4 }), (changes) => {
        const mutant = frame.slice();
        for (const [at, value] of changes) mutant[at] = value;
        const m = bed.frame(mutant);
        if (parseFrame(bed, m).cause === layout.OK) {
          bed.kernels.clampMssBurst(bed.listOf(m), 1, 1450);
          expect(bed.bytes(m)).toEqual(clampMss(mutant, 1450));
        }
        bed.free(m);
      }),
      build === "debug" ? 1000 : 5000,
    );
  });
});
