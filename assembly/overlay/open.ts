// The outer headers of what the underlay brings: checked, and the network found, before anything inside is looked at.
import { FrameKind } from "../lag/frame";
import {
  DROP_ETHERNET_TRUNCATED,
  DROP_LOOP,
  DROP_OUTER_ADDRESS,
  DROP_UNKNOWN_VNI,
  FLAG_IPV4,
  FLAG_IPV6,
  OK,
  OVERLAY_F_IPV6,
  OVERLAY_F_STRICT,
  OVERLAY_LOCAL,
  SCRATCH_KEY_PTRS,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Outer } from "../path/outer";
import { tableLookup } from "../table/lookup";
import { ETHERNET_BYTES } from "../wire/ethernet";
import { IPV4_DST, IPV4_SRC } from "../wire/ipv4";
import { IPV6_DST, IPV6_SRC } from "../wire/ipv6";
import { Overlay } from "./overlay";
import { isQueuePairs, openQueuePair } from "./queue-pair";

/** In the network's place: a message of another host's overlay. */
export const NETWORK_CONTROL: u32 = 1;

/**
 * Parses a frame from the underlay and opens it (path/outer.ts). Its network's record, or 0, is left in mbuf.hash and returned; why it
 * must be dropped in mbuf.cause, or OK.
 */
export function openOuter(o: Overlay, m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  let cause = FrameKind.parse(m);
  mbuf.hash = 0;
  if (cause == OK && FrameKind.isFlood(mbuf)) {
    // One link's own protocols; nothing of the overlay's is for many outside.
    mbuf.cause = OK as u16;
    return 0;
  }
  if (cause == OK) cause = checkAddresses(o, mbuf);
  if (cause == OK) {
    if (isQueuePairs(mbuf)) cause = openQueuePair(o, m);
    else cause = Outer.open(m, (o.flags & OVERLAY_F_STRICT) != 0);
  }
  if (cause == OK && mbuf.hash != NETWORK_CONTROL) {
    const network = findNetwork(o, mbuf.vni);
    if (network == TABLE_MISS) cause = DROP_UNKNOWN_VNI;
    else if (mbuf.len < (mbuf.payload as u32) + ETHERNET_BYTES) cause = DROP_ETHERNET_TRUNCATED;
    else mbuf.hash = network;
  }
  mbuf.cause = cause as u16;
  return mbuf.hash;
}

/** The record of a network, or TABLE_MISS. */
function findNetwork(o: Overlay, vni: u32): u32 {
  // Behind the keys of the burst's frames, which are still to be looked up: the last one is written after this.
  const key = (o.scratch as usize) + SCRATCH_KEY_PTRS - 16;
  store<u64>(key, vni as u64);
  store<u64>(key, 0, 8);
  return tableLookup(o.networks as usize, key);
}

/** True when a parsed frame's outer source is the address at ptr (16 bytes, as Overlay.local). */
export function comesFrom(mbuf: Mbuf, ptr: usize): bool {
  const ip = (mbuf.data + mbuf.l3) as usize;
  if ((mbuf.flags & FLAG_IPV4) != 0) return load<u32>(ip, IPV4_SRC) == load<u32>(ptr);
  return v128.all_true<i8>(i8x16.eq(v128.load(ip, IPV6_SRC), v128.load(ptr)));
}

/** Writes a parsed frame's outer source to ptr (16 bytes, as Overlay.local). */
export function writeSource(mbuf: Mbuf, ptr: usize): void {
  const ip = (mbuf.data + mbuf.l3) as usize;
  if ((mbuf.flags & FLAG_IPV4) == 0) {
    v128.store(ptr, v128.load(ip, IPV6_SRC));
    return;
  }
  v128.store(ptr, i64x2.splat(0));
  store<u32>(ptr, load<u32>(ip, IPV4_SRC));
}

function checkAddresses(o: Overlay, mbuf: Mbuf): u32 {
  const local = changetype<usize>(o) + OVERLAY_LOCAL;
  // An address of the other kind may begin with the same bytes.
  const isIpv6 = (mbuf.flags & FLAG_IPV6) != 0;
  if (mbuf.l4 == 0 || isIpv6 != ((o.flags & OVERLAY_F_IPV6) != 0)) return DROP_OUTER_ADDRESS;
  if (comesFrom(mbuf, local)) return DROP_LOOP;
  const ip = (mbuf.data + mbuf.l3) as usize;
  if (!isIpv6) return load<u32>(ip, IPV4_DST) == load<u32>(local) ? OK : DROP_OUTER_ADDRESS;
  return v128.all_true<i8>(i8x16.eq(v128.load(ip, IPV6_DST), v128.load(local))) ? OK : DROP_OUTER_ADDRESS;
}
