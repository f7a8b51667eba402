import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { anyFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { holds } from "../../helpers/property.js";
import { flowHash } from "../../model/hash.js";
import { parse } from "../../model/parse.js";

describe.each(BUILDS)("the flow hash (%s build)", (build) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 4, bufBytes: 704 });
  });

  function hash(frame: Uint8Array | readonly Uint8Array[], wire?: number): number {
    const m = bed.frame(frame, wire);
    bed.kernels.parseBurst(bed.listOf(m), 1);
    const value = bed.kernels.flowHash(m) >>> 0;
    expect(bed.u32(m + layout.MBUF_HASH)).toBe(value);
    bed.free(m);
    return value;
  }

  test("is its twin on any frame", () => {
    holds(
      fc.property(anyFrame(), ({ data, wire }) => {
        expect(hash(data, wire)).toBe(flowHash(data, parse(data, wire)));
      }),
      2000,
    );
  });

  test("all fragments of a datagram hash alike, over IPv4 and IPv6", () => {
    const whole = f.udp(counting(200), { sport: 4000, dport: 5000 });
    const parts = [
      [0, 64],
      [64, 128],
      [128, undefined],
    ] as const;
    const v4 = parts.map(([from, to]) => {
      const fragment = (to === undefined ? 0 : 0x2000) | (from / 8);
      return hash(f.ethernet(f.ipv4(f.slice(whole, from, to), { fragment })));
    });
    expect(new Set(v4).size).toBe(1);
    const v6 = parts.map(([from, to]) =>
      hash(f.ethernet(f.ipv6(f.fragment6(from / 8, to !== undefined, f.slice(whole, from, to))))),
    );
    expect(new Set(v6).size).toBe(1);
    const other = f.ethernet(f.ipv4(f.slice(whole, 0, 64), { fragment: 0x2000, src: [10, 0, 0, 9] }));
    expect(hash(other)).not.toBe(v4[0]);
  });

  test("frames that are not IP hash by their addresses and type", () => {
    const of = (type: number, dst: number, src: number) =>
      hash(f.ethernet(f.layer3(type, counting(9)), { dst: [2, 0, 0, 0, 0, dst], src: [2, 0, 0, 0, 0, src] }));
    const hashes = [of(0x88b5, 1, 2), of(0x88b6, 1, 2), of(0x88b5, 3, 2), of(0x88b5, 1, 3), of(0x88b5, 2, 1)];
    expect(new Set(hashes).size).toBe(5);
  });

  test("one flow in each direction, over IPv6, with any flow label and hop limit", () => {
    const at = (options: f.Ipv6Options) => hash(f.ethernet(f.ipv6(f.tcp(counting(5)), options)));
    expect(at({ flowLabel: 1, hopLimit: 3 })).toBe(at({ flowLabel: 0xfffff, hopLimit: 64 }));
    expect(at({ src: f.IPV6_B, dst: f.IPV6_A })).not.toBe(at({}));
  });
});
