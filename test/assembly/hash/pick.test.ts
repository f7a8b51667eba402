/** Picks by the remainder of the hash, as Linux bonding does, for hashes of 31 bits and of 32. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { anyFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { counting, patched, u16 } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { hasherOn } from "../../helpers/hasher.js";
import { holds } from "../../helpers/property.js";
import { bonding } from "../../model/bonding.js";

const BURST = 64;

describe.each(BUILDS)("a pick (%s build)", (build) => {
  let bed: Bed;
  let out: number;
  let shifted: number;
  let whole: number;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: BURST + 8, bufBytes: 704, spareBytes: 2 ** 17 });
    out = bed.arena.take(BURST * 4 + 64);
    shifted = hasherOn(bed, { policy: "layer3+4" });
    whole = hasherOn(bed, { policy: "layer3+4", generation: "4.3" });
  });

  function parsed(frame: Uint8Array, wire?: number): number {
    const m = bed.frame(frame, wire);
    bed.kernels.parseBurst(bed.listOf(m), 1);
    return m;
  }

  function picks(hasher: number, list: readonly number[], members: number): number[] {
    bed.view(out, BURST * 4 + 64).fill(UNTOUCHED);
    bed.kernels.pickBurst(hasher, bed.listOf(...list), members, out, list.length);
    expect(bed.view(out + list.length * 4, 64).every((byte) => byte === UNTOUCHED)).toBe(true);
    return list.map((_, i) => bed.u32(out + i * 4));
  }

  test("is the remainder of the hash, for any frames and any number of members", () => {
    const frames = fc.array(anyFrame(), { maxLength: BURST });
    const members = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 2 ** 32 - 1 }));
    holds(
      fc.property(frames, members, (list, count) => {
        const mbufs = list.map(({ data, wire }) => parsed(data, wire));
        const hashes = (generation: string) => list.map(({ data }) => bonding(data, "layer3+4", generation));
        expect(picks(shifted, mbufs, count)).toEqual(hashes("6.0").map((hash) => hash % count));
        expect(picks(whole, mbufs, count)).toEqual(hashes("4.3").map((hash) => hash % count));
        for (const m of mbufs) bed.free(m);
      }),
      60,
    );
  });

  test("is exact at the edges of the hash, for every small number of members and the largest", () => {
    // Of a frame that is not IP the hash is a 16-bit number at will; of TCP it is any number, its highest too.
    const none = f.ethernet(f.ipv4(f.tcp([]), { src: [0, 0, 0, 0], dst: [0, 0, 0, 0] }));
    const ports = (a: number, b: number) => patched(none, 34, ...u16(a), ...u16(b));
    const list = [
      // Bytes ff 00 00 ff are x = 0xff0000ff; ^ 0x0000ff00 = 0xff00ffff; ^ 0x00ff00ff = 0xffffff00.
      ports(0xff00, 0x00ff),
      // Bytes 00 00 00 ff: x = 0xff000000; ^ 0x0000ff00; ^ 0x00ff00ff = 0xffffffff.
      ports(0x0000, 0x00ff),
      ports(0, 0),
      ports(0x1234, 0x5678),
      f.ethernet(f.layer3(0x88b5, counting(4))),
    ].map((frame) => parsed(frame));
    const hashes = picks(whole, list, 2 ** 32 - 1);
    // The highest leaves no remainder when divided by itself.
    expect(hashes.slice(0, 3)).toEqual([0xffffff00, 0, 0]);
    hashes[1] = 0xffffffff;
    const powers = Array.from({ length: 32 }, (_, bit) => [2 ** bit - 1, 2 ** bit, 2 ** bit + 1]).flat();
    for (const count of [...Array.from({ length: 300 }, (_, i) => i), ...powers].filter((count) => count > 0)) {
      expect(picks(whole, list, count), `${count} members`).toEqual(hashes.map((hash) => hash % count));
    }
    for (const m of list) bed.free(m);
  });

  test("of no frame writes nothing", () => {
    expect(picks(shifted, [], 3)).toEqual([]);
  });
});
