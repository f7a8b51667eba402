import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { anyFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { counting, hex, patched, u16 } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { hasherOn } from "../../helpers/hasher.js";
import { holds, Random } from "../../helpers/property.js";
import { layer34 } from "../../model/layer34.js";

const BURST = 64;
const PORTS = { sport: 40000, dport: 5353 };
const datagram = f.udp(counting(40), PORTS);

/**
 * Frames and their hashes worked out by hand after Documentation/networking/bonding.rst, all in memory order: 10.0.0.1 is
 * 0x0100000a and 10.0.0.2 is 0x0200000a, so both together are x = 0x03000000.
 */
const BY_HAND: readonly [what: string, frame: Uint8Array, hash: number][] = [
  // Ports c3 50 01 bb: x = 0x03000000 ^ 0xbb0150c3 = 0xb80150c3; ^ 0x0000b801 = 0xb801e8c2; ^ 0x00b801e8 = 0xb8b9e92a; >> 1.
  ["TCP 10.0.0.1:50000 to 10.0.0.2:443", f.ethernet(f.ipv4(f.tcp(counting(9)))), 0x5c5cf495],
  // No ports: x = 0x03000000; ^ 0x00000300 = 0x03000300; ^ 0x00030003 = 0x03030303; >> 1.
  ["a first fragment", f.ethernet(f.ipv4(f.slice(datagram, 0, 32), { fragment: 0x2000 })), 0x01818181],
  ["a later fragment", f.ethernet(f.ipv4(f.slice(datagram, 32), { fragment: 4 })), 0x01818181],
  ["IGMP", f.ethernet(f.ipv4(f.raw(2, counting(8)))), 0x01818181],
  // Type 8, code 0, identifier 77: x = 0x03000000 ^ 0x004d0008; ^ 0x0000034d = 0x034d0345; ^ 0x00034d03 = 0x034e4e46; >> 1.
  ["an ICMP echo request", f.ethernet(f.ipv4(f.icmp(counting(20)))), 0x01a72723],
  // Identifier 0 counts as 1: 0x03010008; ^ 0x00000301 = 0x03010309; ^ 0x00030103 = 0x0302020a; >> 1.
  ["an echo request without identifier", f.ethernet(f.ipv4(f.raw(1, hex("0800 0000 0000 0001")))), 0x01810105],
  // Last bytes of the MAC addresses 02 and 01: 0x02 ^ 0x01 ^ 0x0806.
  ["ARP", f.ethernet(f.arp()), 0x0805],
  // fd00::a:…:1 and fd00::b:…:2 leave 0x0a000000 ^ 0x0b000000 ^ 0x01000000 ^ 0x02000000 = 0x02000000; ports 9c 40 14 e9:
  // x = 0xeb14409c; ^ 0x0000eb14 = 0xeb14ab88; ^ 0x00eb14ab = 0xebffbf23; >> 1.
  ["UDP over IPv6", f.ethernet(f.ipv6(datagram)), 0x75ffdf91],
  // Behind an extension header no ports: 0x02000000; ^ 0x00000200 = 0x02000200; ^ 0x00020002 = 0x02020202; >> 1.
  ["UDP behind IPv6 hop-by-hop options", f.ethernet(f.ipv6(f.extension(0, [0, 0, 0, 0, 0, 0], datagram))), 0x01010101],
];

describe.each(BUILDS)("the layer3+4 hash (%s build)", (build) => {
  let bed: Bed;
  let out: number;
  let hasher: number;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: BURST + 8, bufBytes: 704 });
    out = bed.arena.take(BURST * 4 + 64);
    hasher = hasherOn(bed, { policy: "layer3+4" });
  });

  function parsed(frame: Uint8Array | readonly Uint8Array[], wire?: number): number {
    const m = bed.frame(frame, wire);
    bed.kernels.parseBurst(bed.listOf(m), 1);
    return m;
  }

  function hash(frame: Uint8Array | readonly Uint8Array[], wire?: number): number {
    const m = parsed(frame, wire);
    const before = bed.recordsOf(m);
    const [value = 0] = burst([m]);
    expect(bed.recordsOf(m)).toEqual(before);
    bed.free(m);
    return value;
  }

  function burst(list: readonly number[], members?: number): number[] {
    bed.view(out, BURST * 4 + 64).fill(UNTOUCHED);
    if (members === undefined) bed.kernels.hashBurst(hasher, bed.listOf(...list), out, list.length);
    else bed.kernels.pickBurst(hasher, bed.listOf(...list), members, out, list.length);
    expect(bed.view(out + list.length * 4, 64).every((byte) => byte === UNTOUCHED)).toBe(true);
    return list.map((_, i) => bed.u32(out + i * 4));
  }

  test.each(BY_HAND)("by hand: %s", (_, frame, expected) => {
    expect(hash(frame)).toBe(expected);
    expect(layer34(frame)).toBe(expected);
  });

  test("is its twin on any frame", () => {
    holds(
      fc.property(anyFrame(), ({ data, wire }) => {
        expect(hash(data, wire)).toBe(layer34(data));
      }),
      3000,
    );
  });

  test("is its twin on every transport, whole and cut short at every byte", () => {
    const protocols = [0, 1, 6, 17, 33, 47, 50, 51, 58, 132, 136];
    for (const protocol of protocols) {
      for (const first of [0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 128, 129, 130]) {
        const inside = f.raw(protocol, patched(counting(60, 0x45), 0, first));
        for (const layer3 of [f.ipv4(inside), f.ipv4(inside, { options: [1, 1, 1, 1] }), f.ipv6(inside)]) {
          const frame = f.ethernet(layer3);
          expect(hash(frame), `protocol ${protocol}, first byte ${first}`).toBe(layer34(frame));
        }
      }
    }
    const frame = f.ethernet(f.ipv4(f.tcp(counting(3))), { tags: [{ tci: 5 }] });
    for (let here = 1; here <= frame.length; here++) {
      const head = frame.subarray(0, here);
      expect(hash(head, frame.length), `cut at ${here}`).toBe(layer34(head));
      expect(hash([head, frame.subarray(here)]), `split at ${here}`).toBe(layer34(head));
    }
  });

  test("one tag is not seen; behind two, nothing is", () => {
    const plain = f.ipv4(f.tcp(counting(9)));
    const bare = hash(f.ethernet(plain));
    expect(hash(f.ethernet(plain, { tags: [{ tci: 7 }] }))).toBe(bare);
    expect(hash(f.ethernet(plain, { tags: [{ tpid: 0x88a8, tci: 7 }] }))).toBe(bare);
    // 0x02 ^ 0x01 ^ the type behind the first tag
    expect(hash(f.ethernet(plain, { tags: [{ tpid: 0x88a8, tci: 7 }, { tci: 8 }] }))).toBe(0x8103);
    // A tag type that the kernel does not know: a type like any other.
    expect(hash(f.ethernet(plain, { tags: [{ tpid: 0x9100, tci: 7 }] }))).toBe(0x9103);
  });

  test("an ICMP error goes the way of the datagram that it quotes", () => {
    const random = new Random();
    for (let i = 0; i < 50; i++) {
      const o = { src: random.bytes(4), dst: random.bytes(4) };
      const inner = f.ipv4(f.tcp(counting(4), { sport: random.below(65536) }), o);
      for (const type of [3, 4, 5, 11, 12]) {
        const error = f.raw(1, Uint8Array.from([type, 0, 0, 0, 0, 0, 0, 0, ...inner.bytes.subarray(0, 28)]));
        expect(hash(f.ethernet(f.ipv4(error)))).toBe(hash(f.ethernet(inner)));
      }
      const inner6 = f.ipv6(f.udp(counting(4), { dport: random.below(65536) }));
      for (const type of [1, 2, 3, 4]) {
        const error = f.raw(58, Uint8Array.from([type, 0, 0, 0, 0, 0, 0, 0, ...inner6.bytes.subarray(0, 48)]));
        expect(hash(f.ethernet(f.ipv6(error, { src: f.IPV6_B, dst: random.bytes(16) })))).toBe(
          hash(f.ethernet(inner6)),
        );
      }
    }
  });

  test("a burst of frames of all kinds is each on its own, and picks by the remainder", () => {
    const frames = fc.array(anyFrame(), { minLength: 1, maxLength: BURST });
    const members = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 65536 }));
    holds(
      fc.property(frames, members, (list, count) => {
        const mbufs = list.map(({ data, wire }) => parsed(data, wire));
        const hashes = list.map(({ data }) => layer34(data));
        expect(burst(mbufs)).toEqual(hashes);
        expect(burst(mbufs, count)).toEqual(hashes.map((value) => value % count));
        for (const m of mbufs) bed.free(m);
      }),
      60,
    );
  });

  test("picks by the remainder for every number of members, at the edges of the hash", () => {
    // Of a frame that is not IP the hash is a 16-bit number at will; of TCP it is any number, its highest too.
    const highest = f.ethernet(f.ipv4(f.tcp([]), { src: [0, 0, 0, 0], dst: [0, 0, 0, 0] }));
    const ports = (a: number, b: number) => patched(highest, 34, ...u16(a), ...u16(b));
    const list = [
      // Bytes ff 00 00 ff are x = 0xff0000ff; ^ 0x0000ff00 = 0xff00ffff; ^ 0x00ff00ff = 0xffffff00; >> 1 = 0x7fffff80.
      ports(0xff00, 0x00ff),
      // Bytes 00 00 00 ff: x = 0xff000000; ^ 0x0000ff00; ^ 0x00ff00ff = 0xffffffff; >> 1 = 0x7fffffff.
      ports(0x0000, 0x00ff),
      ports(0, 0),
      ports(0x1234, 0x5678),
      f.ethernet(f.layer3(0x88b5, counting(4))),
    ].map((frame) => parsed(frame));
    const hashes = burst(list);
    expect(hashes.slice(0, 3)).toEqual([0x7fffff80, 0x7fffffff, 0]);
    const counts = [
      ...Array.from({ length: 300 }, (_, i) => i + 1),
      1023,
      1024,
      1025,
      65535,
      65536,
      2 ** 31 - 1,
      2 ** 31,
    ];
    for (const count of counts) {
      expect(burst(list, count), `${count} members`).toEqual(hashes.map((value) => value % count));
    }
    for (const m of list) bed.free(m);
  });

  test("an empty burst writes nothing", () => {
    expect(burst([])).toEqual([]);
    expect(burst([], 3)).toEqual([]);
  });
});
