import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { ledgerBytes, makeLedger } from "../../helpers/limits.js";
import { holdsAsync } from "../../helpers/property.js";

const MBUFS = 48;
const LIMITS = [5, 12, 30] as const;
const shape = { mbufs: MBUFS, bufBytes: 320, headroomBytes: 64, spareBytes: ledgerBytes(MBUFS) + 8192 };

type Step =
  | { readonly do: "charge"; readonly frames: readonly number[]; readonly to: number }
  | { readonly do: "pass"; readonly at: number; readonly to: number }
  | { readonly do: "free" | "retain" | "linearize"; readonly at: number };

const to = fc.nat(LIMITS.length - 1);
const at = fc.nat(63);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("charge" as const),
    to,
    frames: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
  }),
  fc.record({ do: fc.constant("pass" as const), at, to }),
  fc.record({ do: fc.constantFrom("free" as const, "retain" as const, "linearize" as const), at }),
);

describe.each(BUILDS)("the ledger (%s build)", (build) => {
  let bed: Bed;
  beforeEach(async () => {
    bed = await makeBed(build, shape);
  });

  test("knows whose every mbuf is, whatever happens to frames", async () => {
    await holdsAsync(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const on = await makeBed(build, shape);
        const ledger = makeLedger(on);
        const owners = LIMITS.map((limit) => ledger.open(limit));
        /** Frames, each with its mbufs, its references and its owner. */
        const frames: { m: number; refs: number; owner: number }[] = [];
        const heldBy = (owner: number) =>
          frames.filter((f) => f.owner === owner).reduce((sum, f) => sum + on.segments(f.m).length, 0);
        const charge = (m: number, owner: number) =>
          on.kernels.chargeBurst(
            ledger.record.ptr,
            ledger.accounts.record(owners[owner] as number),
            on.listOf(m),
            1,
          ) === 1;
        for (const s of steps) {
          if (s.do === "charge") {
            for (const segments of s.frames) {
              if ((on.arena.u32[(on.pool + layout.POOL_FREE_COUNT) >> 2] as number) < segments) break;
              const m = on.frame(Array.from({ length: segments }, () => counting(20)));
              const fits = heldBy(s.to) + segments <= (LIMITS[s.to] as number);
              expect(charge(m, s.to)).toBe(fits);
              if (fits) frames.push({ m, refs: 1, owner: s.to });
              else on.free(m);
            }
          } else if (frames.length > 0) {
            const f = frames[s.at % frames.length] as (typeof frames)[number];
            const segments = on.segments(f.m).length;
            if (s.do === "pass") {
              const fits = f.owner === s.to || heldBy(s.to) + segments <= (LIMITS[s.to] as number);
              expect(charge(f.m, s.to)).toBe(fits);
              if (fits) f.owner = s.to;
            } else if (s.do === "retain") {
              on.kernels.retain(f.m);
              f.refs++;
            } else if (s.do === "linearize") {
              on.kernels.linearize(on.pool, f.m);
            } else {
              on.free(f.m);
              if (--f.refs === 0) frames.splice(frames.indexOf(f), 1);
            }
          }
          for (const [i, owner] of owners.entries()) expect(ledger.accounts.inUse(owner)).toBe(heldBy(i));
        }
        for (const { m, refs } of frames) for (let i = 0; i < refs; i++) on.free(m);
        for (const owner of owners) expect(ledger.accounts.inUse(owner)).toBe(0);
      }),
      100,
    );
  });

  test("freeBurst gives back, and says how long it was held", () => {
    const ledger = makeLedger(bed);
    const owner = ledger.open(9);
    const [a, b] = [bed.frame([counting(9), counting(9)]), bed.frame(counting(30))];
    ledger.record.setNow(1.5);
    expect(bed.kernels.chargeBurst(ledger.record.ptr, ledger.accounts.record(owner), bed.listOf(a, b), 2)).toBe(2);
    ledger.record.setNow(4);
    bed.kernels.freeBurst(bed.pool, bed.listOf(a), 1);
    ledger.record.setNow(5);
    bed.kernels.freeBurst(bed.pool, bed.listOf(b), 1);
    expect(ledger.accounts.close(owner)).toEqual({
      ...{ limit: 9, filled: 3, returned: 3, inUse: 0, high: 3, low: 0, frames: 2, refused: 0, bytes: 48 },
      heldMs: { least: 2.5, most: 3.5 },
    });
  });

  test("time that came round 2^32 microseconds is still a difference", () => {
    const ledger = makeLedger(bed);
    const owner = ledger.open(9);
    const m = bed.frame(counting(9));
    ledger.record.setNow(2 ** 32 / 1000 - 1);
    bed.kernels.chargeBurst(ledger.record.ptr, ledger.accounts.record(owner), bed.listOf(m), 1);
    ledger.record.setNow(2 ** 32 / 1000 + 2);
    bed.free(m);
    expect(ledger.accounts.close(owner).heldMs).toEqual({ least: 3, most: 3 });
  });

  test("a burst leaves what an owner may hold in front, in order, and the rest behind", () => {
    const ledger = makeLedger(bed);
    const owner = ledger.open(3);
    const frames = [1, 3, 1, 1, 1].map((segments) => bed.frame(Array.from({ length: segments }, () => counting(9))));
    const taken = bed.kernels.chargeBurst(ledger.record.ptr, ledger.accounts.record(owner), bed.listOf(...frames), 5);
    const [a, b, c, d, e] = frames;
    expect([taken, bed.listed(3)]).toEqual([3, [a, c, d]]);
    expect(new Set(bed.listed(5).slice(3))).toEqual(new Set([b, e]));
    expect(ledger.accounts.close(owner)).toMatchObject({ refused: 2, frames: 3, inUse: 3 });
  });
});
