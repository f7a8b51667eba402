/** Hashes of the innermost frame: as if it had come alone. */
import { beforeAll, describe, expect, test } from "vitest";
import { HASH_POLICIES, type HashOptions } from "../../../src/hash/options.js";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { type HashBed, makeHashBed } from "../../helpers/hash-bed.js";
import { geneve, gre } from "../../helpers/nested.js";

const MACS = { src: [2, 0x31, 0x32, 0x33, 0x34, 0x35], dst: [2, 0x41, 0x42, 0x43, 0x44, 0x45] };
const flow = f.ipv4(f.tcp(counting(8), { sport: 33000, dport: 80 }), { src: [192, 168, 1, 7], dst: [192, 168, 2, 9] });
const flow6 = f.ipv6(f.udp(counting(8), { sport: 33001, dport: 53 }));

/** Frames around a frame. */
const TUNNELS: Record<string, (frame: Uint8Array) => Uint8Array> = {
  "VXLAN over IPv4": (frame) => f.ethernet(f.ipv4(f.vxlan(42, frame))),
  "VXLAN over IPv6": (frame) => f.ethernet(f.ipv6(f.vxlan(42, frame))),
  "VXLAN behind tags": (frame) =>
    f.ethernet(f.ipv4(f.vxlan(42, frame)), { tags: [{ tpid: 0x88a8, tci: 1 }, { tci: 2 }] }),
  "VXLAN behind IPv4 options": (frame) => f.ethernet(f.ipv4(f.vxlan(42, frame), { options: [1, 1, 1, 1] })),
  "VXLAN behind an extension header": (frame) =>
    f.ethernet(f.ipv6(f.extension(60, [0, 0, 0, 0, 0, 0], f.vxlan(42, frame)))),
  Geneve: (frame) => f.ethernet(f.ipv4(geneve(0x6558, frame))),
  "Geneve with options": (frame) => f.ethernet(f.ipv6(geneve(0x6558, frame, 3))),
  GRE: (frame) => f.ethernet(f.ipv4(gre(0x6558, frame))),
  "GRE with checksum, key and sequence number": (frame) => f.ethernet(f.ipv6(gre(0x6558, frame, 0xb0))),
};

describe.each(BUILDS)("hashes of the innermost frame (%s build)", (build) => {
  let bed: HashBed;
  beforeAll(async () => {
    bed = await makeHashBed(build, 40);
  });

  const both = (options: HashOptions, wrapped: Uint8Array, alone: Uint8Array) => [
    bed.hash({ ...options, headers: "inner" }, wrapped),
    bed.hash(options, alone),
  ];

  describe.each(HASH_POLICIES)("%s", (policy) => {
    test.each(Object.keys(TUNNELS))("through %s", (name) => {
      for (const layer3 of [flow, flow6, f.arp()]) {
        for (const tags of [[], [{ tci: 0x6123 }]]) {
          const alone = f.ethernet(layer3, { ...MACS, tags });
          const [wrapped, expected] = both(
            { policy },
            (TUNNELS[name] as (frame: Uint8Array) => Uint8Array)(alone),
            alone,
          );
          expect(wrapped).toBe(expected);
        }
      }
    });

    test("a frame without a tunnel is its own innermost one", () => {
      for (const layer3 of [flow, flow6, f.arp()]) {
        const alone = f.ethernet(layer3, MACS);
        const [wrapped, expected] = both({ policy }, alone, alone);
        expect(wrapped).toBe(expected);
      }
    });

    test("four tunnels deep, not five", () => {
      const alone = f.ethernet(flow, MACS);
      const vxlan = TUNNELS["VXLAN over IPv4"] as (frame: Uint8Array) => Uint8Array;
      const within = (depth: number): Uint8Array => (depth === 0 ? alone : vxlan(within(depth - 1)));
      expect(bed.hash({ policy, headers: "inner" }, within(4))).toBe(bed.hash({ policy }, alone));
      expect(bed.hash({ policy, headers: "inner" }, within(5))).toBe(bed.hash({ policy }, within(1)));
    });

    test("where bare IP is carried, with the Ethernet header around it", () => {
      for (const layer3 of [flow, flow6]) {
        for (const tunnel of [gre(layer3.type, layer3.bytes, 0x20), geneve(layer3.type, layer3.bytes, 1)]) {
          const [wrapped, expected] = both({ policy }, f.ethernet(f.ipv4(tunnel), MACS), f.ethernet(layer3, MACS));
          expect(wrapped).toBe(expected);
        }
      }
    });

    test("behind all tags, by the one next to what is carried", () => {
      const tags = [{ tpid: 0x88a8, tci: 100 }, { tci: 0x6008 }];
      const [wrapped, expected] = both(
        { policy },
        f.ethernet(flow, { ...MACS, tags }),
        f.ethernet(flow, { ...MACS, tags: tags.slice(1) }),
      );
      expect(wrapped).toBe(expected);
    });
  });

  test("behind four tags, not five", () => {
    const tagged = (count: number) =>
      f.ethernet(flow, {
        ...MACS,
        tags: Array.from({ length: count }, (_, i) => ({ tpid: [0x9100, 0x88a8, 0x8100][i % 3] as number, tci: i })),
      });
    const hash = (frame: Uint8Array) => bed.hash({ policy: "layer3+4", headers: "inner" }, frame);
    expect(hash(tagged(4))).toBe(hash(tagged(0)));
    // The MAC addresses and the type of the fifth tag.
    expect(hash(tagged(5))).toBe(0x45 ^ 0x35 ^ 0x88a8);
  });

  test.each([
    ["a fragment", f.ethernet(f.ipv4(f.vxlan(42, f.ethernet(flow, MACS)), { fragment: 0x2000 }))],
    ["VXLAN without a valid VNI", f.ethernet(f.ipv4(f.vxlan(42, f.ethernet(flow, MACS), { flags: 0 })))],
    ["another UDP port", f.ethernet(f.ipv4(f.vxlan(42, f.ethernet(flow, MACS), { dport: 4790 })))],
    ["VXLAN with less than an Ethernet header", f.ethernet(f.ipv4(f.vxlan(42, counting(13))))],
    [
      "Geneve of another version",
      f.ethernet(f.ipv4(f.udp([0x40, 0, 0x65, 0x58, 0, 0, 0, 0, ...f.ethernet(flow, MACS)], { dport: 6081 }))),
    ],
    ["GRE with a source route", f.ethernet(f.ipv4(gre(0x0800, flow.bytes, 0x40)))],
    ["GRE of version 1", f.ethernet(f.ipv4(gre(0x0800, flow.bytes, 0, 1)))],
    ["GRE with MPLS", f.ethernet(f.ipv4(gre(0x8847, counting(40))))],
    ["IP in IP, which is no tunnel of these", f.ethernet(f.ipv4(f.raw(4, flow.bytes)))],
  ])("not into %s", (_, frame) => {
    for (const policy of HASH_POLICIES) {
      const [wrapped, expected] = both({ policy }, frame, frame);
      expect(wrapped, policy).toBe(expected);
    }
  });
});
