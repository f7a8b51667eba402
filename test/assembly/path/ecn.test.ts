import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { anyFrame, validFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat, counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { parseFrame } from "../../helpers/parsed.js";
import { holds } from "../../helpers/property.js";
import { ecnOut, leaveTunnel } from "../../model/ecn.js";
import { tosOf } from "../../model/encapsulation.js";
import { parse } from "../../model/parse.js";

const [NOT_ECT, ECT_1, ECT_0, CE] = [0, 1, 2, 3] as const;
/** RFC 6040 figure 4, a row for each inner field, columns Not-ECT, ECT(0), ECT(1), CE; undefined is a drop. */
const FIGURE: readonly [inner: number, row: readonly (number | undefined)[]][] = [
  [NOT_ECT, [NOT_ECT, NOT_ECT, NOT_ECT, undefined]],
  [ECT_0, [ECT_0, ECT_0, ECT_1, CE]],
  [ECT_1, [ECT_1, ECT_1, ECT_1, CE]],
  [CE, [CE, CE, CE, CE]],
];
const CELLS = FIGURE.flatMap(([inner, row]) =>
  [NOT_ECT, ECT_0, ECT_1, CE].map((outer, i): [number, number, number | undefined] => [inner, outer, row[i]]),
);

describe.each(BUILDS)("what leaves a tunnel (%s build)", (build) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 8 });
  });

  function apply(frame: Uint8Array, tos: number, uniform = false, wire?: number) {
    const m = bed.frame(frame, wire);
    const { cause: parseCause } = parseFrame(bed, m);
    expect(parseCause).toBe(layout.OK);
    const cause = bed.kernels.ecnApply(m, tos, uniform);
    const bytes = bed.bytes(m);
    bed.free(m);
    return { cause, bytes };
  }

  const frames = (tos: number) => [
    f.ethernet(f.ipv4(f.tcp(counting(20)), { tos })),
    f.ethernet(f.ipv4(f.udp(counting(9)), { tos, options: [1, 1, 1, 1] }), { tags: [{ tci: 5 }] }),
    f.ethernet(f.ipv6(f.udp(counting(9)), { trafficClass: tos })),
    f.ethernet(f.ipv6(f.extension(60, counting(6), f.icmpv6(counting(9))), { trafficClass: tos, flowLabel: 0xfffff })),
  ];

  test.each(CELLS)("inner %i, outer %i: %o goes on", (inner, outer, expected) => {
    expect(ecnOut(inner, outer)).toBe(expected);
    for (const dscp of [0, 0x2e << 2, 0xfc]) {
      const before = frames(dscp | inner);
      const after = expected === undefined ? before : frames(dscp | expected);
      for (const [i, frame] of before.entries()) {
        const result = apply(frame, outer | 0xa0);
        expect(result).toEqual({ cause: expected === undefined ? layout.DROP_ECN_CE : layout.OK, bytes: after[i] });
      }
    }
  });

  test("uniform: the outer DSCP goes on, too, with the checksum right, whatever the two were", () => {
    for (let outer = 0; outer < 256; outer++) {
      for (const inner of [0, 2, 0xb9, 0xff]) {
        const ecn = ecnOut(inner & 3, outer & 3);
        const before = frames(inner);
        const after = ecn === undefined ? before : frames((outer & 0xfc) | ecn);
        for (const [i, frame] of before.entries()) expect(apply(frame, outer, true).bytes).toEqual(after[i]);
      }
    }
  });

  test("what is not IP, or cut off, stays as it is", () => {
    const udp = f.ethernet(f.ipv4(f.udp(counting(9))));
    for (const frame of [f.ethernet(f.arp()), f.ethernet(f.layer3(0x88b5, counting(50)))]) {
      expect(apply(frame, 0xff, true)).toEqual({ cause: layout.OK, bytes: frame });
    }
    const cut = udp.subarray(0, 30);
    expect(apply(cut, 0xff, true, udp.length)).toEqual({ cause: layout.OK, bytes: cut });
  });

  test("is its twin for any frame; a checksum that was wrong stays wrong", () => {
    const wrong = fc
      .tuple(fc.nat(0xffff), fc.nat(255))
      .map(([checksum, tos]) => f.ethernet(f.ipv4(f.udp(counting(5)), { tos, checksum })));
    const any = fc.oneof(
      anyFrame(),
      fc.oneof(validFrame(), wrong).map((data) => ({ data, wire: data.length })),
    );
    holds(
      fc.property(any, fc.nat(255), fc.boolean(), ({ data, wire }, tos, uniform) => {
        const parsed = parse(data, wire);
        fc.pre(parsed.cause === layout.OK);
        expect(apply(data, tos, uniform, wire)).toEqual(leaveTunnel(data, parsed, tos, uniform));
      }),
      3000,
    );
  });

  test("the outer field is read from IPv4 and IPv6, behind tags, and is 0 for the rest", () => {
    holds(
      fc.property(anyFrame(), ({ data, wire }) => {
        const m = bed.frame(data, wire);
        const parsed = parseFrame(bed, m);
        if (parsed.cause === layout.OK) expect(bed.kernels.ecnOuter(m)).toBe(tosOf(data, parsed));
        bed.free(m);
      }),
      1000,
    );
    const m = bed.frame(
      concat(f.ethernet(f.ipv6(f.tcp([1]), { trafficClass: 0xa7 }), { tags: [{ tci: 1 }, { tci: 2 }] })),
    );
    parseFrame(bed, m);
    expect(bed.kernels.ecnOuter(m)).toBe(0xa7);
    bed.free(m);
  });
});
