/*
 * VXLAN encapsulation of plain IPv4 frames: parse, flow hash, template in front, lengths, type of service, entropy port, header
 * checksum; then one descriptor each. What ringlane's fast path does, over the same records; frames that it would send the long way are an error.
 */
#include "murmur.h"
#include "records.h"

uint32_t parse_burst(uint8_t *base, uint32_t list, uint32_t n);
uint32_t encap_burst(uint8_t *base, uint32_t list, uint32_t n, uint32_t tunnel);
uint32_t encap_parsed_burst(uint8_t *base, uint32_t list, uint32_t n, uint32_t tunnel);
uint32_t post_burst(uint8_t *base, uint32_t queue, uint32_t list, uint32_t n);
uint32_t decap_burst(uint8_t *base, uint32_t list, uint32_t n, uint32_t port, uint32_t vni, uint32_t strict);
uint32_t restore_at(uint8_t *base, uint32_t at, uint32_t here, uint32_t to, uint32_t from, uint32_t bytes);

/* OK, or anything else for a frame that is not plain. */
static inline uint32_t parse(uint8_t *base, struct mbuf *m) {
  const uint8_t *data = base + m->data, *ip = data + 14, *l4 = ip + 20;
  if (m->len < 54) return 1;
  if (((load32(data + 12) & 0xffffff) ^ 0x450008) | (load16(ip + 6) & 0xff3f) | (data[0] & 1)) return 1;
  uint32_t l4_len = load16be(ip + 2) - 20u;
  if (l4_len > m->wire_len - 34) return 1;
  if (ip[9] == 17) {
    uint32_t length = load16be(l4 + 4);
    if (length < 8 || length > l4_len) return 1;
    m->flags = FLAG_IPV4 | FLAG_UDP;
    m->payload = 42;
  } else {
    uint32_t header = (l4[12] >> 4) * 4u;
    if (ip[9] != 6 || header < 20 || header > l4_len) return 1;
    m->flags = FLAG_IPV4 | FLAG_TCP;
    m->payload = (uint16_t)(34 + header);
  }
  m->l3 = 14;
  m->l4 = 34;
  m->l4_len = l4_len;
  return 0;
}

/* The upper half of MurmurHash3_x64_128's h1 of addresses, ports and protocol, zero padded to 16 bytes. */
static inline uint32_t flow_hash(uint8_t *base, struct mbuf *m) {
  const uint8_t *ip = base + m->data + m->l3;
  uint64_t rest = load32(base + m->data + m->l4) | (uint64_t)ip[9] << 32;
  m->hash = (uint32_t)(murmur_words(load64(ip + 12), rest, 0) >> 32);
  return m->hash;
}

static inline uint32_t fold32(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

static inline uint32_t encap(uint8_t *base, struct mbuf *m, const struct tunnel *t) {
  uint32_t hash = flow_hash(base, m), header = t->header_len, inner = m->wire_len;
  uint32_t ip_length = inner + header - t->l3;
  if (inner > t->frame_bytes_max || m->data - m->buf < header) return 1;
  uint32_t tos = (base[m->data + 15] & t->tos_keep) | t->template[t->l3 + 1];
  m->data -= header;
  m->len += header;
  m->pkt_len += header;
  m->wire_len += header;
  uint8_t *outer = base + m->data, *ip = outer + t->l3, *udp = outer + header - 16;
  __builtin_memcpy(outer, t->template, 48);
  __builtin_memcpy(outer + header - 16, t->template + header - 16, 16);
  ip[1] = (uint8_t)tos;
  store16be(ip + 2, (uint16_t)ip_length);
  store16(ip + 10, (uint16_t)(fold32(t->ip_sum + __builtin_bswap16((uint16_t)ip_length) + (tos << 8)) ^ 0xffff));
  store16be(udp, (uint16_t)(t->port_base + (uint32_t)(((uint64_t)hash * t->port_count) >> 32)));
  store16be(udp + 4, (uint16_t)(16 + inner));
  return 0;
}

uint32_t parse_burst(uint8_t *base, uint32_t list, uint32_t n) {
  uint32_t refused = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct mbuf *m = mbuf_at(base, list, i);
    m->cause = (uint16_t)parse(base, m);
    refused += m->cause;
  }
  return refused;
}

uint32_t encap_burst(uint8_t *base, uint32_t list, uint32_t n, uint32_t tunnel) {
  const struct tunnel *t = (const struct tunnel *)(base + tunnel);
  uint32_t refused = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct mbuf *m = mbuf_at(base, list, i);
    uint32_t cause = parse(base, m);
    if (cause == 0) cause = encap(base, m, t);
    m->cause = (uint16_t)cause;
    refused += cause;
  }
  return refused;
}

uint32_t encap_parsed_burst(uint8_t *base, uint32_t list, uint32_t n, uint32_t tunnel) {
  const struct tunnel *t = (const struct tunnel *)(base + tunnel);
  uint32_t refused = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct mbuf *m = mbuf_at(base, list, i);
    m->cause = (uint16_t)encap(base, m, t);
    refused += m->cause;
  }
  return refused;
}

/* A packed virtqueue, one descriptor a frame; frames of one segment only. */
uint32_t post_burst(uint8_t *base, uint32_t queue, uint32_t list, uint32_t n) {
  struct queue *q = (struct queue *)(base + queue);
  for (uint32_t i = 0; i < n; i++) {
    struct mbuf *m = mbuf_at(base, list, i);
    if (m->segments > q->free) return i;
    uint32_t id = q->free_id;
    struct slot *slot = (struct slot *)(base + q->slots) + id;
    q->free_id = slot->next_free_id;
    q->free -= 1;
    slot->mbuf = (uint32_t)((uint8_t *)m - base);
    slot->segments = 1;
    struct desc *d = (struct desc *)(base + q->descs) + q->next_avail;
    uint16_t flags = q->avail_wrap ? 0x80 : 0x8000;
    if (++q->next_avail == q->size) {
      q->next_avail = 0;
      q->avail_wrap ^= 1;
    }
    d->addr = m->data;
    d->len = m->len;
    d->id = (uint16_t)id;
    d->flags = flags;
  }
  return n;
}

/* When here is at: sets records back to what they were; bytes is a multiple of 64. */
uint32_t restore_at(uint8_t *base, uint32_t at, uint32_t here, uint32_t to, uint32_t from, uint32_t bytes) {
  if (here != at) return 0;
  for (uint32_t i = 0; i < bytes; i += 64) __builtin_memcpy(base + to + i, base + from + i, 64);
  return 0;
}

/* Parses, checks VXLAN, network and outer header checksum, and strips; the UDP checksum is absent. */
uint32_t decap_burst(uint8_t *base, uint32_t list, uint32_t n, uint32_t port, uint32_t vni, uint32_t strict) {
  uint32_t refused = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct mbuf *m = mbuf_at(base, list, i);
    uint32_t cause = parse(base, m);
    const uint8_t *ip = base + m->data + 14, *udp = ip + 20;
    cause |= load16be(udp + 2) != port || load16be(udp + 4) < 30 || m->pkt_len < 64;
    cause |= strict && ((load32(udp + 8) & 0xfffffff7) | udp[15]) != 0;
    cause |= (udp[8] & 8) == 0 || (__builtin_bswap32(load32(udp + 12)) >> 8) != vni;
    uint32_t sum = 0;
    for (uint32_t w = 0; w < 20; w += 2) sum += load16(ip + w);
    cause |= fold32(sum) != 0xffff || load16(udp + 6) != 0;
    if (cause == 0) {
      uint32_t end = 34u + load16be(udp + 4);
      m->data += 50;
      m->len = m->pkt_len = m->wire_len = end - 50;
      m->vni = vni;
    }
    m->cause = (uint16_t)cause;
    refused += cause;
  }
  return refused;
}
