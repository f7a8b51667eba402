/** MurmurHash3_x64_128 in BigInt, as A. Appleby's MurmurHash3.cpp (SMHasher) describes it: byte by byte, block by block. */

const MASK = (1n << 64n) - 1n;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;

export interface Digest {
  readonly h1: bigint;
  readonly h2: bigint;
}

/** The 64-bit finalizer. */
export function fmix64(k: bigint): bigint {
  k ^= k >> 33n;
  k = (k * 0xff51afd7ed558ccdn) & MASK;
  k ^= k >> 33n;
  k = (k * 0xc4ceb9fe1a85ec53n) & MASK;
  return k ^ (k >> 33n);
}

export function murmur3(key: Uint8Array, seed: bigint): Digest {
  let h1 = seed;
  let h2 = seed;
  for (let at = 0; at < key.length; at += 16) {
    const k1 = (rotate((littleEndian(key, at) * C1) & MASK, 31n) * C2) & MASK;
    const k2 = (rotate((littleEndian(key, at + 8) * C2) & MASK, 33n) * C1) & MASK;
    h1 ^= k1;
    h2 ^= k2;
    // The last bytes, short of a block, are only mixed in: the missing ones count as zero.
    if (at + 16 > key.length) break;
    h1 = ((rotate(h1, 27n) + (h2 ^ k2)) * 5n + 0x52dce729n) & MASK;
    h2 = ((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n) & MASK;
  }
  h1 ^= BigInt(key.length);
  h2 ^= BigInt(key.length);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = fmix64(h1);
  h2 = fmix64(h2);
  h1 = (h1 + h2) & MASK;
  return { h1, h2: (h2 + h1) & MASK };
}

/** Eight bytes from there on, those beyond the key as zero. */
function littleEndian(key: Uint8Array, at: number): bigint {
  let word = 0n;
  for (let i = 7; i >= 0; i--) word = (word << 8n) | BigInt(key[at + i] ?? 0);
  return word;
}

function rotate(word: bigint, bits: bigint): bigint {
  return ((word << bits) | (word >> (64n - bits))) & MASK;
}
