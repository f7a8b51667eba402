// MurmurHash3_x64_128 (A. Appleby, SMHasher, MurmurHash3.cpp, public domain): the hash under the tables. What they use is
// h1, the digest's first 64 bits.
//
// Seeds are 64 bits wide here and start both halves; for a seed below 2^32 the digest is the published one. Known limit: keys
// that collide whatever the seed can be constructed (J.-P. Aumasson, D. J. Bernstein, 2012), so what is built on it has to
// bound what a collision costs, as the tables do.

const C1: u64 = 0x87c37b91114253d5;
const C2: u64 = 0x4cf5ad432745937f;

/** fmix64, the finalizer: every input bit changes every output bit with probability near one half. */
export function mix(h: u64): u64 {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccd;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

/** h1 of len bytes. */
export function murmur3(ptr: usize, len: u32, seed: u64): u64 {
  return digest(ptr, len, seed, 0);
}

/** The whole digest of len bytes, h1 then h2, little-endian, into 16 bytes at out. */
export function murmur3Into(ptr: usize, len: u32, seed: u64, out: usize): void {
  digest(ptr, len, seed, out);
}

/** h1 of n keys of keyBytes (16, 32 or 48) each, into u64s at out. */
export function murmur3Burst(ptrs: usize, keyBytes: u32, seed: u64, out: usize, n: u32): void {
  const end = ptrs + ((n as usize) << 2);
  if (keyBytes == 16) {
    for (; ptrs < end; ptrs += 4, out += 8) store<u64>(out, Murmur.of16(load<u32>(ptrs) as usize, seed));
  } else if (keyBytes == 32) {
    for (; ptrs < end; ptrs += 4, out += 8) store<u64>(out, Murmur.of32(load<u32>(ptrs) as usize, seed));
  } else {
    assert(keyBytes == 48, "key size");
    for (; ptrs < end; ptrs += 4, out += 8) store<u64>(out, Murmur.of48(load<u32>(ptrs) as usize, seed));
  }
}

/** h1 of whole blocks, with the length known: a class, since asc inlines on demand only decorated methods. */
export class Murmur {
  @inline
  static of16(ptr: usize, seed: u64): u64 {
    return Murmur.ofWords(load<u64>(ptr), load<u64>(ptr, 8), seed);
  }

  /** Of 16 bytes that are at hand as two little-endian words. */
  @inline
  static ofWords(k1: u64, k2: u64, seed: u64): u64 {
    const h1 = Murmur.first(seed, seed, k1);
    return Murmur.finish(h1, Murmur.second(h1, seed, k2), 16);
  }

  @inline
  static of32(ptr: usize, seed: u64): u64 {
    let h1 = Murmur.first(seed, seed, load<u64>(ptr));
    const h2 = Murmur.second(h1, seed, load<u64>(ptr, 8));
    h1 = Murmur.first(h1, h2, load<u64>(ptr, 16));
    return Murmur.finish(h1, Murmur.second(h1, h2, load<u64>(ptr, 24)), 32);
  }

  @inline
  static of48(ptr: usize, seed: u64): u64 {
    return Murmur.ofParts(ptr, load<u64>(ptr, 32), load<u64>(ptr, 40), seed);
  }

  /** Of 48 bytes: 32 at ptr, and 16 that are at hand as two words. */
  @inline
  static ofParts(ptr: usize, k1: u64, k2: u64, seed: u64): u64 {
    let h1 = Murmur.first(seed, seed, load<u64>(ptr));
    let h2 = Murmur.second(h1, seed, load<u64>(ptr, 8));
    h1 = Murmur.first(h1, h2, load<u64>(ptr, 16));
    h2 = Murmur.second(h1, h2, load<u64>(ptr, 24));
    h1 = Murmur.first(h1, h2, k1);
    return Murmur.finish(h1, Murmur.second(h1, h2, k2), 48);
  }

  /** The next h1, by a block's first 8 bytes. */
  @inline
  static first(h1: u64, h2: u64, k1: u64): u64 {
    return (rotl<u64>(h1 ^ (rotl<u64>(k1 * C1, 31) * C2), 27) + h2) * 5 + 0x52dce729;
  }

  /** The next h2, by a block's last 8 bytes and the h1 that its first 8 made. */
  @inline
  static second(h1: u64, h2: u64, k2: u64): u64 {
    return (rotl<u64>(h2 ^ (rotl<u64>(k2 * C2, 33) * C1), 31) + h1) * 5 + 0x38495ab5;
  }

  @inline
  static finish(h1: u64, h2: u64, len: u64): u64 {
    h2 ^= len;
    h1 = (h1 ^ len) + h2;
    return mix(h1) + mix(h1 + h2);
  }
}

/** h1 of any length; out, unless 0, takes the whole digest. */
function digest(ptr: usize, len: u32, seed: u64, out: usize): u64 {
  let h1 = seed;
  let h2 = seed;
  const end = ptr + (len & ~15);
  for (; ptr < end; ptr += 16) {
    h1 = Murmur.first(h1, h2, load<u64>(ptr));
    h2 = Murmur.second(h1, h2, load<u64>(ptr, 8));
  }
  const rest = len & 15;
  if (rest > 8) h2 ^= rotl<u64>(part(ptr + 8, rest - 8) * C2, 33) * C1;
  if (rest > 0) h1 ^= rotl<u64>(part(ptr, min<u32>(rest, 8)) * C1, 31) * C2;
  h1 ^= len;
  h2 ^= len;
  h1 += h2;
  h2 += h1;
  h2 = mix(h2);
  h1 = mix(h1) + h2;
  if (out != 0) {
    store<u64>(out, h1);
    store<u64>(out, h1 + h2, 8);
  }
  return h1;
}

/** The first n bytes of a little-endian word, 1 to 8, and not a byte beyond. */
function part(ptr: usize, n: u32): u64 {
  if (n == 8) return load<u64>(ptr);
  let word: u64 = 0;
  let bits: u64 = 0;
  if (n & 4) {
    word = load<u32>(ptr) as u64;
    ptr += 4;
    bits = 32;
  }
  if (n & 2) {
    word |= (load<u16>(ptr) as u64) << bits;
    ptr += 2;
    bits += 16;
  }
  if (n & 1) word |= (load<u8>(ptr) as u64) << bits;
  return word;
}
