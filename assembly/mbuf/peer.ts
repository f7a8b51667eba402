// Who sent it: a partition whose peers have limits of their own is charged for a frame by the record of the frame's source address, as
// long as the peer has one. One that has none is charged to the partition itself, and remembered for the control plane, which may give
// it a record (src/limit); STRANGERS_MAX at a time, so that a flood of invented addresses costs nothing.
import {
  LIMIT_F_PEERS,
  LIMIT_FLAGS,
  PEER_ADDRESS,
  PEER_KEY_BYTES,
  PEER_PARTITION,
  STRANGERS_MAX,
  TABLE_MISS,
} from "../layout";
import { tableLookup } from "../table/lookup";
import { ETHERNET_TYPE, ETHERTYPE_IPV4, ETHERTYPE_IPV6, etherType, isVlanType, VLAN_BYTES } from "../wire/ethernet";
import { IPV4_BYTES, IPV4_SRC } from "../wire/ipv4";
import { IPV6_BYTES, IPV6_SRC } from "../wire/ipv6";
import { Ledger } from "./ledger";
import { Mbuf } from "./mbuf";

/** Bytes 8 to 11 of an IPv4 address as IPv6, ::ffff:0:0/96 (RFC 4291 section 2.5.5.2), as a little-endian number; those before are 0. */
const MAPPED: u64 = 0xffff_0000;

/** 2^64 over the golden ratio (D. Knuth, The Art of Computer Programming, 6.4). */
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/** The record to charge a frame for a partition to: its peer's, or the partition's own. */
export function ownerOf(ledger: usize, partition: usize, m: usize): usize {
  if ((load<u32>(partition, LIMIT_FLAGS) & LIMIT_F_PEERS) == 0) return partition;
  const l = changetype<Ledger>(ledger);
  const key = l.key as usize;
  if (!writeSource(changetype<Mbuf>(m), key)) return partition;
  store<u64>(key, partition, PEER_PARTITION);
  const peer = tableLookup(l.peers as usize, key);
  if (peer != TABLE_MISS) return peer as usize;
  remember(l, key);
  return partition;
}

/** Writes the source address of an Ethernet frame; false when it has none, or none in its first buffer. */
function writeSource(mbuf: Mbuf, key: usize): bool {
  const data = mbuf.data as usize;
  const end = data + (mbuf.len as usize);
  let at = data + ETHERNET_TYPE;
  while (at + 2 <= end && isVlanType(etherType(at))) at += VLAN_BYTES;
  const ip = at + 2;
  if (ip + IPV4_BYTES > end) return false;
  const type = etherType(at);
  if (type == ETHERTYPE_IPV4) {
    store<u64>(key, 0, PEER_ADDRESS);
    store<u64>(key, MAPPED | ((load<u32>(ip, IPV4_SRC) as u64) << 32), PEER_ADDRESS + 8);
    return true;
  }
  if (type != ETHERTYPE_IPV6 || ip + IPV6_BYTES > end) return false;
  v128.store(key, v128.load(ip, IPV6_SRC), PEER_ADDRESS);
  return true;
}

/**
 * Keeps the key of a peer without a record, unless one that hashes alike was kept since the last look. The upper three bits of the hash are
 * the partition's and the time's: strangers of one take an eighth of the places, and not always those that another's need.
 */
function remember(l: Ledger, key: usize): void {
  const count = l.strangerCount;
  if (count == STRANGERS_MAX) return;
  const whose = ((load<u64>(key, PEER_PARTITION) ^ ((l.now as u64) << 32)) * GOLDEN) >> 61;
  const who = ((load<u64>(key) ^ load<u64>(key, 8)) * GOLDEN) >> 61;
  const bit: u64 = 1 << ((whose << 3) | who);
  if ((l.seen & bit) != 0) return;
  l.seen |= bit;
  memory.copy((l.strangers as usize) + (count as usize) * PEER_KEY_BYTES, key, PEER_KEY_BYTES);
  l.strangerCount = count + 1;
}

/** How many strangers there are to read; the next look begins. */
export function ledgerTakeStrangers(ledger: usize): u32 {
  const l = changetype<Ledger>(ledger);
  const count = l.strangerCount;
  l.strangerCount = 0;
  l.seen = 0;
  return count;
}
