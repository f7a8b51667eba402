/* The mbuf pool and the copies into and out of mbufs, over the records of assembly/mbuf/. */
#include "records.h"

#define MBUF(at) ((struct mbuf *)(base + (at)))
#define SEGMENTS_MAX 64

typedef uint8_t u8x16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t u64 __attribute__((aligned(1), may_alias));
typedef uint32_t u32 __attribute__((aligned(1), may_alias));
typedef uint16_t u16 __attribute__((aligned(1), may_alias));

/* By vectors, the last of which may overlap the one before it; shorter ones by halves. */
static inline void copy(uint8_t *restrict to, const uint8_t *restrict from, uint32_t len) {
  if (len >= 16) {
    const uint32_t last = len - 16;
    uint32_t off = 0;
    for (; off + 48 <= last; off += 64) {
      const u8x16 a = *(const u8x16 *)(from + off);
      const u8x16 b = *(const u8x16 *)(from + off + 16);
      const u8x16 c = *(const u8x16 *)(from + off + 32);
      const u8x16 d = *(const u8x16 *)(from + off + 48);
      *(u8x16 *)(to + off) = a;
      *(u8x16 *)(to + off + 16) = b;
      *(u8x16 *)(to + off + 32) = c;
      *(u8x16 *)(to + off + 48) = d;
    }
    for (; off < last; off += 16) *(u8x16 *)(to + off) = *(const u8x16 *)(from + off);
    *(u8x16 *)(to + last) = *(const u8x16 *)(from + last);
  } else if (len & 8) {
    *(u64 *)to = *(const u64 *)from;
    *(u64 *)(to + len - 8) = *(const u64 *)(from + len - 8);
  } else if (len & 4) {
    *(u32 *)to = *(const u32 *)from;
    *(u32 *)(to + len - 4) = *(const u32 *)(from + len - 4);
  } else {
    if (len & 2) *(u16 *)to = *(const u16 *)from;
    if (len & 1) to[len - 1] = from[len - 1];
  }
}

static inline void fresh(struct mbuf *m, uint32_t headroom, uint32_t len) {
  const struct mbuf empty = {
    .buf = m->buf,
    .data = m->buf + headroom,
    .len = len,
    .pkt_len = len,
    .wire_len = len,
    .ref_count = 1,
    .segments = 1,
  };
  *m = empty;
}

uint32_t alloc_burst(uint8_t *base, uint32_t pool, uint32_t out, uint32_t n) {
  struct pool *p = (struct pool *)(base + pool);
  uint32_t *list = (uint32_t *)(base + out);
  const uint32_t got = n < p->free_count ? n : p->free_count;
  const uint32_t headroom = p->headroom;
  const uint32_t from = p->free_count - got;
  const uint32_t *stack = (const uint32_t *)(base + p->free_stack) + from;
  p->empty += got < n;
  for (uint32_t i = 0; i < got; i++) {
    fresh(MBUF(stack[i]), headroom, 0);
    list[i] = stack[i];
  }
  p->free_count = from;
  return got;
}

uint32_t free_burst(uint8_t *base, uint32_t pool, uint32_t list, uint32_t n) {
  struct pool *p = (struct pool *)(base + pool);
  const uint32_t *chains = (const uint32_t *)(base + list);
  uint32_t *stack = (uint32_t *)(base + p->free_stack);
  uint32_t count = p->free_count;
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t m = chains[i], next; m != 0; m = next) {
      next = MBUF(m)->next;
      if (--MBUF(m)->ref_count == 0) stack[count++] = m;
    }
  }
  p->free_count = count;
  return n;
}

static uint32_t chain_in(uint8_t *base, const uint32_t *top, uint32_t headroom, uint32_t room, uint32_t from, uint32_t len) {
  const uint32_t head = top[-1];
  uint32_t segments = 0;
  for (uint32_t left = len, last = 0; left > 0; segments++) {
    const uint32_t m = *--top;
    const uint32_t part = left < room ? left : room;
    fresh(MBUF(m), headroom, part);
    copy(base + MBUF(m)->data, base + from, part);
    if (last != 0) MBUF(last)->next = m;
    last = m;
    from += part;
    left -= part;
  }
  MBUF(head)->pkt_len = len;
  MBUF(head)->wire_len = len;
  MBUF(head)->segments = (uint16_t)segments;
  return head;
}

uint32_t copy_in_burst(uint8_t *base, uint32_t pool, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) {
  struct pool *p = (struct pool *)(base + pool);
  const uint32_t *ptr = (const uint32_t *)(base + ptrs);
  const uint32_t *len = (const uint32_t *)(base + lens);
  uint32_t *list = (uint32_t *)(base + out);
  const uint32_t *stack = (const uint32_t *)(base + p->free_stack);
  const uint32_t headroom = p->headroom;
  const uint32_t room = p->buf_bytes - headroom;
  uint32_t count = p->free_count;
  uint32_t i = 0;
  for (; i < n; i++) {
    const uint32_t segments = len[i] > room ? (len[i] - 1) / room + 1 : 1;
    if (segments > SEGMENTS_MAX) break;
    if (segments > count) {
      p->empty += 1;
      break;
    }
    if (segments > 1) {
      list[i] = chain_in(base, stack + count, headroom, room, ptr[i], len[i]);
      count -= segments;
      continue;
    }
    const uint32_t m = stack[--count];
    fresh(MBUF(m), headroom, len[i]);
    copy(base + MBUF(m)->data, base + ptr[i], len[i]);
    list[i] = m;
  }
  p->free_count = count;
  return i;
}

uint32_t copy_out_burst(uint8_t *base, uint32_t list, uint32_t out, uint32_t stride_bytes, uint32_t lens, uint32_t n) {
  const uint32_t *chains = (const uint32_t *)(base + list);
  uint32_t *len = (uint32_t *)(base + lens);
  uint32_t i = 0;
  for (; i < n; i++) {
    const uint32_t bytes = MBUF(chains[i])->pkt_len;
    if (bytes > stride_bytes) break;
    uint8_t *to = base + out + i * stride_bytes;
    for (uint32_t m = chains[i]; m != 0; m = MBUF(m)->next) {
      copy(to, base + MBUF(m)->data, MBUF(m)->len);
      to += MBUF(m)->len;
    }
    len[i] = bytes;
  }
  return i;
}
