/* Where a frame leaves by: hash, partition, bucket, the bucket's owner; see assembly/lag/pick.ts. Groups of hosts and of switches. */
#include <stdbool.h>

#include "records.h"

enum { KEYS = 0, VALUES = 32, BUCKET = 64, WAYS = 4, OWNERS = 704, UNKNOWN = 0xfd, MOVING = 0xfe, NONE = 0xff, F_VLAN = 0x1000 };

struct group {
  uint32_t ports, port_count, hash, identity, owners, partitions, stride, count, list, hashes, hold, control, flags, network;
  uint32_t tunnels, tunnel_count, mask;
};

struct identity {
  uint32_t buckets, shift;
  uint64_t multiplier;
};

typedef uint64_t u64 __attribute__((aligned(1), may_alias));

uint32_t layer34_burst(uint8_t *base, uint32_t list, uint32_t out, uint32_t n);

static inline uint32_t value_of(const uint8_t *bucket, uint64_t key) {
  const uint64_t *keys = (const uint64_t *)bucket;
  const uint32_t *values = (const uint32_t *)(bucket + VALUES);
  uint32_t value = 0;
  for (unsigned way = 0; way < WAYS; way++) value |= keys[way] == key ? values[way] : 0;
  return value;
}

static inline uint32_t partition_of(const uint8_t *base, const struct identity *t, const struct mbuf *m) {
  const uint8_t *data = base + m->data;
  const uint64_t net = m->flags & F_VLAN ? (uint64_t)(data[14] & 15) << 8 | data[15] : 0;
  const uint64_t key = (*(const u64 *)data & 0xffffffffffff) | net << 48 | 1ull << 63;
  const uint8_t *bucket = base + t->buckets + (key * t->multiplier >> t->shift) * BUCKET;
  uint32_t value = value_of(bucket, key);
  if (value == 0) value = value_of(bucket + BUCKET, key);
  return value & ~1u;
}

static inline uint32_t pick(const uint8_t *base, uint32_t partition, uint32_t hash, uint32_t mask) {
  if (partition == 0) return UNKNOWN;
  const uint32_t owner = base[partition + OWNERS + (hash & mask)];
  return owner < 32 ? owner : owner == NONE ? NONE : MOVING;
}

static inline uint32_t pick_all(uint8_t *base, const struct group *g, uint32_t list, uint32_t n, uint32_t out) {
  const uint32_t *frames = (const uint32_t *)(base + list);
  const uint32_t *hashes = (const uint32_t *)(base + g->hashes);
  const uint32_t *owners = (const uint32_t *)(base + g->owners);
  const struct identity *identity = (const struct identity *)(base + g->identity);
  uint32_t *picks = (uint32_t *)(base + out);
  const uint32_t mask = g->mask;
  const bool is_switch = g->flags & 1;
  for (uint32_t i = 0; i < n; i++) {
    const struct mbuf *m = (const struct mbuf *)(base + frames[i]);
    const uint32_t partition = is_switch ? partition_of(base, identity, m) : owners[m->port];
    picks[i] = pick(base, partition, hashes[i], mask);
  }
  return n;
}

uint32_t lag_layer34_burst(uint8_t *base, uint32_t group, uint32_t list, uint32_t n, uint32_t out) {
  const struct group *g = (const struct group *)(base + group);
  layer34_burst(base, list, g->hashes, n);
  return pick_all(base, g, list, n, out);
}

/* Toeplitz over the tuple of a plain IPv4 frame, by ringlane's table of rows. */
uint32_t lag_toeplitz_burst(uint8_t *base, uint32_t group, uint32_t list, uint32_t n, uint32_t out) {
  const struct group *g = (const struct group *)(base + group);
  const uint32_t *rows = (const uint32_t *)(base + *(const uint32_t *)(base + g->hash + 12));
  const uint32_t *frames = (const uint32_t *)(base + list);
  uint32_t *hashes = (uint32_t *)(base + g->hashes);
  for (uint32_t i = 0; i < n; i++) {
    const uint8_t *tuple = base + ((const struct mbuf *)(base + frames[i]))->data + 26;
    uint32_t hash = 0;
    for (unsigned b = 0; b < 12; b++) hash ^= rows[b * 256 + tuple[b]];
    hashes[i] = hash;
  }
  return pick_all(base, g, list, n, out);
}
