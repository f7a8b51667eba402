import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import * as f from "../../helpers/frames.js";
import { Random } from "../../helpers/property.js";
import { OUTER_V4, writeTunnel } from "../../helpers/tunnels.js";
import type { Outer } from "../../model/encapsulation.js";

/** The outer source port carries the inner flow's entropy (RFC 7348 section 4.1). */
describe("the outer source port", () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed("release", { mbufs: 4 });
  });

  function portOf(frame: Uint8Array, outer: Outer = OUTER_V4): number {
    const tunnel = writeTunnel(bed, outer, bed.list + 64);
    const m = bed.frame(frame);
    bed.kernels.encapBurst(bed.listOf(m), 1, tunnel);
    expect(bed.u16(m + layout.MBUF_CAUSE)).toBe(layout.OK);
    const bytes = bed.bytes(m);
    bed.free(m);
    return ((bytes[34] as number) << 8) | (bytes[35] as number);
  }

  test("is one for all frames of a flow, whatever else differs", () => {
    const ports = [1, 50, 700].flatMap((length) =>
      [
        { ttl: 64, identification: 1 },
        { ttl: 63, identification: 2 },
      ].map((ip) => portOf(f.ethernet(f.ipv4(f.tcp(counting(length), { sport: 1234, dport: 80 }), ip)))),
    );
    expect(new Set(ports).size).toBe(1);
  });

  test("differs over flows, and fills the range evenly", () => {
    const random = new Random();
    const counts = new Array<number>(16).fill(0);
    const flows = 16_000;
    for (let i = 0; i < flows; i++) {
      const ports = { sport: random.between(1024, 65535), dport: 443 };
      const src = [10, random.below(256), random.below(256), random.below(256)];
      const port = portOf(f.ethernet(f.ipv4(f.tcp([1, 2, 3], ports), { src })));
      expect(port).toBeGreaterThanOrEqual(49152);
      const bucket = (port - 49152) >> 10;
      counts[bucket] = (counts[bucket] as number) + 1;
    }
    // 1000 a bucket is expected, with a standard deviation of 31: six of them is once in a billion.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(190);
  });

  test("differs by each number of the five that make a flow", () => {
    const base = { src: [10, 0, 0, 1], dst: [10, 0, 0, 2], sport: 1000, dport: 2000 };
    const flows = [
      base,
      { ...base, src: [10, 0, 0, 3] },
      { ...base, dst: [10, 0, 0, 3] },
      { ...base, sport: 1001 },
      { ...base, dport: 2001 },
      { ...base, sport: 2000, dport: 1000 },
    ];
    const ports = flows.map(({ src, dst, ...ports }) => portOf(f.ethernet(f.ipv4(f.tcp([7], ports), { src, dst }))));
    ports.push(portOf(f.ethernet(f.ipv4(f.udp([7], { sport: 1000, dport: 2000 }), { src: base.src, dst: base.dst }))));
    expect(new Set(ports).size).toBe(7);
  });

  test.each([
    [[50000, 50000], 1],
    [[50000, 50001], 2],
    [[1, 3], 3],
    [[65533, 65535], 3],
  ] as const)("stays in the range %j and reaches both ends", (sourcePorts, size) => {
    const seen = new Set<number>();
    for (let sport = 1; sport <= 100; sport++) {
      seen.add(portOf(f.ethernet(f.ipv4(f.udp([5], { sport }))), { ...OUTER_V4, sourcePorts: [...sourcePorts] }));
    }
    expect([Math.min(...seen), Math.max(...seen), seen.size]).toEqual([...sourcePorts, size]);
  });
});
