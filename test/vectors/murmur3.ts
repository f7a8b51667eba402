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

/** Keys of text, seed 0 unless told: github.com/spaolacci/murmur3, murmur_test.go. */
export const TEXT_KEYS: readonly { readonly text: string; readonly h1: bigint; readonly h2: bigint }[] = [
  { text: "hello", h1: 0xcbd8a7b341bd9b02n, h2: 0x5b1e906a48ae1d19n },
  { text: "hello, world", h1: 0x342fac623a5ebc8en, h2: 0x4cdcbc079642414dn },
  { text: "19 Jan 2038 at 3:14:07 AM", h1: 0xb89e5988b737affcn, h2: 0x664fc2950231b2cbn },
  { text: "The quick brown fox jumps over the lazy dog.", h1: 0xcd99481f9ee902c9n, h2: 0x695da1a38987b6e7n },
  { text: "The quick brown fox jumps over the lazy dog", h1: 0xe34bbc7bbc071b6cn, h2: 0x7a433ca9c49a9347n },
];

/**
 * SMHasher's verification value of MurmurHash3_x64_128 (main.cpp): the digests of the keys {0}, {0, 1}, ... of 0 to 255 bytes,
 * seed 256 - length, one after the other, digested with seed 0; the first 32 bits of that.
 */
export const VERIFICATION = 0x6384ba69;
