import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { Digest, finish, mixWord } from "../../src/sim/digest.js";
import { Random } from "../../src/sim/random.js";

/** xoroshiro128+ with 64-bit numbers, from its authors' description: a = 24, b = 16, c = 37; the sum's lower half is what pure-rand gives. */
function* twin(state: readonly [bigint, bigint]): Generator<number> {
  const M = (1n << 64n) - 1n;
  const rotl = (x: bigint, k: bigint) => ((x << k) | (x >> (64n - k))) & M;
  let [s0, s1] = state;
  for (;;) {
    yield Number(BigInt.asIntN(32, s0 + s1));
    const t = s0 ^ s1;
    s0 = rotl(s0, 24n) ^ t ^ ((t << 16n) & M);
    s1 = rotl(t, 37n);
  }
}

describe("streams of random numbers", () => {
  test("are xoroshiro128+ from SHA-256 of seed and name", () => {
    const digest = createHash("sha256").update("7/link").digest();
    const [s01, s00, s11, s10] = [0, 4, 8, 12].map((at) => BigInt(digest.readUInt32BE(at)));
    const words = twin([((s01 as bigint) << 32n) | (s00 as bigint), ((s11 as bigint) << 32n) | (s10 as bigint)]);
    const next = () => words.next().value as number;
    const random = new Random(7, "link");
    for (let i = 0; i < 1000; i++) {
      // 26 and 27 bits of two words make 53.
      const [high, low] = [next() & (2 ** 26 - 1), next() & (2 ** 27 - 1)];
      expect(random.unit()).toBe((high * 2 ** 27 + low) / 2 ** 53);
    }
  });

  test("differ by name and by seed, and are the same for the same", () => {
    const first = (seed: number, name: string) => new Random(seed, name).unit();
    const all = [first(1, "a"), first(1, "b"), first(2, "a"), first(0, "a"), first(2 ** 32 - 1, "a"), first(12, "/a")];
    expect(new Set([...all, first(1, "2//a")]).size).toBe(7);
    expect(first(1, "a")).toBe(all[0]);
    for (const seed of [-1, 0.5, 2 ** 32, Number.NaN]) expect(() => new Random(seed, "a")).toThrow(ConfigError);
  });

  test("have all whole numbers of a range, and all of a list, about as often", () => {
    const random = new Random(3, "even");
    const numbers = Array.from({ length: 10_000 }, () => random.between(5, 9));
    const counts = [4, 5, 6, 7, 8, 9, 10].map((number) => numbers.filter((other) => other === number).length);
    expect([counts.shift(), counts.pop()]).toEqual([0, 0]);
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
    expect(new Set(Array.from({ length: 100 }, () => random.pick(["x", "y", "z"])))).toEqual(new Set(["x", "y", "z"]));
  });
});

describe("a digest", () => {
  const hash = (seed: number, ...words: number[]) => finish(words.reduce(mixWord, seed), words.length * 4);

  test("is MurmurHash3_x86_32 of words", () => {
    // I. Boyd's vectors: stackoverflow.com/a/31929528; words are little-endian.
    expect(hash(0)).toBe(0);
    expect(hash(1)).toBe(0x514e28b7);
    expect(hash(-1)).toBe(0x81f16f39);
    expect(hash(0, 0x87654321)).toBe(0xf55b516b);
    expect(hash(0x5082edee, 0x87654321)).toBe(0x2362f9de);
    expect(hash(0, 0)).toBe(0x2362f9de);
    expect(hash(0, -1)).toBe(0x76293b50);
  });

  test("depends on every word, its place, and the number of words", () => {
    const of = (...numbers: number[]) => {
      const digest = new Digest();
      for (const number of numbers) digest.number(number);
      return digest.hex;
    };
    const all = [of(), of(0), of(0, 0), of(1, 2), of(2, 1), of(1), of(1 + 2 ** 32), of(1 + 2 ** 52)];
    expect(new Set(all).size).toBe(all.length);
    for (const hex of all) expect(hex).toMatch(/^[0-9a-f]{16}$/);
    expect(of(1, 2)).toBe(of(1, 2));
  });
});
