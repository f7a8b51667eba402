/* The Toeplitz hash of receive-side scaling, table form: 256 words for each byte of the tuple. */
#include <stdint.h>

#define U32(base, at) ((const uint32_t *)((base) + (at)))

static inline uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint32_t toeplitz_init(uint8_t *base, uint32_t table, uint32_t key, uint32_t key_bytes, uint32_t tuple_bytes) {
  if (key_bytes < tuple_bytes + 4) return 0;
  for (uint32_t i = 0; i < tuple_bytes; i++) {
    uint32_t *row = (uint32_t *)(base + table) + i * 256;
    const uint64_t bits = (uint64_t)be32(base + key + i) << 8 | base[key + i + 4];
    for (uint32_t value = 0; value < 256; value++) {
      uint32_t hash = 0;
      for (uint32_t bit = 0; bit < 8; bit++) {
        if (value & (0x80 >> bit)) hash ^= (uint32_t)(bits >> (8 - bit));
      }
      row[value] = hash;
    }
  }
  return 1;
}

static inline uint32_t lookup(const uint32_t *row, const uint8_t *tuple, uint32_t bytes) {
  uint32_t hash = 0;
  for (uint32_t i = 0; i < bytes; i++) hash ^= row[i * 256 + tuple[i]];
  return hash;
}

uint32_t toeplitz(uint8_t *base, uint32_t table, uint32_t tuple, uint32_t tuple_bytes) {
  return lookup(U32(base, table), base + tuple, tuple_bytes);
}

/* A constant length, so that the compiler unrolls the loop. */
#define BURST(bytes) \
  for (uint32_t i = 0; i < n; i++) hashes[i] = lookup(rows, base + tuples[i], bytes)

uint32_t toeplitz_burst(uint8_t *base, uint32_t table, uint32_t ptrs, uint32_t tuple_bytes, uint32_t out, uint32_t n) {
  const uint32_t *rows = U32(base, table);
  const uint32_t *tuples = U32(base, ptrs);
  uint32_t *hashes = (uint32_t *)(base + out);
  if (tuple_bytes == 12) BURST(12);
  else if (tuple_bytes == 8) BURST(8);
  else if (tuple_bytes == 36) BURST(36);
  else if (tuple_bytes == 32) BURST(32);
  else BURST(tuple_bytes);
  return n;
}
