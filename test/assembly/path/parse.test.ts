import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { anyFrame, tunnelFrame, validFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { parseFrame } from "../../helpers/parsed.js";
import { holds } from "../../helpers/property.js";
import { type Parsed, parse } from "../../model/parse.js";

describe.each(BUILDS)("parse is its twin (%s build)", (build) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 4, bufBytes: 4160 });
  });

  function parsed(segments: Uint8Array | readonly Uint8Array[], wire?: number): Parsed {
    const m = bed.frame(segments, wire);
    const found = parseFrame(bed, m);
    bed.free(m);
    return found;
  }

  test("on valid frames, none of which is refused", () => {
    holds(
      fc.property(validFrame(), (data) => {
        const found = parsed(data);
        expect(found).toEqual(parse(data));
        expect(found.cause).toBe(layout.OK);
      }),
      2000,
    );
  });

  test("on mutated, truncated, cut and lying frames", () => {
    holds(
      fc.property(anyFrame(), ({ data, wire }) => {
        expect(parsed(data, wire)).toEqual(parse(data, wire));
      }),
      6000,
    );
  });

  test("on frames whose first segment ends anywhere", () => {
    holds(
      fc.property(fc.oneof(validFrame(), tunnelFrame()), fc.nat(160), (data, at) => {
        const here = Math.min(at, data.length);
        const found = parsed([data.subarray(0, here), data.subarray(here)]);
        expect(found).toEqual(parse(data, data.length, here));
      }),
      1000,
    );
  });

  test("reads nothing behind the frame, wherever it is truncated", () => {
    const options = new Uint8Array(8).fill(1);
    const extended = f.extension(0, [1, 4, 0, 0, 0, 0], f.extension(51, counting(10), f.tcp(counting(9), { options })));
    const frames = [
      f.ethernet(f.ipv4(f.tcp(counting(5), { options }), { options }), {
        tags: [{ tpid: 0x88a8, tci: 1 }, { tci: 2 }],
      }),
      f.ethernet(f.ipv6(extended)),
      f.ethernet(f.ipv6(f.fragment6(0, true, f.udp(counting(11))))),
      f.ethernet(f.arp()),
    ];
    for (const frame of frames) {
      for (let length = 0; length <= frame.length; length++) {
        const data = frame.subarray(0, length);
        for (const wire of [length, frame.length]) {
          const expected = parse(data, wire);
          const m = bed.frame(data, wire);
          const end = bed.u32(m + layout.MBUF_DATA) + length;
          for (const behind of [frame.subarray(length), [0], [0xff], [0x45], [0x60]]) {
            const room = bed.view(end, 200);
            room.fill(behind[0] ?? 0);
            room.set(behind);
            expect(parseFrame(bed, m), `${length} of ${frame.length} bytes`).toEqual(expected);
          }
          bed.free(m);
        }
      }
    }
  });

  test("forgets what an earlier frame in the same mbuf was", () => {
    const m = bed.frame(f.ethernet(f.ipv6(f.tcp(counting(30))), { tags: [{ tci: 5 }] }));
    parseFrame(bed, m);
    bed.kernels.trim(m, 80);
    expect(parseFrame(bed, m)).toEqual(parse(bed.bytes(m)));
    bed.free(m);
  });
});
