/* CRC-32 of a burst, by slicing and by the same folding as assembly/crc/, over the same table. */
#include "bytes.h"

enum { SLICE = 0, FOLD = 16384, WINDOW = 18048, FOLD_PLANES = 12 };

typedef uint8_t plane_t __attribute__((vector_size(16)));
typedef uint16_t words_t __attribute__((vector_size(16)));
typedef uint32_t dwords_t __attribute__((vector_size(16)));

static inline plane_t load_plane(const uint8_t *p) {
  plane_t value;
  __builtin_memcpy(&value, p, 16);
  return value;
}

static inline void store_plane(uint8_t *p, plane_t value) { __builtin_memcpy(p, &value, 16); }

static inline uint32_t slice_bytes(const uint32_t *slice, uint32_t crc, const uint8_t *p, uint32_t len) {
  for (; len > 0; len--) crc = (crc >> 8) ^ slice[(crc ^ *p++) & 0xff];
  return crc;
}

/* The usual table method in software: eight bytes a step (M. Kounavis and F. Berry, 2005). */
static uint32_t slice8(const uint32_t *slice, uint32_t crc, const uint8_t *p, uint32_t len) {
  for (; len >= 8; len -= 8, p += 8) {
    const uint64_t word = load64(p) ^ crc;
    crc = slice[7 * 256 + (word & 0xff)] ^ slice[6 * 256 + ((word >> 8) & 0xff)] ^
          slice[5 * 256 + ((word >> 16) & 0xff)] ^ slice[4 * 256 + ((word >> 24) & 0xff)] ^
          slice[3 * 256 + ((word >> 32) & 0xff)] ^ slice[2 * 256 + ((word >> 40) & 0xff)] ^
          slice[1 * 256 + ((word >> 48) & 0xff)] ^ slice[word >> 56];
  }
  return slice_bytes(slice, crc, p, len);
}

/* A byte shuffle by a variable, which GCC has only as an intrinsic of each machine; indices are 0 to 15 or have the top bit set. */
#if defined(__wasm__)
#include <wasm_simd128.h>
static inline plane_t swizzle(plane_t a, plane_t by) { return (plane_t)wasm_i8x16_swizzle((v128_t)a, (v128_t)by); }
#else
typedef char chars_t __attribute__((vector_size(16)));
static inline plane_t swizzle(plane_t a, plane_t by) {
  return (plane_t)__builtin_ia32_pshufb128((chars_t)a, (chars_t)by);
}
#endif

/* The 16 bytes of (before, after) that begin at byte `at`. */
#if defined(__clang__)
#define LANE(at, i) ((at) + (i))
#define CONCAT(before, after, at)                                                                                      \
  __builtin_shufflevector(before, after, LANE(at, 0), LANE(at, 1), LANE(at, 2), LANE(at, 3), LANE(at, 4), LANE(at, 5),  \
                          LANE(at, 6), LANE(at, 7), LANE(at, 8), LANE(at, 9), LANE(at, 10), LANE(at, 11),               \
                          LANE(at, 12), LANE(at, 13), LANE(at, 14), LANE(at, 15))
#else
#define CONCAT(before, after, at)                                                                                      \
  __builtin_shuffle(before, after, (plane_t){(at), (at) + 1, (at) + 2, (at) + 3, (at) + 4, (at) + 5, (at) + 6, (at) + 7, \
                                             (at) + 8, (at) + 9, (at) + 10, (at) + 11, (at) + 12, (at) + 13, (at) + 14, \
                                             (at) + 15})
#endif

static inline uint32_t slice_plane(const uint32_t *slice, plane_t plane) {
  uint8_t bytes[16];
  store_plane(bytes, plane);
  const uint64_t low = load64(bytes);
  const uint64_t high = load64(bytes + 8);
  uint32_t crc = 0;
  for (int i = 0; i < 8; i++) {
    crc ^= slice[(15 - i) * 256 + ((low >> (8 * i)) & 0xff)];
    crc ^= slice[(7 - i) * 256 + ((high >> (8 * i)) & 0xff)];
  }
  return crc;
}

static inline uint32_t fold_planes(const uint8_t *table, plane_t plane, plane_t delta, const uint8_t *p, uint32_t n) {
  const plane_t none = {0};
  plane_t r0 = none, r1 = none, r2 = none, r3 = none;
  for (const uint8_t *step = table + FOLD + n * 128; n > 0; n--, step -= 128, p += 16) {
    const plane_t low = plane & 15;
    const plane_t high = (plane_t)((words_t)plane >> 4) & 15;
    r0 ^= swizzle(load_plane(step), low) ^ swizzle(load_plane(step + 16), high);
    r1 ^= swizzle(load_plane(step + 32), low) ^ swizzle(load_plane(step + 48), high);
    r2 ^= swizzle(load_plane(step + 64), low) ^ swizzle(load_plane(step + 80), high);
    r3 ^= swizzle(load_plane(step + 96), low) ^ swizzle(load_plane(step + 112), high);
    plane = load_plane(p) ^ delta;
    delta = none;
  }
  const plane_t two = r2 ^ CONCAT(none, r3, 15);
  const plane_t one = r1 ^ CONCAT(none, two, 15);
  const uint32_t over = one[15] | ((uint32_t)two[15] << 8) | ((uint32_t)r3[15] << 16);
  return slice_plane((const uint32_t *)(table + SLICE), plane ^ r0 ^ CONCAT(none, one, 15)) ^ over;
}

/* What a plane gets from the eight before it: distances 32, 40, 86, 102, 107, 112, 120. */
#define STEP(m, w1, w2, w3, w4, w5, w6, w7, w8)                                                                        \
  ((m) ^ CONCAT(w7, w6, 5) ^ CONCAT(w6 ^ w7, w5 ^ w6, 10) ^ (w2 ^ w7) ^ CONCAT(w3 ^ w8, w2 ^ w7, 8))

static uint32_t fold_many(uint8_t *table, plane_t h, plane_t delta, const uint8_t *p, uint32_t planes) {
  const plane_t none = {0};
  plane_t a = none, b = none, c = none, d = none, e = none, f = none, g = none;
  const uint32_t blocks = (planes - 4) & ~7u;
  const uint8_t *end = p + 16 * (planes - blocks);
  for (; p < end; p += 16) {
    const plane_t w = STEP(load_plane(p) ^ delta, h, g, f, e, d, c, b, a);
    delta = none;
    a = b, b = c, c = d, d = e, e = f, f = g, g = h, h = w;
  }
  for (end = p + 16 * (blocks - 8); p < end; p += 128) {
    a = STEP(load_plane(p), h, g, f, e, d, c, b, a);
    b = STEP(load_plane(p + 16), a, h, g, f, e, d, c, b);
    c = STEP(load_plane(p + 32), b, a, h, g, f, e, d, c);
    d = STEP(load_plane(p + 48), c, b, a, h, g, f, e, d);
    e = STEP(load_plane(p + 64), d, c, b, a, h, g, f, e);
    f = STEP(load_plane(p + 80), e, d, c, b, a, h, g, f);
    g = STEP(load_plane(p + 96), f, e, d, c, b, a, h, g);
    h = STEP(load_plane(p + 112), g, f, e, d, c, b, a, h);
  }
  uint8_t *window = table + WINDOW;
  const plane_t last = STEP(load_plane(p), h, g, f, e, d, c, b, a);
  store_plane(window, STEP(load_plane(p + 16), none, h, g, f, e, d, c, b));
  store_plane(window + 16, STEP(load_plane(p + 32), none, none, h, g, f, e, d, c));
  store_plane(window + 32, STEP(load_plane(p + 48), none, none, none, h, g, f, e, d));
  store_plane(window + 48, STEP(load_plane(p + 64), none, none, none, none, h, g, f, e));
  store_plane(window + 64, STEP(load_plane(p + 80), none, none, none, none, none, h, g, f));
  store_plane(window + 80, STEP(load_plane(p + 96), none, none, none, none, none, none, h, g));
  store_plane(window + 96, STEP(load_plane(p + 112), none, none, none, none, none, none, none, h));
  return fold_planes(table, last, none, window, 7);
}

static uint32_t fold(uint8_t *table, uint32_t crc, const uint8_t *p, uint32_t len) {
  if (len < 16) return slice_bytes((const uint32_t *)(table + SLICE), crc, p, len);
  const plane_t lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const uint32_t some = ((len - 1) & 15) + 1;
  const plane_t begun = (plane_t)(dwords_t){crc, 0, 0, 0};
  const plane_t first = swizzle(load_plane(p) ^ begun, lanes + (uint8_t)(some - 16));
  // Lanes from 16 on want a top bit: 112 more.
  const plane_t beyond = lanes + (uint8_t)some;
  const plane_t delta = swizzle(begun, beyond | (plane_t)(beyond > 15));
  const uint32_t planes = (len - 1) >> 4;
  return planes <= FOLD_PLANES ? fold_planes(table, first, delta, p + some, planes)
                               : fold_many(table, first, delta, p + some, planes);
}

uint32_t crc32_slice8_burst(uint8_t *base, uint32_t table, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) {
  const uint32_t *slice = (const uint32_t *)(base + table + SLICE);
  for (uint32_t i = 0; i < 4 * n; i += 4) {
    const uint32_t crc = ~slice8(slice, ~0u, base + load32(base + ptrs + i), load32(base + lens + i));
    __builtin_memcpy(base + out + i, &crc, 4);
  }
  return n;
}

uint32_t crc32_fold_burst(uint8_t *base, uint32_t table, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) {
  for (uint32_t i = 0; i < 4 * n; i += 4) {
    const uint32_t crc = ~fold(base + table, ~0u, base + load32(base + ptrs + i), load32(base + lens + i));
    __builtin_memcpy(base + out + i, &crc, 4);
  }
  return n;
}
