import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Arena } from "../../src/memory.js";
import type { Kernels } from "../../src/wasm.js";
import { hex, swap16 } from "../helpers/bytes.js";
import { BUILDS, testKernels } from "../helpers/engines.js";
import { holds, Random } from "../helpers/property.js";
import { internetChecksum, onesSum } from "../model/checksum.js";

const HUGE_BYTES = 3 * 2 ** 20;

describe.each(BUILDS)("checksum (%s build)", (build) => {
  let kernels: Kernels;
  let arena: Arena;
  let base: number;

  beforeAll(async () => {
    ({ kernels, arena } = await testKernels(HUGE_BYTES + 1024, build));
    base = arena.take(HUGE_BYTES + 512);
  });

  /** The kernel's checksum in network order, as the model's. */
  const checksumAt = (ptr: number, len: number) => swap16(kernels.checksum(ptr, len));

  test("RFC 1071 section 3: the example", () => {
    arena.u8.set(hex("0001 f203 f4f5 f6f7"), base);
    expect(swap16(kernels.fold(kernels.sumBytes(base, 8, 0n)))).toBe(0xddf2);
    expect(checksumAt(base, 8)).toBe(0x220d);
  });

  test("every length from 0 to 300 at every alignment", () => {
    const random = new Random();
    for (let align = 0; align < 16; align++) {
      const bytes = random.bytes(512);
      arena.u8.set(bytes, base);
      for (let len = 0; len <= 300; len++) {
        const expected = internetChecksum(bytes.subarray(align, align + len));
        expect(checksumAt(base + align, len), `length ${len} at ${align}`).toBe(expected);
      }
    }
  });

  test("a burst is each run on its own: every length at every alignment", () => {
    const random = new Random();
    const bytes = random.bytes(2048);
    const [ptrs, lens, out] = [base + 4096, base + 8192, base + 12288];
    arena.u8.set(bytes, base);
    for (const first of [0, 250, 500, 1450]) {
      const runs = Array.from({ length: 256 }, (_, i) => ({ at: i % 16, len: Math.min(first + i, 1520) }));
      for (const [i, { at, len }] of runs.entries()) {
        arena.u32[(ptrs >> 2) + i] = base + at;
        arena.u32[(lens >> 2) + i] = len;
      }
      for (const n of [0, 1, 31, 256]) {
        arena.u8.fill(0xa5, out, out + 256 * 4 + 64);
        kernels.checksumBurst(ptrs, lens, out, n);
        const found = [...arena.u32.subarray(out >> 2, (out >> 2) + n)].map(swap16);
        expect(found).toEqual(runs.slice(0, n).map(({ at, len }) => internetChecksum(bytes.subarray(at, at + len))));
        expect(arena.u8.subarray(out + n * 4, out + n * 4 + 64).every((byte) => byte === 0xa5)).toBe(true);
      }
    }
  });

  test("every byte counts: changing any one changes the checksum as the model says", () => {
    const random = new Random();
    const bytes = random.bytes(200);
    for (let at = 0; at < 200; at++) {
      bytes[at] = ((bytes[at] as number) + random.between(1, 254)) & 0xff;
      arena.u8.set(bytes, base + 3);
      expect(checksumAt(base + 3, 199), `byte ${at}`).toBe(internetChecksum(bytes.subarray(0, 199)));
    }
  });

  test("chunks at even bytes sum to the whole", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const cuts = fc.array(fc.nat(150), { maxLength: 5 });
    holds(
      fc.property(bytes, cuts, fc.nat(15), (data, at, align) => {
        arena.u8.set(data, base + align);
        const bounds = [0, ...at.map((cut) => Math.min(2 * cut, data.length)), data.length].sort((a, b) => a - b);
        let sum = 0n;
        for (let i = 1; i < bounds.length; i++) {
          const [from, to] = [bounds[i - 1] as number, bounds[i] as number];
          sum = kernels.sumBytes(base + align + from, to - from, sum);
        }
        expect(swap16(kernels.complement(sum))).toBe(internetChecksum(data));
      }),
      300,
    );
  });

  test.each([
    ["64 KiB", 2 ** 16],
    ["512 KiB", 2 ** 19],
    ["a block less than 1 MiB", 2 ** 20 - 64],
    ["1 MiB", 2 ** 20],
    ["1 MiB and 77 bytes", 2 ** 20 + 77],
    ["3 MiB", HUGE_BYTES],
  ])("lanes do not overflow on %s of 0xff", (_, len) => {
    arena.u8.fill(0xff, base, base + len);
    arena.u8[base + 4] = 0x12; // all ones would sum to "zero", which an overflow of whole lanes also gives
    const ones = BigInt(Math.floor(len / 2)) * 0xffffn - 0xedn + BigInt(len % 2) * 0xffn;
    expect(BigInt.asUintN(64, kernels.sumBytes(base, len, 0n)) % 0xffffn).toBe(ones % 0xffffn);
    expect(checksumAt(base, len)).toBe(internetChecksum(arena.u8.subarray(base, base + len)));
  });

  test("a sum's carries come back in, from any 64-bit sum", () => {
    const fold = (sum: bigint) => {
      let words = sum;
      while (words > 0xffffn) words = (words >> 16n) + (words & 0xffffn);
      return Number(words);
    };
    const edges = [
      0n,
      1n,
      0xffffn,
      0x10000n,
      0xffff_ffffn,
      2n ** 48n - 1n,
      2n ** 63n,
      2n ** 64n - 1n,
      0xffff_0000_ffff_0001n,
    ];
    for (const sum of edges) expect(kernels.fold(sum)).toBe(fold(sum));
    holds(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (sum) => {
        expect(kernels.fold(sum)).toBe(fold(sum));
        expect(kernels.complement(sum)).toBe(fold(sum) ^ 0xffff);
      }),
      500,
    );
  });

  test("the sum handed in is added", () => {
    const bytes = hex("0102 0304 05");
    arena.u8.set(bytes, base);
    const sum = BigInt(swap16(0xfff0)) + 0n;
    expect(swap16(kernels.fold(kernels.sumBytes(base, 5, sum)))).toBe(onesSum(bytes, 0xfff0));
  });
});
