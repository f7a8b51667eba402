/* DPDK's own functions on the same bytes: what people who do not use ringlane would call. Built where libdpdk is installed. */
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_ip.h>
#include <rte_jhash.h>
#include <rte_mbuf.h>
#include <rte_net_crc.h>
#include <rte_ring.h>
#include <rte_thash.h>
#include <stdlib.h>

#include "bytes.h"

#define BURST_MAX 256

void dpdk_start(void);
uint32_t dpdk_checksum_burst(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n);
uint32_t dpdk_crc32_scalar_burst(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n);
uint32_t dpdk_crc32_sse42_burst(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n);
uint32_t dpdk_softrss_burst(uint8_t *base, uint32_t key, uint32_t ptrs, uint32_t words, uint32_t out, uint32_t n);
uint32_t dpdk_ring_burst(uint8_t *base, uint32_t list, uint32_t out, uint32_t n);
uint32_t dpdk_pool_burst(uint8_t *base, uint32_t n);
uint32_t dpdk_prepend_burst(uint8_t *base, uint32_t n, uint32_t header, uint32_t bytes);
uint32_t dpdk_hash_burst(uint8_t *base, uint32_t ptrs, uint32_t all, uint32_t count, uint32_t key_bytes, uint32_t n);

static struct rte_ring *ring;
static struct rte_mempool *pool;
static struct rte_hash *table;

void dpdk_start(void) {
  char *args[] = {"peers", "--no-shconf", "--no-huge", "-m", "1024", "--no-pci", "--no-telemetry", "--log-level=error", "-l", "0"};
  if (rte_eal_init(sizeof args / sizeof *args, args) < 0) exit(3);
  ring = rte_ring_create("ring", 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  pool = rte_pktmbuf_pool_create("pool", 1023, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (!ring || !pool) exit(3);
}

static inline uint32_t u32_at(const uint8_t *base, uint32_t list, uint32_t i) { return load32(base + list + i * 4); }

static inline void set_u32(uint8_t *base, uint32_t list, uint32_t i, uint32_t value) { store32(base + list + i * 4, value); }

uint32_t dpdk_checksum_burst(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    set_u32(base, out, i, (uint16_t)~rte_raw_cksum(base + u32_at(base, ptrs, i), u32_at(base, lens, i)));
  }
  return n;
}

/* Chosen when it changes only, since choosing takes longer than a burst. */
static void choose(enum rte_net_crc_alg wanted) {
  static int chosen = -1;
  if (chosen != (int)wanted) rte_net_crc_set_alg(wanted);
  chosen = (int)wanted;
}

static uint32_t crc32_burst(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    set_u32(base, out, i, rte_net_crc_calc(base + u32_at(base, ptrs, i), u32_at(base, lens, i), RTE_NET_CRC32_ETH));
  }
  return n;
}

uint32_t dpdk_crc32_scalar_burst(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) {
  choose(RTE_NET_CRC_SCALAR);
  return crc32_burst(base, ptrs, lens, out, n);
}

uint32_t dpdk_crc32_sse42_burst(uint8_t *base, uint32_t ptrs, uint32_t lens, uint32_t out, uint32_t n) {
  choose(RTE_NET_CRC_SSE42);
  return crc32_burst(base, ptrs, lens, out, n);
}

/* The key as given; the tuple in words of host byte order, as the function wants it. */
uint32_t dpdk_softrss_burst(uint8_t *base, uint32_t key, uint32_t ptrs, uint32_t words, uint32_t out, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    uint32_t tuple[9];
    for (uint32_t w = 0; w < words; w++) tuple[w] = __builtin_bswap32(load32(base + u32_at(base, ptrs, i) + w * 4));
    set_u32(base, out, i, rte_softrss(tuple, words, base + key));
  }
  return n;
}

uint32_t dpdk_ring_burst(uint8_t *base, uint32_t list, uint32_t out, uint32_t n) {
  rte_ring_sp_enqueue_burst_elem(ring, base + list, 4, n, 0);
  return rte_ring_sc_dequeue_burst_elem(ring, base + out, 4, n, 0);
}

uint32_t dpdk_pool_burst(uint8_t *base, uint32_t n) {
  struct rte_mbuf *mbufs[BURST_MAX];
  (void)base;
  if (rte_pktmbuf_alloc_bulk(pool, mbufs, n) != 0) return 0;
  rte_pktmbuf_free_bulk(mbufs, n);
  return n;
}

/* Headers in front of n frames, then off again, so that the next run finds room; a byte of each is written. */
uint32_t dpdk_prepend_burst(uint8_t *base, uint32_t n, uint32_t header, uint32_t bytes) {
  static struct rte_mbuf *mbufs[BURST_MAX];
  if (!mbufs[0]) {
    if (rte_pktmbuf_alloc_bulk(pool, mbufs, BURST_MAX) != 0) exit(3);
    for (uint32_t i = 0; i < BURST_MAX; i++) rte_pktmbuf_append(mbufs[i], (uint16_t)bytes);
  }
  uint32_t done = 0;
  for (uint32_t i = 0; i < n; i++) {
    char *at = rte_pktmbuf_prepend(mbufs[i], (uint16_t)header);
    if (!at) continue;
    *at = (char)(base[0] + i);
    rte_pktmbuf_adj(mbufs[i], (uint16_t)header);
    done++;
  }
  return done;
}

/* Looks n keys up in a cuckoo hash of all count keys, which is built at the first call. */
uint32_t dpdk_hash_burst(uint8_t *base, uint32_t ptrs, uint32_t all, uint32_t count, uint32_t key_bytes, uint32_t n) {
  if (!table) {
    struct rte_hash_parameters parameters = {
        .name = "table", .entries = count + count / 8 + 8, .key_len = key_bytes, .hash_func = rte_jhash};
    table = rte_hash_create(&parameters);
    if (!table) exit(3);
    for (uint32_t i = 0; i < count; i++) {
      if (rte_hash_add_key_data(table, base + all + (uint64_t)i * key_bytes, (void *)(uintptr_t)i) < 0) exit(3);
    }
  }
  const void *keys[RTE_HASH_LOOKUP_BULK_MAX];
  void *values[RTE_HASH_LOOKUP_BULK_MAX];
  uint64_t hits = 0;
  for (uint32_t i = 0; i < n; i++) keys[i] = base + u32_at(base, ptrs, i);
  rte_hash_lookup_bulk_data(table, keys, n, &hits, values);
  uint32_t sum = 0;
  for (uint32_t i = 0; i < n; i++) sum += (uint32_t)(uintptr_t)values[i];
  return sum;
}
