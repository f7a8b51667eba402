/*
 * The burst's lookup of assembly/table/, over the same record and buckets, with what C has and Wasm has not: a prefetch, in place of
 * a load that decides nothing. Tables to look in are built by ours.
 */
#include "murmur.h"

enum { BUCKETS = 0, MASK = 4, KEY_BYTES = 12, SEED = 32, LARGE = 56 };
enum { HASHES = 64, PENDING = 576, BURST = 64, VALUES = 4, PENDING_WAYS = 8 };
#define MISS 0xffffffffu
#define INLINE static inline __attribute__((always_inline))

typedef uint8_t vector __attribute__((vector_size(16)));

#ifdef __wasm__
#include <wasm_simd128.h>
INLINE uint32_t equal_bytes(const uint8_t *a, vector b) {
  return wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(a), (v128_t)b));
}
#define PREFETCH(p) ((void)*(volatile const uint8_t *)(p))
#else
#include <immintrin.h>
INLINE uint32_t equal_bytes(const uint8_t *a, vector b) {
  return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a), (__m128i)b));
}
#define PREFETCH(p) __builtin_prefetch(p)
#endif

INLINE vector load_vector(const uint8_t *p) {
  vector v;
  __builtin_memcpy(&v, p, 16);
  return v;
}

INLINE int equal_keys(const uint8_t *a, const uint8_t *b, uint32_t key_bytes) {
  uint32_t same = equal_bytes(a, load_vector(b));
  if (key_bytes >= 32) same &= equal_bytes(a + 16, load_vector(b + 16));
  if (key_bytes >= 48) same &= equal_bytes(a + 32, load_vector(b + 32));
  return same == 0xffff;
}

INLINE const uint8_t *key_at(const uint8_t *bucket, uint32_t way, uint32_t key_bytes) {
  return bucket + (key_bytes == 32 ? 32 : 16) + way * (key_bytes == 48 ? 64 : key_bytes);
}

INLINE uint32_t tag_of(uint64_t hash) { return (uint32_t)(hash >> 56) | 0x80; }

INLINE uint32_t other(uint32_t bucket, uint64_t hash, uint32_t mask) {
  return bucket ^ (((uint32_t)(hash >> 28) | 1) & mask);
}

INLINE uint32_t ways_of(const uint8_t *bucket, uint32_t tag) {
  return equal_bytes(bucket, (vector){} + (uint8_t)tag) & 7;
}

INLINE uint32_t candidates(const uint8_t *bucket, uint32_t ways, const uint8_t *key, uint32_t key_bytes) {
  for (; ways; ways &= ways - 1) {
    uint32_t way = (uint32_t)__builtin_ctz(ways);
    if (equal_keys(key_at(bucket, way, key_bytes), key, key_bytes)) return load32(bucket + VALUES + 4 * way);
  }
  return MISS;
}

INLINE uint32_t lookup_run(uint8_t *base, uint8_t *table, const uint8_t *list, uint8_t *out, uint32_t n, uint32_t key_bytes) {
  const uint8_t *buckets = base + load32(table + BUCKETS);
  const uint32_t mask = load32(table + MASK), large = load32(table + LARGE), bucket_bytes = key_bytes * 4;
  const uint64_t seed = load64(table + SEED);
  uint8_t *hashes = table + HASHES, *pending = table + PENDING;
  uint32_t missing = 0, hits = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t hash = murmur3(base + load32(list + 4 * i), key_bytes, seed);
    store64(hashes + 8 * i, hash);
    if (large) PREFETCH(buckets + (uint64_t)((uint32_t)hash & mask) * bucket_bytes);
  }
  if (large && key_bytes > 16) {
    for (uint32_t i = 0; i < n; i++) {
      uint64_t hash = load64(hashes + 8 * i);
      const uint8_t *bucket = buckets + (uint64_t)((uint32_t)hash & mask) * bucket_bytes;
      PREFETCH(key_at(bucket, (uint32_t)__builtin_ctz(ways_of(bucket, tag_of(hash)) | 4), key_bytes));
    }
  }
  for (uint32_t i = 0; i < n; i++) {
    uint64_t hash = load64(hashes + 8 * i);
    const uint8_t *bucket = buckets + (uint64_t)((uint32_t)hash & mask) * bucket_bytes;
    uint32_t ways = ways_of(bucket, tag_of(hash));
    if (ways) {
      uint32_t way = (uint32_t)__builtin_ctz(ways);
      if (equal_keys(key_at(bucket, way, key_bytes), base + load32(list + 4 * i), key_bytes)) {
        store32(out + 4 * i, load32(bucket + VALUES + 4 * way));
        continue;
      }
    }
    store32(pending + 4 * missing++, i | (ways & (ways - 1)) << PENDING_WAYS);
    if (large) PREFETCH(buckets + (uint64_t)other((uint32_t)hash & mask, hash, mask) * bucket_bytes);
  }
  for (uint32_t p = 0; p < missing; p++) {
    uint32_t entry = load32(pending + 4 * p), i = entry & (BURST - 1);
    uint64_t hash = load64(hashes + 8 * i);
    const uint8_t *key = base + load32(list + 4 * i);
    const uint32_t first = (uint32_t)hash & mask;
    const uint8_t *second = buckets + (uint64_t)other(first, hash, mask) * bucket_bytes;
    uint32_t value = candidates(second, ways_of(second, tag_of(hash)), key, key_bytes);
    if (entry >> PENDING_WAYS && value == MISS) {
      value = candidates(buckets + (uint64_t)first * bucket_bytes, entry >> PENDING_WAYS, key, key_bytes);
    }
    store32(out + 4 * i, value);
    hits += value != MISS;
  }
  return n - missing + hits;
}

uint32_t table_lookup_burst(uint8_t *base, uint32_t table, uint32_t ptrs, uint32_t out, uint32_t n) {
  const uint32_t key_bytes = load32(base + table + KEY_BYTES);
  uint32_t hits = 0;
  for (uint32_t at = 0; at < n; at += BURST) {
    const uint32_t run = n - at < BURST ? n - at : BURST;
    const uint8_t *list = base + ptrs + 4 * at;
    uint8_t *values = base + out + 4 * at;
    if (key_bytes == 16) hits += lookup_run(base, base + table, list, values, run, 16);
    else if (key_bytes == 32) hits += lookup_run(base, base + table, list, values, run, 32);
    else hits += lookup_run(base, base + table, list, values, run, 48);
  }
  return hits;
}
