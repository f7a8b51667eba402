/* The records of ringlane's linear memory (assembly/layout.ts), as C sees them; addresses are offsets from base. */
#ifndef RECORDS_H
#define RECORDS_H
#include "bytes.h"

struct mbuf {
  uint32_t buf, data, len, next, pkt_len, wire_len;
  uint16_t ref_count, segments, port;
  uint8_t census_round, census_seen;
  uint32_t flags;
  uint16_t l3, l4, payload, cause;
  uint32_t hash;
  uint64_t timestamp_ns;
  uint32_t vni, l4_len;
};
_Static_assert(sizeof(struct mbuf) == 64, "mbuf");

enum { FLAG_IPV4 = 0x1, FLAG_TCP = 0x10, FLAG_UDP = 0x20, FLAG_FRAGMENT = 0x100 };

struct pool {
  uint32_t records, buffers, free_stack, free_count, count, buf_bytes, headroom, census_round, census_doubles, unused;
  uint64_t empty;
  uint8_t unused2[16];
};
_Static_assert(sizeof(struct pool) == 64, "pool");

struct ring {
  uint32_t slots, mask;
  uint8_t line0[56];
  uint32_t head, unused;
  uint64_t refused;
  uint8_t line1[48];
  uint32_t tail;
  uint8_t line2[60];
};
_Static_assert(sizeof(struct ring) == 192, "ring");

struct tunnel {
  uint32_t vni, flags, vnic, uplink, header_len, l3, ip_sum, udp_sum;
  uint16_t port_base, port_count;
  uint8_t tos_keep, kind;
  uint16_t l4;
  uint32_t frame_bytes_max, unused0;
  uint8_t template[208], local[16], remote[16], growth[16], unused1[16];
};
_Static_assert(sizeof(struct tunnel) == 320, "tunnel");

struct desc {
  uint64_t addr;
  uint32_t len;
  uint16_t id, flags;
};

struct queue {
  uint32_t descs, size, slots, free, free_id, next_avail, avail_wrap, next_used, used_wrap, unused1;
  uint64_t refused, doorbells, unused2;
  uint32_t device_avail, device_avail_wrap, device_used, device_used_wrap, device_segments, unused3[11];
};
_Static_assert(sizeof(struct queue) == 128, "queue");

struct port {
  uint32_t index, flags, pool, rx_ring, tx_queue, counters, unused[2];
};
_Static_assert(sizeof(struct port) == 32, "port");

struct stage {
  uint32_t room, end, at, stop, segment_bytes, frame_bytes_max, unused[10];
};
_Static_assert(sizeof(struct stage) == 64, "stage");

struct packed {
  uint32_t len, wire_len;
  uint64_t timestamp_ns;
};

struct slot {
  uint32_t mbuf;
  uint16_t segments, next_free_id;
};

static inline struct mbuf *mbuf_at(uint8_t *base, uint32_t list, uint32_t i) {
  return (struct mbuf *)(base + load32(base + list + i * 4));
}

#endif
