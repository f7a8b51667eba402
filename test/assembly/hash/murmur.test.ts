import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Arena } from "../../../src/memory.js";
import type { Kernels } from "../../../src/wasm.js";
import { concat, counting } from "../../helpers/bytes.js";
import { BUILDS, testKernels } from "../../helpers/engines.js";
import { holds, Random } from "../../helpers/property.js";
import { fmix64, murmur3 } from "../../model/murmur.js";
import { EMPTY_KEY, TEXT_KEYS, VERIFICATION } from "../../vectors/murmur3.js";

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const anySeed = () => fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/** The kernel and its twin, behind one face: the published vectors hold for both. */
const ENGINES = [...BUILDS, "model"] as const;

describe.each(ENGINES)("MurmurHash3_x64_128 (%s)", (engine) => {
  let digest: (key: Uint8Array, seed: bigint) => Uint8Array;

  beforeAll(async () => {
    if (engine === "model") {
      digest = (key, seed) => {
        const { h1, h2 } = murmur3(key, seed);
        return new Uint8Array(BigUint64Array.of(h1, h2).buffer);
      };
      return;
    }
    const { kernels, arena } = await testKernels(8192, engine);
    const out = arena.take(16);
    const key = arena.take(8000);
    digest = (bytes, seed) => {
      arena.u8.set(bytes, key);
      kernels.murmur3Into(key, bytes.length, seed, out);
      return arena.u8.slice(out, out + 16);
    };
  });

  const halves = (bytes: Uint8Array) => [...new BigUint64Array(bytes.buffer)];

  test("SMHasher's verification value", () => {
    const digests = Array.from({ length: 256 }, (_, i) =>
      digest(
        Uint8Array.from({ length: i }, (_, at) => at),
        BigInt(256 - i),
      ),
    );
    const last = digest(concat(...digests), 0n);
    expect(new DataView(last.buffer).getUint32(0, true)).toBe(VERIFICATION);
  });

  test.each(TEXT_KEYS)("$text", ({ text, h1, h2 }) => {
    expect(halves(digest(new TextEncoder().encode(text), 0n))).toEqual([h1, h2]);
  });

  test.each(EMPTY_KEY)("the empty key, seed $seed", ({ seed, h1, h2 }) => {
    expect(halves(digest(new Uint8Array(), seed))).toEqual([h1, h2]);
  });
});

describe.each(BUILDS)("murmur3 (%s build)", (build) => {
  let kernels: Kernels;
  let arena: Arena;
  let base: number;
  beforeAll(async () => {
    ({ kernels, arena } = await testKernels(65536, build));
    base = arena.take(32768);
  });

  test.each(EMPTY_KEY)("mix is fmix64: the digest of the empty key, seed $seed", ({ seed, h1, h2 }) => {
    const a = u64(kernels.mix(2n * seed));
    const b = u64(kernels.mix(3n * seed));
    expect(u64(a + b)).toBe(h1);
    expect(u64(a + b + b)).toBe(h2);
  });

  test("mix is its twin", () => {
    holds(
      fc.property(anySeed(), (value) => {
        expect(u64(kernels.mix(value))).toBe(fmix64(value));
      }),
      500,
    );
  });

  test("is its twin at every length and alignment, reads nothing beyond the key, writes 16 bytes", () => {
    const random = new Random();
    const out = base + 1024;
    for (let align = 0; align < 16; align++) {
      for (let len = 0; len <= 100; len++) {
        const key = random.bytes(len);
        const seed = BigInt(random.below(2 ** 32)) * 0x9e3779b97f4a7c15n;
        const { h1, h2 } = murmur3(key, u64(seed));
        arena.u8.fill(random.below(256), base, base + 256);
        arena.u8.set(key, base + 16 + align);
        expect(u64(kernels.murmur3(base + 16 + align, len, seed)), `length ${len} at ${align}`).toBe(h1);
        arena.u8.fill(0xa5, out, out + 64);
        kernels.murmur3Into(base + 16 + align, len, seed, out + 16 + align);
        const written = arena.u8.slice(out + 16 + align, out + 32 + align);
        expect([...new BigUint64Array(written.buffer)]).toEqual([h1, h2]);
        expect(arena.u8.subarray(out, out + 16 + align).every((byte) => byte === 0xa5)).toBe(true);
        expect(arena.u8.subarray(out + 32 + align, out + 64).every((byte) => byte === 0xa5)).toBe(true);
      }
    }
  });

  test.each([16, 32, 48])("the burst form for %i bytes is the general one", (keyBytes) => {
    const random = new Random(keyBytes);
    const [ptrs, keys, out] = [base, base + 2048, base + 20480];
    for (const n of [0, 1, 2, 3, 31, 32, 33, 255, 256]) {
      const seed = u64(BigInt(random.below(2 ** 32)) * 0x9e3779b97f4a7c15n);
      const expected: bigint[] = [];
      for (let i = 0; i < n; i++) {
        const at = keys + i * (keyBytes + 1);
        const key = random.bytes(keyBytes);
        arena.u8.set(key, at);
        arena.u32[(ptrs >> 2) + i] = at;
        expected.push(murmur3(key, seed).h1);
        expect(u64(kernels.murmur3(at, keyBytes, seed))).toBe(expected[i]);
      }
      arena.u8.fill(0xa5, out, out + 8 * 257);
      kernels.murmur3Burst(ptrs, keyBytes, seed, out, n);
      expect([...arena.u64.subarray(out >> 3, (out >> 3) + n)]).toEqual(expected);
      expect(arena.u64[(out >> 3) + n]).toBe(0xa5a5a5a5a5a5a5a5n);
    }
  });

  test("every bit of a key of 48 bytes, and of the seed, changes about half of the hash", () => {
    const key = counting(48);
    const flips = (a: bigint, b: bigint) => (a ^ b).toString(2).replaceAll("0", "").length;
    arena.u8.set(key, base);
    const whole = u64(kernels.murmur3(base, 48, 7n));
    for (let bit = 0; bit < 384; bit++) {
      const other = key.slice();
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      arena.u8.set(other, base);
      expect(flips(whole, u64(kernels.murmur3(base, 48, 7n))), `bit ${bit}`).toBeGreaterThan(12);
    }
    arena.u8.set(key, base);
    for (let bit = 0n; bit < 64n; bit++) {
      expect(flips(whole, u64(kernels.murmur3(base, 48, 7n ^ (1n << bit)))), `seed bit ${bit}`).toBeGreaterThan(12);
    }
  });
});
