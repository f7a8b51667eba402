// What the data plane itself remembers of packets: flows that a stateful rule has allowed, so that what returns of them is let in, and
// first fragments, whose verdict the later ones follow. Both are bounded by their tables and go when they were not seen for a while.
//
//   IPv4, 16 bytes   │ source 4 │ destination 4 │ ports 4, or identification │ network 2 │ protocol 1 │ kind 1 │
//   IPv6, 48 bytes   │ source 16 │ destination 16 │ the same 8 │ 0 8 │
//
// A value is the tick (15 bits, in units of the overlay's) in the upper half and the verdict in the lower: action, and the
// waypoint's number above it. ICMP echoes are flows by their identifier, which stands for both ports (RFC 792, RFC 4443).
import {
  COUNTER_FLOWS_MADE,
  FLAG_ICMP,
  FLAG_ICMPV6,
  FLAG_IPV4,
  FLAG_TCP,
  FLAG_UDP,
  FLOW_FRAGMENT,
  FLOW_TRANSPORT,
  PROGRAM_NOT_IP,
  TABLE_END,
  TABLE_FULL,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { tableInsert, tableRemove } from "../table/insert";
import { hashKey } from "../table/key";
import { find, setSlotValue, slotValue } from "../table/lookup";
import { Table } from "../table/table";
import { IPV4_IDENTIFICATION, IPV4_PROTOCOL, IPV4_SRC } from "../wire/ipv4";
import { fragmentHeader, IPV6_DST, IPV6_SRC } from "../wire/ipv6";
import { ICMP_IDENTIFIER, ports } from "../wire/transport";
import { Network } from "./network";
import { countOverlay, Overlay } from "./overlay";
import { isEcho, protocolOf } from "./protocol";

const TICK_MASK: u32 = 0x7fff;

/** True when a parsed frame is of a flow that can be remembered. */
export function hasFlow(mbuf: Mbuf): bool {
  if (protocolOf(mbuf) == PROGRAM_NOT_IP) return false;
  return (mbuf.flags & (FLAG_ICMP | FLAG_ICMPV6)) == 0 || isEcho(mbuf);
}

/** Remembers that a frame's flow was allowed; false when there is no room. The verdict is action and waypoint. */
export function rememberFlow(o: Overlay, n: Network, mbuf: Mbuf, verdict: u32): bool {
  return put(o, writeFlowKey(o, n, mbuf, false), verdict);
}

/** The verdict of the flow that a frame returns from, or TABLE_MISS. */
export function returningFlow(o: Overlay, n: Network, mbuf: Mbuf): u32 {
  return take(o, writeFlowKey(o, n, mbuf, true), o.flowTicks);
}

/** Remembers a first fragment's verdict for those that follow; false when there is no room. */
export function rememberFragment(o: Overlay, n: Network, mbuf: Mbuf, verdict: u32): bool {
  return put(o, writeFragmentKey(o, n, mbuf), verdict);
}

/** The verdict of a later fragment's first one, or TABLE_MISS. */
export function firstFragment(o: Overlay, n: Network, mbuf: Mbuf): u32 {
  return take(o, writeFragmentKey(o, n, mbuf), o.fragmentTicks);
}

/** A first fragment was denied: those of an older datagram with its numbers are nobody's any more. */
export function forgetFragment(o: Overlay, n: Network, mbuf: Mbuf): void {
  tableRemove(writeFragmentKey(o, n, mbuf), o.scratch as usize);
}

/** Ticks since an entry was seen, from its value. */
export function flowAge(value: u32, tick: u32): u32 {
  return (tick - (value >> 16)) & TICK_MASK;
}

/** Sets the verdict of the key in the scratch. */
function put(o: Overlay, table: usize, verdict: u32): bool {
  const key = o.scratch as usize;
  const value = ((o.tick & TICK_MASK) << 16) | verdict;
  const t = changetype<Table>(table);
  const slot = find(t, key, hashKey(t, key));
  if (slot != TABLE_END) {
    if (slotValue(t, slot) != value) setSlotValue(t, slot, value);
    return true;
  }
  if (tableInsert(table, key, value) == TABLE_FULL) return false;
  countOverlay(o, COUNTER_FLOWS_MADE);
  return true;
}

/** The verdict of the key in the scratch, which was seen now; or TABLE_MISS, also when that was too long ago. */
function take(o: Overlay, table: usize, ticks: u32): u32 {
  const key = o.scratch as usize;
  const t = changetype<Table>(table);
  const slot = find(t, key, hashKey(t, key));
  if (slot == TABLE_END || flowAge(slotValue(t, slot), o.tick) > ticks) return TABLE_MISS;
  const verdict = slotValue(t, slot) & 0xffff;
  setSlotValue(t, slot, ((o.tick & TICK_MASK) << 16) | verdict);
  return verdict;
}

/** Writes a frame's key to the scratch, of the flow that it would return from if it isReturning; returns the table for it. */
function writeFlowKey(o: Overlay, n: Network, mbuf: Mbuf, isReturning: bool): usize {
  const l4 = (mbuf.data + mbuf.l4) as usize;
  let both: u32 = 0;
  if ((mbuf.flags & (FLAG_TCP | FLAG_UDP)) != 0) {
    if (mbuf.payload != 0) both = ports(l4);
  } else if ((mbuf.flags & (FLAG_ICMP | FLAG_ICMPV6)) != 0) {
    const identifier = load<u16>(l4, ICMP_IDENTIFIER) as u32;
    both = identifier | (identifier << 16);
  }
  if (isReturning) both = rotl<u32>(both, 16);
  return writeKey(o, mbuf, both, (n.index << 16) | (protocolOf(mbuf) << 8) | FLOW_TRANSPORT, isReturning);
}

function writeFragmentKey(o: Overlay, n: Network, mbuf: Mbuf): usize {
  const ip = (mbuf.data + mbuf.l3) as usize;
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    const kind = (n.index << 16) | ((load<u8>(ip, IPV4_PROTOCOL) as u32) << 8) | FLOW_FRAGMENT;
    return writeKey(o, mbuf, load<u16>(ip, IPV4_IDENTIFICATION) as u32, kind, false);
  }
  // What follows a fragment header belongs to the datagram, whose identification is enough (RFC 8200 section 4.5).
  return writeKey(o, mbuf, load<u32>(fragmentHeader(ip), 4), (n.index << 16) | FLOW_FRAGMENT, false);
}

function writeKey(o: Overlay, mbuf: Mbuf, word: u32, kind: u32, isReturning: bool): usize {
  const key = o.scratch as usize;
  const ip = (mbuf.data + mbuf.l3) as usize;
  const rest = (word as u64) | ((kind as u64) << 32);
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    const addresses = load<u64>(ip, IPV4_SRC);
    store<u64>(key, isReturning ? rotl<u64>(addresses, 32) : addresses);
    store<u64>(key, rest, 8);
    return o.flows4 as usize;
  }
  v128.store(key, v128.load(ip + (isReturning ? IPV6_DST : IPV6_SRC)));
  v128.store(key, v128.load(ip + (isReturning ? IPV6_SRC : IPV6_DST)), 16);
  store<u64>(key, rest, 32);
  store<u64>(key, 0, 40);
  return o.flows6 as usize;
}
