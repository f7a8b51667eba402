/* The single-producer single-consumer ring of mbuf addresses, over the record of assembly/dma/ring.ts. */
#include "records.h"

/* Restricted pointers, so that the compiler makes vectors of it. */
static inline void copy_words(uint32_t *restrict to, const uint32_t *restrict from, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) to[i] = from[i];
}

static inline uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

uint32_t ring_enqueue_burst(uint8_t *base, uint32_t ring, uint32_t list, uint32_t n) {
  struct ring *r = (struct ring *)(base + ring);
  const uint32_t *from = (const uint32_t *)(base + list);
  uint32_t *slots = (uint32_t *)(base + r->slots);
  const uint32_t took = least(n, r->mask + 1 - (r->head - r->tail));
  const uint32_t at = r->head & r->mask;
  const uint32_t first = least(took, r->mask + 1 - at);
  copy_words(slots + at, from, first);
  copy_words(slots, from + first, took - first);
  r->head += took;
  r->refused += n - took;
  return took;
}

uint32_t ring_dequeue_burst(uint8_t *base, uint32_t ring, uint32_t out, uint32_t n) {
  struct ring *r = (struct ring *)(base + ring);
  uint32_t *to = (uint32_t *)(base + out);
  const uint32_t *slots = (const uint32_t *)(base + r->slots);
  const uint32_t took = least(n, r->head - r->tail);
  const uint32_t at = r->tail & r->mask;
  const uint32_t first = least(took, r->mask + 1 - at);
  copy_words(to, slots + at, first);
  copy_words(to + first, slots, took - first);
  r->tail += took;
  return took;
}
