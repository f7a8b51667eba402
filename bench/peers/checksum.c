/*
 * The Internet checksum (RFC 1071) of a burst, three ways: by vectors as ringlane does it, by 64-bit additions with the carry
 * added back, and by the same in two chains.
 */
#include <stdint.h>

typedef uint64_t u64x2 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t u64 __attribute__((aligned(1), may_alias));
typedef uint32_t u32 __attribute__((aligned(1), may_alias));
typedef uint16_t u16 __attribute__((aligned(1), may_alias));

static inline uint32_t complement(uint64_t sum) {
  const uint32_t both = (uint32_t)((sum + (sum >> 32 | sum << 32)) >> 32);
  return ((both + (both >> 16 | both << 16)) >> 16) ^ 0xffff;
}

static inline uint64_t add_rest(const uint8_t *p, uint32_t len, uint64_t sum) {
  if (len & 8) {
    const uint64_t words = *(const u64 *)p;
    sum += (uint32_t)words;
    sum += words >> 32;
    p += 8;
  }
  if (len & 4) {
    sum += *(const u32 *)p;
    p += 4;
  }
  if (len & 2) {
    sum += *(const u16 *)p;
    p += 2;
  }
  if (len & 1) sum += *p;
  return sum;
}

static inline uint64_t sum_vectors(const uint8_t *p, uint32_t len) {
  uint64_t sum = 0;
  if (len >= 16) {
    u64x2 all = {0, 0}, high = all, all2 = all, high2 = all;
    for (const uint8_t *end = p + (len & ~63u); p < end; p += 64) {
      const u64x2 a = *(const u64x2 *)p;
      const u64x2 b = *(const u64x2 *)(p + 16);
      const u64x2 c = *(const u64x2 *)(p + 32);
      const u64x2 d = *(const u64x2 *)(p + 48);
      all += a;
      high += a >> 32;
      all2 += b;
      high2 += b >> 32;
      all += c;
      high += c >> 32;
      all2 += d;
      high2 += d >> 32;
    }
    if (len & 32) {
      const u64x2 a = *(const u64x2 *)p;
      const u64x2 b = *(const u64x2 *)(p + 16);
      all += a;
      high += a >> 32;
      all2 += b;
      high2 += b >> 32;
      p += 32;
    }
    if (len & 16) {
      const u64x2 a = *(const u64x2 *)p;
      all += a;
      high += a >> 32;
      p += 16;
    }
    all += all2;
    high += high2;
    const u64x2 both = all - (high << 32) + high;
    sum = both[0] + both[1];
  }
  return add_rest(p, len & 15, sum);
}

static inline uint64_t add_carry(uint64_t sum, uint64_t words) {
  sum += words;
  return sum + (sum < words);
}

static inline uint64_t sum_carries(const uint8_t *p, uint32_t len) {
  uint64_t sum = 0;
  for (; len >= 8; p += 8, len -= 8) sum = add_carry(sum, *(const u64 *)p);
  return add_carry(sum, add_rest(p, len, 0));
}

static inline uint64_t sum_two_carries(const uint8_t *p, uint32_t len) {
  uint64_t sum = 0, sum2 = 0;
  for (; len >= 32; p += 32, len -= 32) {
    sum = add_carry(sum, *(const u64 *)p);
    sum2 = add_carry(sum2, *(const u64 *)(p + 8));
    sum = add_carry(sum, *(const u64 *)(p + 16));
    sum2 = add_carry(sum2, *(const u64 *)(p + 24));
  }
  for (; len >= 8; p += 8, len -= 8) sum = add_carry(sum, *(const u64 *)p);
  return add_carry(add_carry(sum, sum2), add_rest(p, len, 0));
}

#define BURST(sum) \
  const uint32_t *at = (const uint32_t *)(base + ptrs); \
  const uint32_t *len = (const uint32_t *)(base + lens); \
  uint32_t *checks = (uint32_t *)(base + out); \
  for (uint32_t i = 0; i < n; i++) checks[i] = complement(sum(base + at[i], len[i])); \
  return n

uint32_t checksum_burst(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) { BURST(sum_vectors); }

uint32_t checksum_burst_carry(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) { BURST(sum_carries); }

uint32_t checksum_burst_two_carries(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) {
  BURST(sum_two_carries);
}
