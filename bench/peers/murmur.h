/* MurmurHash3_x64_128, h1, of keys of 16, 32 or 48 bytes: assembly/hash/murmur.ts in C. */
#ifndef MURMUR_H
#define MURMUR_H
#include <stdint.h>

static inline uint64_t load64(const uint8_t *p) {
  uint64_t word;
  __builtin_memcpy(&word, p, 8);
  return word;
}

static inline uint32_t load32(const uint8_t *p) {
  uint32_t word;
  __builtin_memcpy(&word, p, 4);
  return word;
}

static inline void store32(uint8_t *p, uint32_t word) { __builtin_memcpy(p, &word, 4); }

static inline void store64(uint8_t *p, uint64_t word) { __builtin_memcpy(p, &word, 8); }

static inline uint64_t rotl64(uint64_t word, int bits) { return word << bits | word >> (64 - bits); }

static inline uint64_t fmix64(uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccd;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53;
  return h ^ h >> 33;
}

static inline uint64_t murmur3(const uint8_t *key, uint32_t bytes, uint64_t seed) {
  const uint64_t c1 = 0x87c37b91114253d5, c2 = 0x4cf5ad432745937f;
  uint64_t h1 = seed, h2 = seed;
  for (uint32_t at = 0; at < bytes; at += 16) {
    h1 = (rotl64(h1 ^ rotl64(load64(key + at) * c1, 31) * c2, 27) + h2) * 5 + 0x52dce729;
    h2 = (rotl64(h2 ^ rotl64(load64(key + at + 8) * c2, 33) * c1, 31) + h1) * 5 + 0x38495ab5;
  }
  h2 ^= bytes;
  h1 = (h1 ^ bytes) + h2;
  return fmix64(h1) + fmix64(h1 + h2);
}

#endif
