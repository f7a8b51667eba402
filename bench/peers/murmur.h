/* MurmurHash3_x64_128, h1, of keys of 16, 32 or 48 bytes: assembly/hash/murmur.ts in C. */
#ifndef MURMUR_H
#define MURMUR_H
#include "bytes.h"

static inline uint64_t rotl64(uint64_t word, int bits) { return word << bits | word >> (64 - bits); }

static inline uint64_t fmix64(uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccd;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53;
  return h ^ h >> 33;
}

#define C1 0x87c37b91114253d5ull
#define C2 0x4cf5ad432745937full

static inline uint64_t murmur_first(uint64_t h1, uint64_t h2, uint64_t k1) {
  return (rotl64(h1 ^ rotl64(k1 * C1, 31) * C2, 27) + h2) * 5 + 0x52dce729;
}

static inline uint64_t murmur_second(uint64_t h1, uint64_t h2, uint64_t k2) {
  return (rotl64(h2 ^ rotl64(k2 * C2, 33) * C1, 31) + h1) * 5 + 0x38495ab5;
}

static inline uint64_t murmur_finish(uint64_t h1, uint64_t h2, uint32_t bytes) {
  h2 ^= bytes;
  h1 = (h1 ^ bytes) + h2;
  return fmix64(h1) + fmix64(h1 + h2);
}

static inline uint64_t murmur3(const uint8_t *key, uint32_t bytes, uint64_t seed) {
  uint64_t h1 = seed, h2 = seed;
  for (uint32_t at = 0; at < bytes; at += 16) {
    h1 = murmur_first(h1, h2, load64(key + at));
    h2 = murmur_second(h1, h2, load64(key + at + 8));
  }
  return murmur_finish(h1, h2, bytes);
}

/* Of 16 bytes that are at hand as two words. */
static inline uint64_t murmur_words(uint64_t k1, uint64_t k2, uint64_t seed) {
  const uint64_t h1 = murmur_first(seed, seed, k1);
  return murmur_finish(h1, murmur_second(h1, seed, k2), 16);
}

#endif
