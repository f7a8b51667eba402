/**
 * MurmurHash3_x64_128 of the empty key, by seed, as published test suites have it (github.com/spaolacci/murmur3,
 * murmur_test.go, and others agree). With no data the algorithm (A. Appleby, SMHasher, MurmurHash3.cpp) is:
 *   h1 = h2 = seed;  h1 += h2;  h2 += h1;  h1 = fmix64(h1);  h2 = fmix64(h2);  h1 += h2;  h2 += h1
 * so each digest fixes fmix64 of two numbers: of 2 * seed and of 3 * seed.
 */
export const EMPTY_KEY: readonly { readonly seed: bigint; readonly h1: bigint; readonly h2: bigint }[] = [
  { seed: 0x00n, h1: 0n, h2: 0n },
  { seed: 0x01n, h1: 0x4610abe56eff5cb5n, h2: 0x51622daa78f83583n },
  { seed: 0x2an, h1: 0xf02aa77dfa1b8523n, h2: 0xd1016610da11cbb9n },
];
