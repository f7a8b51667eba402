/** Linux bonding's hashes by hand, as published, and as they were once. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { bondingFrames } from "../../helpers/bonding-vectors.js";
import { counting, patched } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { HASHER_BYTES, hasherOn } from "../../helpers/hasher.js";
import { Random } from "../../helpers/property.js";
import { BONDING_POLICIES, type BondingPolicy, bonding, RELEASES, releaseNamed } from "../../model/bonding.js";
import { BONDING_FRAMES } from "../../vectors/bonding-frames.js";

/** By frame, policy and generation; a hash holds until the next generation that is named. */
type Vectors = Record<string, Record<BondingPolicy, Record<string, string>>>;

/**
 * Made by the twin (test/model/bonding.ts) and frozen: 29 made frames and 17 of the example captures under every policy and generation.
 * Those of BY_HAND below are among them and agree.
 */
const VECTORS: Vectors = JSON.parse(readFileSync(new URL("../../vectors/bonding.json", import.meta.url), "utf8"));

/**
 * Hashes worked out by hand after Documentation/networking/bonding.rst, all in memory order: 10.0.0.1 is 0x0100000a and 10.0.0.2 is
 * 0x0200000a, so both together are x = 0x03000000; the last bytes of the MAC addresses are 0x02 and 0x01.
 */
const BY_HAND: readonly [name: string, policy: BondingPolicy, generation: string, hash: number][] = [
  // Ports c3 50 01 bb: x = 0x03000000 ^ 0xbb0150c3 = 0xb80150c3; ^ 0x0000b801 = 0xb801e8c2; ^ 0x00b801e8 = 0xb8b9e92a; >> 1 = 0x5c5cf495.
  ["TCP", "layer3+4", "3.13", 0xb8b9e92a],
  ["TCP", "layer3+4", "4.11", 0xb8b9e92a],
  ["TCP", "layer3+4", "4.14", 0x5c5cf495],
  ["TCP", "layer3+4", "6.0", 0x5c5cf495],
  ["TCP", "encap3+4", "4.3", 0xb8b9e92a],
  ["TCP", "encap3+4", "5.18", 0x5c5cf495],
  // 0x02 ^ 0x01; with type 08 00 as 0x0008, then as 0x0800.
  ["TCP", "layer2", "3.13", 0x0003],
  ["TCP", "layer2", "3.17", 0x000b],
  ["TCP", "layer2", "5.12", 0x000b],
  ["TCP", "layer2", "5.15", 0x0803],
  // x = 0x0300000b; ^ 0x00000300 = 0x0300030b; ^ 0x00030003 = 0x03030308; >> 1 = 0x01818184.
  ["TCP", "layer2+3", "4.3", 0x03030308],
  ["TCP", "layer2+3", "4.14", 0x01818184],
  ["TCP", "layer2+3", "5.12", 0x01818184],
  // x = 0x03000803; ^ 0x00000300 = 0x03000b03; ^ 0x0003000b = 0x03030b08; >> 1 = 0x01818584.
  ["TCP", "layer2+3", "5.15", 0x01818584],
  ["TCP", "layer2+3", "5.18", 0x03030b08],
  ["TCP", "encap2+3", "6.0", 0x03030b08],
  // Source 02:00:00:00:0a:01: 0x020000 ^ 0x000a01.
  ["TCP", "vlan+srcmac", "5.12", 0x020a01],
  // And the tag's control field, priority included: 0x020a01 ^ 0xa007.
  ["one tag", "vlan+srcmac", "6.0", 0x02aa06],
  // The outer of two tags: 0x020a01 ^ 0x0064.
  ["two tags", "vlan+srcmac", "6.0", 0x020a65],
  // 0x03 ^ 0x8100, the type behind the first tag, and as 0x0081.
  ["two tags", "layer3+4", "5.18", 0x8103],
  ["two tags", "layer3+4", "4.3", 0x0082],
  // No ports: x = 0x03000000; ^ 0x00000300 = 0x03000300; ^ 0x00030003 = 0x03030303; >> 1 = 0x01818181.
  ["first fragment", "layer3+4", "4.3", 0x03030303],
  ["first fragment", "encap3+4", "5.5", 0x01818181],
  ["later fragment", "layer3+4", "6.0", 0x01818181],
  ["IGMP", "layer3+4", "5.5", 0x01818181],
  ["ICMP echo request", "layer3+4", "4.20", 0x01818181],
  // Type 8, code 0, identifier 00 4d: 0x4d000008 in memory order: x = 0x4e000008; ^ 0x00004e00 = 0x4e004e08; ^ 0x004e004e = 0x4e4e4e46; >> 1.
  ["ICMP echo request", "layer3+4", "5.5", 0x27272723],
  // As a number 0x004d0008: x = 0x034d0008; ^ 0x0000034d = 0x034d0345; ^ 0x00034d03 = 0x034e4e46; >> 1.
  ["ICMP echo request", "layer3+4", "5.12", 0x01a72723],
  ["ICMP echo request", "encap3+4", "6.0", 0x01a72723],
  // Identifier 0 counts as 1: 0x03010008; ^ 0x00000301 = 0x03010309; ^ 0x00030103 = 0x0302020a; >> 1.
  ["ICMP echo request without identifier", "layer3+4", "5.12", 0x01810105],
  // What is quoted: 192.168.1.7 and 192.168.2.9 are 0x0701a8c0 ^ 0x0902a8c0 = 0x0e030000, ports 80 e8 00 50 are 0x5000e880: x = 0x5e03e880;
  // ^ 0x00005e03 = 0x5e03b683; ^ 0x005e03b6 = 0x5e5db535; >> 1 = 0x2f2eda9a.
  ["ICMP unreachable, quoting TCP", "layer3+4", "5.5", 0x2f2eda9a],
  ["ICMP unreachable, quoting TCP", "layer3+4", "4.20", 0x01818181],
  // The dissector does not look at quotes.
  ["ICMP unreachable, quoting TCP", "encap3+4", "5.5", 0x01818181],
  // The same flow behind headers that only the dissector knows.
  ["IP in IP", "encap3+4", "5.18", 0x2f2eda9a],
  ["GRE with IP", "encap3+4", "3.13", 0x5e5db535],
  ["GRE with Ethernet", "encap3+4", "4.14", 0x2f2eda9a],
  ["PPTP", "encap3+4", "4.3", 0x03030303],
  ["PPTP", "encap3+4", "4.11", 0x5e5db535],
  ["PPPoE", "encap3+4", "3.13", 0x5e5db535],
  ["two tags", "encap3+4", "6.0", 0x2f2eda9a],
  ["PPPoE with a short protocol field", "encap3+4", "6.0", 0x2f2eda9a],
  // 0x03 ^ 0x8864: it is no header that 5.18 knows.
  ["PPPoE with a short protocol field", "encap3+4", "5.18", 0x8867],
  // No addresses and no ports: 0 from when it is known; before 0x03 ^ 0x0608, ARP's type in memory order.
  ["ARP", "encap3+4", "4.11", 0],
  ["ARP", "encap3+4", "4.3", 0x060b],
  ["ARP", "layer3+4", "5.18", 0x0805],
  ["MPLS", "encap3+4", "4.3", 0],
  // fd00::a:…:1 and fd00::b:…:2 leave 0x0a000000 ^ 0x0b000000 ^ 0x01000000 ^ 0x02000000 = 0x02000000; ports 9c 40 14 e9: x = 0xeb14409c;
  // ^ 0x0000eb14 = 0xeb14ab88; ^ 0x00eb14ab = 0xebffbf23; >> 1 = 0x75ffdf91.
  ["UDP over IPv6 with a flow label", "layer3+4", "4.11", 0xebffbf23],
  ["UDP over IPv6 with a flow label", "layer3+4", "6.0", 0x75ffdf91],
  // Label 0x12345 stands as 00 01 23 45, which is 0x45230100: x = 0x47230100; ^ 0x00004723 = 0x47234623; ^ 0x00472346 = 0x47646565.
  ["UDP over IPv6 with a flow label", "encap3+4", "3.17", 0x47646565],
  ["UDP over IPv6 with a flow label", "encap3+4", "4.3", 0xebffbf23],
  // Behind an extension header no ports: 0x02000000; ^ 0x00000200 = 0x02000200; ^ 0x00020002 = 0x02020202; >> 1 = 0x01010101.
  ["hop-by-hop options before UDP", "layer3+4", "6.0", 0x01010101],
  ["hop-by-hop options before UDP", "encap3+4", "3.13", 0x02020202],
  ["hop-by-hop options before UDP", "encap3+4", "4.3", 0xebffbf23],
  ["first fragment over IPv6", "encap3+4", "4.14", 0x75ffdf91],
  ["first fragment over IPv6", "encap3+4", "4.20", 0x01010101],
];

/**
 * Commit 49aefd131739 ("bonding: do not discard lowest hash bit for non layer3+4 hashing") computes layer2+3 of IPv4 from 192.168.122.30,
 * xx:xx:xx:xx:xx:e3, to 192.168.122.1, …:a0 and …:a1, without and with the shift.
 */
const PUBLISHED: readonly [last: number, generation: string, hash: number][] = [
  [0xa0, "4.11", 522133332],
  [0xa1, "4.11", 522133333],
  [0xa0, "5.12", 261066666],
  [0xa1, "5.12", 261066666],
];

describe.each(BUILDS)("Linux bonding's hashes (%s build)", (build) => {
  let bed: Bed;
  const hashers = new Map<string, number>();
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 8, bufBytes: 1920, spareBytes: HASHER_BYTES * 80 });
  });

  function hash(frame: Uint8Array, policy: BondingPolicy, generation: string): number {
    const name = `${policy} ${generation}`;
    const hasher = hashers.get(name) ?? hasherOn(bed, { policy, generation });
    hashers.set(name, hasher);
    const m = bed.frame(frame);
    bed.kernels.parseBurst(bed.listOf(m), 1);
    bed.kernels.hashBurst(hasher, bed.listOf(m), bed.list + 4, 1);
    const value = bed.u32(bed.list + 4);
    expect(bonding(frame, policy, generation), "the twin").toBe(value);
    bed.free(m);
    return value;
  }

  test.each(BY_HAND)("by hand: %s, %s of %s", (name, policy, generation, expected) => {
    expect(hash(BONDING_FRAMES[name] as Uint8Array, policy, generation)).toBe(expected);
  });

  test.each(PUBLISHED)("as published: …:%i, %s", (last, generation, expected) => {
    const layer3 = f.ipv4(f.udp([]), { src: [192, 168, 122, 30], dst: [192, 168, 122, 1] });
    const frame = f.ethernet(layer3, { src: [2, 0, 0, 0, 0, 0xe3], dst: [2, 0, 0, 0, 0, last] });
    expect(hash(frame, "layer2+3", generation)).toBe(expected);
  });

  test.each(BONDING_POLICIES)("as they were: %s", async (policy) => {
    const frames = await bondingFrames();
    expect([...frames.keys()]).toEqual(Object.keys(VECTORS));
    for (const [name, frame] of frames) {
      let expected: string | undefined;
      for (const generation of RELEASES) {
        expected = VECTORS[name]?.[policy][generation] ?? expected;
        if (expected === undefined) continue;
        expect(hash(frame, policy, generation).toString(16).padStart(8, "0"), `${name}, ${generation}`).toBe(expected);
      }
    }
  });

  test("ICMP errors go the way of the datagram that they quote, from 5.5 on", () => {
    const random = new Random();
    const newer = RELEASES.filter((name) => releaseNamed(name)("5.5"));
    for (let i = 0; i < 40; i++) {
      const ends = { src: random.bytes(4), dst: random.bytes(4) };
      const inner = f.ipv4(f.tcp(counting(4), { sport: random.below(65536) }), ends);
      const inner6 = f.ipv6(f.udp(counting(4), { dport: random.below(65536) }));
      for (const generation of newer) {
        for (const policy of ["layer2+3", "layer3+4"] as const) {
          for (const type of [3, 4, 5, 11, 12]) {
            const error = f.raw(1, Uint8Array.from([type, 0, 0, 0, 0, 0, 0, 0, ...inner.bytes.subarray(0, 28)]));
            const way = hash(f.ethernet(inner), policy, generation);
            expect(hash(f.ethernet(f.ipv4(error)), policy, generation)).toBe(way);
          }
          const type = random.between(1, 4);
          const error = f.raw(58, Uint8Array.from([type, 0, 0, 0, 0, 0, 0, 0, ...inner6.bytes.subarray(0, 48)]));
          const way = hash(f.ethernet(inner6), policy, generation);
          expect(hash(f.ethernet(f.ipv6(error, { dst: random.bytes(16) })), policy, generation)).toBe(way);
        }
      }
    }
  });

  test("every transport, whole and cut short at every byte", () => {
    for (const protocol of [0, 1, 6, 17, 33, 47, 50, 51, 58, 132, 136]) {
      for (const first of [0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 128, 129, 130]) {
        const inside = f.raw(protocol, patched(counting(60, 0x45), 0, first));
        for (const layer3 of [f.ipv4(inside), f.ipv4(inside, { options: [1, 1, 1, 1] }), f.ipv6(inside)]) {
          hash(f.ethernet(layer3), "layer3+4", "5.18");
          hash(f.ethernet(layer3), "encap3+4", "6.0");
        }
      }
    }
    for (const frame of Object.values(BONDING_FRAMES)) {
      for (let here = 1; here < frame.length; here++) hash(frame.subarray(0, here), "encap3+4", "6.0");
    }
  });

  test("sixteen headers are looked at, and not one more", () => {
    const flow = f.ipv4(f.tcp(counting(9)));
    const tagged = (count: number) => f.ethernet(flow, { tags: Array.from({ length: count }, () => ({ tci: 1 })) });
    const whole = hash(tagged(0), "encap3+4", "6.0");
    // The first tag is not in the frame, as the kernel sees it, and the IPv4 header is the last of sixteen.
    expect(hash(tagged(16), "encap3+4", "6.0")).toBe(whole);
    expect(hash(tagged(17), "encap3+4", "6.0")).toBe(0);
  });
});
