// A TCP connection as its segments show it: for each end what it has sent. Both directions are one record of two cache lines, found by
// one key; the end with the lower address and port (in memory order, any order will do) has the first half.
//
//   half       │ flags 1 │ shift 1 │ lastTick 2 │ first │ next │ ack │
//              │ window │ stamp │ asked │ askedUs │
//              │ holes: from, to │ from, to │ from, to │ from, to │
//
//   keys, IPv4, 16 bytes   │ lower address 4 │ higher address 4 │ their ports 4 │ network 4 │
//   and IPv6, 48 bytes     │ lower address 16 │ higher address 16 │ their ports 4 │ network 4 │ 0 8 │

import { Murmur } from "../hash/murmur";
import {
  CONNECTION_BYTES,
  FLAG_IPV4,
  HALF_ACK,
  HALF_ASKED,
  HALF_ASKED_US,
  HALF_BYTES,
  HALF_FIRST,
  HALF_FLAGS,
  HALF_HOLES,
  HALF_LAST_TICK,
  HALF_NEXT,
  HALF_SHIFT,
  HALF_STAMP,
  HALF_WINDOW,
  MONITOR_KEY,
  TABLE_FULL,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { tableInsert } from "../table/insert";
import { Key, Key16 } from "../table/key";
import { tableLookup } from "../table/lookup";
import { Place, Table, VALUES } from "../table/table";
import { IPV4_SRC } from "../wire/ipv4";
import { IPV6_DST, IPV6_SRC } from "../wire/ipv6";
import { ports } from "../wire/transport";
import { Monitor } from "./monitor";

/** What one end has sent. */
@unmanaged
export class Half {
  flags: u8;
  /** Window scale of its SYN. */
  shift: u8;
  /** The tick of its last segment. */
  lastTick: u16;
  /** Where it began: what is before counts as seen. */
  first: u32;
  /** Behind the highest sequence number that was seen. */
  next: u32;
  /** Greatest acknowledgment. */
  ack: u32;
  /** Bytes that its last acknowledgment advertised. */
  window: u32;
  /** Newest TSval. */
  stamp: u32;
  /** The TSval whose echo is waited for, and when it was first seen, in microseconds modulo 2^32. */
  asked: u32;
  askedUs: u32;
  /** What lies below next and was not seen, ascending; an empty one ends the list (holes.ts). */
  holes0: v128;
  holes1: v128;
}

if (offsetof<Half>() != HALF_BYTES) ERROR("Half: size");
if (offsetof<Half>("flags") != HALF_FLAGS) ERROR("Half: flags");
if (offsetof<Half>("shift") != HALF_SHIFT) ERROR("Half: shift");
if (offsetof<Half>("lastTick") != HALF_LAST_TICK) ERROR("Half: lastTick");
if (offsetof<Half>("first") != HALF_FIRST) ERROR("Half: first");
if (offsetof<Half>("next") != HALF_NEXT) ERROR("Half: next");
if (offsetof<Half>("ack") != HALF_ACK) ERROR("Half: ack");
if (offsetof<Half>("window") != HALF_WINDOW) ERROR("Half: window");
if (offsetof<Half>("stamp") != HALF_STAMP) ERROR("Half: stamp");
if (offsetof<Half>("asked") != HALF_ASKED) ERROR("Half: asked");
if (offsetof<Half>("askedUs") != HALF_ASKED_US) ERROR("Half: askedUs");
if (offsetof<Half>("holes0") != HALF_HOLES) ERROR("Half: holes0");
if (CONNECTION_BYTES != 2 * HALF_BYTES) ERROR("Connection: size");

/** The half of who sent a parsed segment, from a connection that is known, or begun if there is room and mayBegin; else 0. */
export function halfOf(monitor: usize, mbuf: Mbuf, network: u32, mayBegin: bool): usize {
  const o = changetype<Monitor>(monitor);
  const key = monitor + MONITOR_KEY;
  const isIpv4 = (mbuf.flags & FLAG_IPV4) != 0;
  const isHigher = isIpv4 ? writeKey4(key, mbuf, network) : writeKey6(key, mbuf, network);
  const table = (isIpv4 ? o.flows4 : o.flows6) as usize;
  let connection = tableLookup(table, key);
  if (connection == TABLE_MISS) connection = mayBegin ? begin(o, table, key) : 0;
  return connection != 0 ? halfAt(connection, isHigher) : 0;
}

/** A class because asc inlines on demand only decorated methods. */
export class Known {
  /**
   * The half of who sent a segment over IPv4 if its connection is its bucket's first candidate, as nearly all are; else 0. The key is two
   * words at hand: in memory, a load of all of it would wait for its stores.
   */
  @inline
  static half(monitor: usize, mbuf: Mbuf, network: u32): usize {
    const addresses = load<u64>((mbuf.data + mbuf.l3) as usize, IPV4_SRC);
    const both = ports((mbuf.data + mbuf.l4) as usize);
    const isHigher = isHigher4(addresses, both);
    const first = isHigher ? rotl<u64>(addresses, 32) : addresses;
    const second = ((isHigher ? rotl<u32>(both, 16) : both) as u64) | ((network as u64) << 32);
    const t = changetype<Table>(changetype<Monitor>(monitor).flows4 as usize);
    const hash = Murmur.ofWords(first, second, t.seed);
    const bucket = Place.bucket<Key16>(t.buckets as usize, hash as u32, t.mask);
    const ways = Place.ways(bucket, Place.tag(hash));
    if (ways == 0) return 0;
    const way = ctz(ways);
    const candidate = Key.at<Key16>(bucket, way);
    if (load<u64>(candidate) != first || load<u64>(candidate, 8) != second) return 0;
    return halfAt(load<u32>(bucket + ((way as usize) << 2), VALUES), isHigher);
  }
}

function halfAt(connection: u32, isHigher: bool): usize {
  return (connection as usize) + (isHigher ? (HALF_BYTES as usize) : 0);
}

/** The other half of the same connection: records begin on a cache line, and of each the halves are two. */
export function otherHalf(half: usize): usize {
  return half ^ HALF_BYTES;
}

function begin(o: Monitor, table: usize, key: usize): u32 {
  if (o.freeCount != 0) {
    const connection = load<u32>((o.free as usize) + (((o.freeCount - 1) as usize) << 2));
    if (tableInsert(table, key, connection) != TABLE_FULL) {
      o.freeCount -= 1;
      o.made += 1;
      memory.fill(connection as usize, 0, CONNECTION_BYTES);
      // Its other end may never be heard of: it counts as heard of now.
      store<u16>(connection as usize, o.tick as u16, HALF_LAST_TICK);
      store<u16>(connection as usize, o.tick as u16, HALF_BYTES + HALF_LAST_TICK);
      return connection;
    }
  }
  o.refused += 1;
  return 0;
}

/** True when the sender is the higher end. */
function writeKey4(key: usize, mbuf: Mbuf, network: u32): bool {
  const addresses = load<u64>((mbuf.data + mbuf.l3) as usize, IPV4_SRC);
  const both = ports((mbuf.data + mbuf.l4) as usize);
  const isHigher = isHigher4(addresses, both);
  store<u64>(key, isHigher ? rotl<u64>(addresses, 32) : addresses);
  store<u32>(key, isHigher ? rotl<u32>(both, 16) : both, 8);
  store<u32>(key, network, 12);
  return isHigher;
}

function isHigher4(addresses: u64, both: u32): bool {
  const source = ((addresses & 0xffffffff) << 16) | ((both & 0xffff) as u64);
  return source > (((addresses >> 32) << 16) | ((both >> 16) as u64));
}

function writeKey6(key: usize, mbuf: Mbuf, network: u32): bool {
  const ip = (mbuf.data + mbuf.l3) as usize;
  const both = ports((mbuf.data + mbuf.l4) as usize);
  const isHigher = isHigher6(ip, both);
  v128.store(key, v128.load(ip + (isHigher ? IPV6_DST : IPV6_SRC)));
  v128.store(key, v128.load(ip + (isHigher ? IPV6_SRC : IPV6_DST)), 16);
  store<u32>(key, isHigher ? rotl<u32>(both, 16) : both, 32);
  store<u32>(key, network, 36);
  store<u64>(key, 0, 40);
  return isHigher;
}

function isHigher6(ip: usize, both: u32): bool {
  for (let at: usize = 0; at < 16; at += 8) {
    const source = load<u64>(ip + at, IPV6_SRC);
    const destination = load<u64>(ip + at, IPV6_DST);
    if (source != destination) return source > destination;
  }
  return (both & 0xffff) > both >> 16;
}
