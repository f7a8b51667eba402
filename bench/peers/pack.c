/* What a driver does that copies frames out, over the records of assembly/path/pack.ts; frames of one segment only. */
#include "records.h"

enum { STAGE_DATA = 64, AVAIL = 0x80, USED = 0x8000 };

typedef uint8_t vector __attribute__((vector_size(16), aligned(1), may_alias));

uint32_t pack_burst(uint8_t *base, uint32_t port, uint32_t stage, uint32_t n) {
  struct port *p = (struct port *)(base + port);
  struct stage *s = (struct stage *)(base + stage);
  struct queue *q = (struct queue *)(base + p->tx_queue);
  struct pool *pool = (struct pool *)(base + p->pool);
  uint8_t *data = base + stage + STAGE_DATA;
  uint32_t used = 0, taken = 0;
  for (; taken < n; taken++) {
    struct desc *head = (struct desc *)(base + q->descs) + q->device_avail;
    if ((head->flags & (AVAIL | USED)) != (q->device_avail_wrap ? AVAIL : USED)) break;
    struct slot *slot = (struct slot *)(base + q->slots) + head->id;
    uint32_t at = slot->mbuf;
    struct mbuf *m = (struct mbuf *)(base + at);
    uint32_t bytes = 16 + ((m->pkt_len + 15) & ~15u);
    if (bytes > s->room - used) break;
    struct packed packed = {m->pkt_len, m->wire_len, m->timestamp_ns};
    __builtin_memcpy(data + used, &packed, 16);
    const uint8_t *from = base + head->addr;
    for (uint32_t i = 0; i < m->pkt_len; i += 16) *(vector *)(data + used + 16 + i) = *(const vector *)(from + i);
    used += bytes;
    slot->mbuf = 0;
    slot->next_free_id = (uint16_t)q->free_id;
    q->free_id = head->id;
    q->free += 1;
    if (++q->device_avail == q->size) {
      q->device_avail = 0;
      q->device_avail_wrap ^= 1;
      q->device_used_wrap ^= 1;
      q->used_wrap ^= 1;
    }
    q->device_used = q->next_used = q->device_avail;
    if (--m->ref_count == 0) store32(base + pool->free_stack + pool->free_count++ * 4, at);
  }
  s->end = used;
  return taken;
}
