/* The burst form: h1 of n keys at pointers, into u64s at out. */
#include "murmur.h"

uint32_t murmur3_burst(uint8_t *base, uint32_t ptrs, uint32_t bytes, uint32_t seed_low, uint32_t seed_high, uint32_t out,
                       uint32_t n) {
  uint64_t seed = (uint64_t)seed_high << 32 | seed_low;
  const uint8_t *list = base + ptrs;
  uint8_t *to = base + out;
  if (bytes == 16) {
    for (uint32_t i = 0; i < n; i++) store64(to + 8 * i, murmur3(base + load32(list + 4 * i), 16, seed));
  } else if (bytes == 32) {
    for (uint32_t i = 0; i < n; i++) store64(to + 8 * i, murmur3(base + load32(list + 4 * i), 32, seed));
  } else {
    for (uint32_t i = 0; i < n; i++) store64(to + 8 * i, murmur3(base + load32(list + 4 * i), 48, seed));
  }
  return n;
}
