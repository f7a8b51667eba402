/* Loads and stores at any address: little-endian, and big-endian where the name says so. */
#ifndef BYTES_H
#define BYTES_H
#include <stdint.h>

static inline uint16_t load16(const uint8_t *p) {
  uint16_t value;
  __builtin_memcpy(&value, p, 2);
  return value;
}

static inline uint32_t load32(const uint8_t *p) {
  uint32_t value;
  __builtin_memcpy(&value, p, 4);
  return value;
}

static inline uint64_t load64(const uint8_t *p) {
  uint64_t value;
  __builtin_memcpy(&value, p, 8);
  return value;
}

static inline void store16(uint8_t *p, uint16_t value) { __builtin_memcpy(p, &value, 2); }
static inline void store32(uint8_t *p, uint32_t value) { __builtin_memcpy(p, &value, 4); }
static inline void store64(uint8_t *p, uint64_t value) { __builtin_memcpy(p, &value, 8); }

static inline uint16_t load16be(const uint8_t *p) { return __builtin_bswap16(load16(p)); }
static inline void store16be(uint8_t *p, uint16_t value) { store16(p, __builtin_bswap16(value)); }

#endif
