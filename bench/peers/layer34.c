/* The hash of Linux bonding under xmit_hash_policy=layer3+4, over parsed mbufs; see assembly/hash/bonding.ts for its source; as of 5.18. */
#include <stdbool.h>

#include "records.h"

typedef uint64_t u64 __attribute__((aligned(1), may_alias));
typedef uint32_t u32 __attribute__((aligned(1), may_alias));
typedef uint16_t u16 __attribute__((aligned(1), may_alias));

enum { F_IPV4 = 0x1, F_TCP = 0x10, F_UDP = 0x20, F_FRAGMENT = 0x100, F_VLAN = 0x1000, F_QINQ = 0x2000 };
enum { ICMP = 1, TCP = 6, UDP = 17, DCCP = 33, ESP = 50, AH = 51, ICMPV6 = 58, SCTP = 132, UDPLITE = 136, NONE = 256 };

static inline uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }

static inline uint32_t mixed(uint32_t hash) {
  hash ^= hash >> 16;
  hash ^= hash >> 8;
  return hash >> 1;
}

static inline uint32_t addresses(const uint8_t *ip, bool v6) {
  if (!v6) return *(const u32 *)(ip + 12) ^ *(const u32 *)(ip + 16);
  const u64 *a = (const u64 *)(ip + 8);
  const uint64_t both = a[0] ^ a[1] ^ a[2] ^ a[3];
  return (uint32_t)(both ^ both >> 32);
}

static inline uint32_t header_bytes(const uint8_t *ip, bool v6) { return v6 ? 40 : (ip[0] & 15u) * 4; }

static inline uint32_t protocol(const uint8_t *ip, bool v6) {
  if (v6) return ip[6];
  return be16(ip + 6) & 0x3fff ? NONE : ip[9];
}

static inline uint32_t ports_at(const uint8_t *data, uint32_t len, uint32_t l4, uint32_t kind) {
  switch (kind) {
    case AH:
      l4 += 4;
      break;
    case TCP:
    case UDP:
    case DCCP:
    case ESP:
    case SCTP:
    case UDPLITE:
      break;
    default:
      return 0;
  }
  return l4 + 4 > len ? 0 : *(const u32 *)(data + l4);
}

static inline bool icmp_has_id(uint32_t type) {
  return type == 0 || type == 8 || type == 13 || type == 14 || type == 128 || type == 129;
}

static inline bool icmp_is_error(uint32_t kind, uint32_t type) {
  if (kind == ICMPV6) return type >= 1 && type <= 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static __attribute__((noinline)) uint32_t hash_any(const uint8_t *data, uint32_t len) {
  if (len < 14) return 0;
  uint32_t l3 = 14;
  uint32_t type = be16(data + 12);
  if ((type == 0x8100 || type == 0x88a8) && len >= 18) {
    l3 = 18;
    type = be16(data + 16);
  }
  const uint32_t layer2 = data[5] ^ data[11] ^ type;
  const bool v6 = type == 0x86dd;
  if (type != 0x0800 && !v6) return layer2;
  const uint32_t fixed = v6 ? 40 : 20;
  if (l3 + fixed > len) return layer2;
  const uint8_t *ip = data + l3;
  uint32_t l4 = l3 + header_bytes(ip, v6);
  uint32_t kind = protocol(ip, v6);
  if (kind == ICMP || kind == ICMPV6) {
    const uint8_t *icmp = data + l4;
    if (l4 + 8 > len) return mixed(addresses(ip, v6));
    if (icmp_has_id(icmp[0])) {
      const uint32_t id = be16(icmp + 4);
      return mixed(addresses(ip, v6) ^ (*(const u16 *)icmp | (id ? id : 1) << 16));
    }
    if (icmp_is_error(kind, icmp[0])) {
      const uint32_t quoted = l4 + 8;
      if (quoted + fixed > len) return layer2;
      ip = data + quoted;
      l4 = quoted + header_bytes(ip, v6);
      kind = protocol(ip, v6);
    }
  }
  return mixed(addresses(ip, v6) ^ ports_at(data, len, l4, kind));
}

static inline uint32_t hash_of(const uint8_t *base, uint32_t at) {
  const struct mbuf *m = (const struct mbuf *)(base + at);
  const uint32_t kind = m->flags & (F_IPV4 | F_TCP | F_UDP | F_FRAGMENT | F_VLAN | F_QINQ);
  const uint8_t *data = base + m->data;
  if ((kind != (F_IPV4 | F_TCP) && kind != (F_IPV4 | F_UDP)) || m->payload == 0) return hash_any(data, m->len);
  const uint8_t *ip = data + m->l3;
  return mixed(*(const u32 *)(data + m->l4) ^ *(const u32 *)(ip + 12) ^ *(const u32 *)(ip + 16));
}

uint32_t layer34_burst(uint8_t *base, uint32_t list, uint32_t out, uint32_t n) {
  const uint32_t *frames = (const uint32_t *)(base + list);
  uint32_t *hashes = (uint32_t *)(base + out);
  for (uint32_t i = 0; i < n; i++) hashes[i] = hash_of(base, frames[i]);
  return n;
}

uint32_t pick_burst(uint8_t *base, uint32_t list, uint32_t members, uint32_t out, uint32_t n) {
  const uint32_t *frames = (const uint32_t *)(base + list);
  uint32_t *picks = (uint32_t *)(base + out);
  for (uint32_t i = 0; i < n; i++) picks[i] = hash_of(base, frames[i]) % members;
  return n;
}
