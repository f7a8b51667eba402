import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Arena } from "../../src/memory.js";
import type { Kernels } from "../../src/wasm.js";
import { swap16, u16, u32 } from "../helpers/bytes.js";
import { BUILDS, testKernels } from "../helpers/engines.js";
import { holds } from "../helpers/property.js";
import { internetChecksum } from "../model/checksum.js";

/** Words around the field; one is never zero, as in every real header (all-zero data has two right answers). */
const words = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 20 }).map((list) => [...list, 0x4500]);
const word = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff));

describe.each(BUILDS)("incremental update (%s build)", (build) => {
  let kernels: Kernels;
  let arena: Arena;
  let fields: number;
  beforeAll(async () => {
    ({ kernels, arena } = await testKernels(1024, build));
    fields = arena.take(64);
  });

  /** update128 or updateUdp128 between two fields of 16 bytes, at addresses of any alignment. */
  function update128(name: "update128" | "updateUdp128", check: number, before: number[], after: number[]): number {
    arena.u8.set(before, fields + 1);
    arena.u8.set(after, fields + 23);
    return swap16(kernels[name](swap16(check), fields + 1, fields + 23));
  }

  const update16 = (check: number, before: number, after: number) =>
    swap16(kernels.update16(swap16(check), swap16(before), swap16(after)));

  test("RFC 1624 section 4: the example, where RFC 1141's equation gives 0xffff", () => {
    expect(update16(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  test("update16 is a full recompute", () => {
    holds(
      fc.property(words, word, word, (rest, before, after) => {
        const check = internetChecksum(rest.flatMap(u16).concat(u16(before)));
        expect(update16(check, before, after)).toBe(internetChecksum(rest.flatMap(u16).concat(u16(after))));
      }),
      1000,
    );
  });

  test("update32 is a full recompute", () => {
    const word32 = fc.tuple(word, word).map(([high, low]) => high * 65536 + low);
    const memory = (value: number) => swap16(value >>> 16) | (swap16(value & 0xffff) << 16);
    holds(
      fc.property(words, word32, word32, (rest, before, after) => {
        const check = internetChecksum(rest.flatMap(u16).concat(u32(before)));
        const updated = swap16(kernels.update32(swap16(check), memory(before), memory(after)));
        expect(updated).toBe(internetChecksum(rest.flatMap(u16).concat(u32(after))));
      }),
      1000,
    );
  });

  test("update128 is a full recompute", () => {
    const address = fc.array(word, { minLength: 8, maxLength: 8 }).map((list) => list.flatMap(u16));
    holds(
      fc.property(words, address, address, (rest, before, after) => {
        const check = internetChecksum(rest.flatMap(u16).concat(before));
        const expected = internetChecksum(rest.flatMap(u16).concat(after));
        expect(update128("update128", check, before, after)).toBe(expected);
        if (check !== 0) expect(update128("updateUdp128", check, before, after)).toBe(expected || 0xffff);
      }),
      1000,
    );
  });

  test("a UDP checksum that is computed to 0 is sent as 0xffff", () => {
    // The words sum to 0xffff after the change, so that the checksum is 0 (RFC 768).
    const before = internetChecksum([...u16(0x1234), ...u16(0x0001)]);
    expect(update16(before, 0x0001, 0xedcb)).toBe(0);
    expect(kernels.updateUdp16(swap16(before), swap16(0x0001), swap16(0xedcb))).toBe(0xffff);
    const wide = kernels.updateUdp32(swap16(before), swap16(0x0001) << 16, swap16(0xedcb) << 16);
    expect(wide).toBe(0xffff);
    const field = (value: number) => [...u16(value), ...Array.from({ length: 14 }, () => 0)];
    expect(update128("update128", before, field(0x0001), field(0xedcb))).toBe(0);
    expect(update128("updateUdp128", before, field(0x0001), field(0xedcb))).toBe(0xffff);
  });

  test("an absent UDP checksum stays absent", () => {
    holds(
      fc.property(fc.nat(0xffff), fc.nat(0xffff), (before, after) => {
        expect(kernels.updateUdp16(0, before, after)).toBe(0);
        expect(kernels.updateUdp32(0, before, after)).toBe(0);
        const field = (value: number) => Array.from({ length: 8 }, () => u16(value)).flat();
        expect(update128("updateUdp128", 0, field(before), field(after))).toBe(0);
      }),
      100,
    );
  });

  test("a UDP checksum that is there is updated as any other, and never becomes absent", () => {
    holds(
      fc.property(words, word, word, (rest, before, after) => {
        const wire = (bytes: number[]) => internetChecksum(bytes) || 0xffff;
        const check = wire(rest.flatMap(u16).concat(u16(before)));
        const updated = swap16(kernels.updateUdp16(swap16(check), swap16(before), swap16(after)));
        expect(updated).toBe(wire(rest.flatMap(u16).concat(u16(after))));
      }),
      500,
    );
  });
});
