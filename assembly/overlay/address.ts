// IP addresses of a network: records of those that are not the first of their endpoint, and of those that were seen where they are
// not their endpoint's (from a waypoint, or to one). Their class is all that is wanted of them.
import {
  CLASS_WAITS,
  COUNTER_MISSES,
  ENDPOINT_F_ADDRESS,
  ENDPOINT_F_IPV6,
  FLAG_IPV4,
  FLAG_IPV6,
  STATE_PENDING,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { tableLookup } from "../table/lookup";
import { IPV4_DST, IPV4_SRC } from "../wire/ipv4";
import { IPV6_DST, IPV6_SRC } from "../wire/ipv6";
import { Endpoint } from "./endpoint";
import { remember, stateOf } from "./miss";
import { countOverlay, Overlay } from "./overlay";

/** The record of the address that stands at ptr in network order, or TABLE_MISS. */
export function findAddress(o: Overlay, network: usize, ptr: usize, isIpv6: bool): u32 {
  const key = o.scratch as usize;
  writeAddressKey(key, network, ptr, isIpv6);
  return tableLookup(o.addresses as usize, key);
}

export function writeAddressKey(at: usize, network: usize, ptr: usize, isIpv6: bool): void {
  store<u64>(at, network as u64);
  store<u64>(at, isIpv6 ? 6 : 4, 8);
  if (isIpv6) v128.store(at, v128.load(ptr), 16);
  else v128.store(at, i32x4.replace_lane(i32x4.splat(0), 0, load<u32>(ptr)), 16);
}

/** A class because asc inlines on demand only decorated methods. */
export class AddressClass {
  /**
   * The class of a parsed frame's source or destination, whose endpoint has the frame's MAC address; CLASS_WAITS, and overlay.waitsFor
   * says for whom, when that is not known yet.
   */
  @inline
  static of(o: Overlay, endpoint: usize, mbuf: Mbuf, isSource: bool): u32 {
    const e = changetype<Endpoint>(endpoint);
    if ((mbuf.flags & FLAG_IPV4) != 0 && mbuf.l4 != 0) {
      const ip = (mbuf.data + mbuf.l3) as usize;
      if (load<u32>(ip + (isSource ? IPV4_SRC : IPV4_DST)) == e.ip4 && e.ip4 != 0) return e.class4;
    }
    return classOfOther(o, endpoint, mbuf, isSource);
  }
}

function classOfOther(o: Overlay, endpoint: usize, mbuf: Mbuf, isSource: bool): u32 {
  const e = changetype<Endpoint>(endpoint);
  if (mbuf.l4 == 0 || (mbuf.flags & (FLAG_IPV4 | FLAG_IPV6)) == 0) return e.class;
  const ip = (mbuf.data + mbuf.l3) as usize;
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    return classOfAddress(o, e.network as usize, ip + (isSource ? IPV4_SRC : IPV4_DST), false);
  }
  const at = ip + (isSource ? IPV6_SRC : IPV6_DST);
  if (v128.all_true<i8>(i8x16.eq(v128.load(at), e.ip6)) && v128.any_true(e.ip6)) return e.class6;
  return classOfAddress(o, e.network as usize, at, true);
}

function classOfAddress(o: Overlay, network: usize, ptr: usize, isIpv6: bool): u32 {
  let record = findAddress(o, network, ptr, isIpv6) as usize;
  if ((record as u32) == TABLE_MISS) {
    record = remember(o, o.addresses as usize, o.scratch as usize);
    if (record != 0) {
      identify(record, network, ptr, isIpv6);
      countOverlay(o, COUNTER_MISSES);
    }
  }
  o.waitsFor = record as u32;
  if (record == 0) return CLASS_WAITS;
  const address = changetype<Endpoint>(record);
  address.lastUsed = o.tick;
  return stateOf(o, record) == STATE_PENDING ? (CLASS_WAITS as u32) : address.class;
}

function identify(record: usize, network: usize, ptr: usize, isIpv6: bool): void {
  const address = changetype<Endpoint>(record);
  address.network = network as u32;
  address.flags = isIpv6 ? ENDPOINT_F_ADDRESS | ENDPOINT_F_IPV6 : ENDPOINT_F_ADDRESS;
  if (isIpv6) address.ip6 = v128.load(ptr);
  else address.ip4 = load<u32>(ptr);
}
