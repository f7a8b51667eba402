// The express lane: what nearly every frame is, decided for the whole burst in loops so short that the waits of several frames for memory
// overlap. A frame takes it when nothing about it is special: TCP or UDP in whole IPv4 without options or tag, its sender's own
// addresses, to the first address of an endpoint on another host, allowed by a rule, by a path of a plain tunnel that it fits. Its path
// is written down, and only headers and a descriptor are left to do. All others get 0, and go by Send.one, which alone names causes.

import { load16be } from "../be";
import { count } from "../counter";
import {
  ACTION_ALLOW,
  BURST_MAX,
  DECISION_ACTION,
  DECISION_F_STATEFUL,
  DECISION_FLAGS,
  DECISION_HITS,
  ENCAP_ROCEV2,
  FLOW_TRANSPORT,
  NETWORK_F_CLAMP_MSS,
  SCRATCH_DECISIONS,
  SCRATCH_FOUND,
  SCRATCH_KEY_PTRS,
  SCRATCH_KEYS,
  SCRATCH_LIST,
  SCRATCH_PATHS,
  STATE_REMOTE,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { FlowHash } from "../path/hash";
import { Plain } from "../path/plain";
import { Tunnel } from "../path/tunnel";
import { tableLookupBurst } from "../table/burst";
import { ETHERNET_BYTES, ETHERNET_SRC } from "../wire/ethernet";
import { GENEVE_PORT } from "../wire/geneve";
import { IPV4_BYTES, IPV4_DST, IPV4_PROTOCOL, IPV4_SRC } from "../wire/ipv4";
import { UDP_DST } from "../wire/transport";
import { VXLAN_PORT } from "../wire/vxlan";
import { Endpoint, Endpoints } from "./endpoint";
import { flowAge } from "./flow";
import { Network, Vnic } from "./network";
import { isPast, Overlay } from "./overlay";
import { PolicyTable } from "./policy";
import { Route } from "./route";

const IP: usize = ETHERNET_BYTES as usize;
const L4: usize = IP + (IPV4_BYTES as usize);

/** Writes the path of each of the first n parsed frames of a ring, whose destinations were found, and the policy's decision; or path 0; slots and mask are the ring's. */
export function chooseExpress(o: Overlay, v: Vnic, slots: usize, tail: u32, mask: u32, n: u32): void {
  const scratch = o.scratch as usize;
  const found = scratch + SCRATCH_FOUND;
  const paths = scratch + SCRATCH_PATHS;
  const decisions = scratch + SCRATCH_DECISIONS;
  const own = changetype<Endpoint>(v.endpoint as usize);
  const network = changetype<Network>(v.network as usize);
  const tick = o.tick;
  // In a group a frame's port is chosen one by one; what is known of others may be known no longer; 0.0.0.0 is nobody's address.
  const isOpen =
    own.ip4 != 0 && o.group == 0 && !isPast(o.leaseEnds, tick) && (network.flags & NETWORK_F_CLAMP_MSS) == 0;
  if (!isOpen) {
    memory.fill(paths, 0, n << 2);
    return;
  }
  const mac = own.mac;
  const ip4 = own.ip4;
  const sourceClass = own.class4;
  const policy = network.policy as usize;
  const flowKind = (network.index << 16) | FLOW_TRANSPORT;
  let stateful: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = (i as usize) << 2;
    const m = load<u32>(slots + ((((tail + i) & mask) as usize) << 2)) as usize;
    const mbuf = changetype<Mbuf>(m);
    const endpoint = load<u32>(found + at) as usize;
    store<u32>(paths + at, 0);
    if (mbuf.cause != 0 || Plain.differs(m) != 0 || (endpoint as u32) == TABLE_MISS) continue;
    const data = mbuf.data as usize;
    const e = changetype<Endpoint>(endpoint);
    // 1. From its own addresses, to the other's; each difference has bits in one word.
    const differs =
      (Endpoints.macAt(data + ETHERNET_SRC) ^ mac) |
      ((load<u32>(data, IP + IPV4_SRC) ^ ip4) as u64) |
      ((load<u32>(data, IP + IPV4_DST) ^ e.ip4) as u64) |
      ((e.state ^ STATE_REMOTE) as u64) |
      (e.hold as u64) |
      (u32(e.ip4 == 0) as u64);
    if (differs != 0) continue;
    const port = load16be(data + L4 + UDP_DST);
    if (port - VXLAN_PORT < 2 || port == GENEVE_PORT) continue;
    // 2. May it?
    const protocol = load<u8>(data, IP + IPV4_PROTOCOL) as u32;
    const decision = PolicyTable.decide(policy, sourceClass, e.class4, protocol, port);
    if (load<u8>(decision, DECISION_ACTION) != (ACTION_ALLOW as u8)) continue;
    // 3. By which path?
    const hash = FlowHash.ofPlain(data);
    const path = Route.path(e.route as usize, hash);
    if (path == 0) continue;
    const t = changetype<Tunnel>(path);
    if (mbuf.wireLen > t.frameBytesMax || (t.kind as u32) >= (ENCAP_ROCEV2 as u32)) continue;
    mbuf.hash = hash;
    store<u32>(paths + at, path as u32);
    if (e.lastUsed != tick) e.lastUsed = tick;
    store<u32>(decisions + at, decision as u32);
    if ((load<u8>(decision, DECISION_FLAGS) & DECISION_F_STATEFUL) == 0) {
      count(decision + DECISION_HITS, 0, 1);
      continue;
    }
    // 4. One of a stateful rule only if its flow is known: keys for a lookup of all of them.
    const key = scratch + SCRATCH_KEYS + ((stateful as usize) << 4);
    store<u64>(key, load<u64>(data, IP + IPV4_SRC));
    store<u64>(key, (load<u32>(data, L4) as u64) | (((flowKind | (protocol << 8)) as u64) << 32), 8);
    store<u32>(scratch + SCRATCH_LIST + ((stateful as usize) << 2), i);
    stateful++;
  }
  if (stateful != 0) keepKnown(o, stateful);
}

/** Takes back what frames of the lane have counted that stay in their ring, from the i-th to the n-th: they are chosen for anew. */
export function uncountExpress(o: Overlay, i: u32, n: u32): void {
  const scratch = o.scratch as usize;
  for (; i < n; i++) {
    const at = (i as usize) << 2;
    if (load<u32>(scratch + SCRATCH_PATHS + at) == 0) continue;
    count((load<u32>(scratch + SCRATCH_DECISIONS + at) as usize) + DECISION_HITS, 0, -1);
  }
}

/** Keeps on the lane those of n frames of stateful rules whose flows were seen in this tick: the first in a tick refreshes its flow. */
function keepKnown(o: Overlay, n: u32): void {
  const scratch = o.scratch as usize;
  // Behind the destinations that were found, which frames off the lane still need.
  const values = scratch + SCRATCH_FOUND + ((BURST_MAX as usize) << 2);
  tableLookupBurst(o.flows4 as usize, scratch + SCRATCH_KEY_PTRS, values, n);
  for (let j: u32 = 0; j < n; j++) {
    const value = load<u32>(values + ((j as usize) << 2));
    const isKnown = value != TABLE_MISS && (value & 0xffff) == (ACTION_ALLOW as u32) && flowAge(value, o.tick) == 0;
    const at = (load<u32>(scratch + SCRATCH_LIST + ((j as usize) << 2)) as usize) << 2;
    if (isKnown) count((load<u32>(scratch + SCRATCH_DECISIONS + at) as usize) + DECISION_HITS, 0, 1);
    else store<u32>(scratch + SCRATCH_PATHS + at, 0);
  }
}
