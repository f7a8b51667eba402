// To many: broadcast and multicast, in networks that ask for it. Partitions of this host get a copy each, by policy; every other host of
// the network's replication list gets one, and asks its own policy. No copy waits for room: one that finds none is lost, and counted.
import { copyToGuest, share } from "../lag/flood";
import {
  ACTION_ALLOW,
  CLASS_WAITS,
  CONTROL_DIVERTED,
  COUNTER_FLOOD_COPIES,
  DECISION_ACTION,
  DROP_MBUF_LIMIT,
  DROP_NO_FLOOD,
  DROP_NO_PATH,
  DROP_QUEUE_FULL,
  NETWORK_F_FLOOD,
  OK,
  VNIC_F_DIVERTED,
} from "../layout";
import { copyOfFrame } from "../mbuf/copy";
import { chargeLike } from "../mbuf/ledger";
import { Mbuf } from "../mbuf/mbuf";
import { free, Pool } from "../mbuf/pool";
import { flowHash } from "../path/hash";
import { parse } from "../path/parse";
import { dropCopy, Port } from "../path/port";
import { announce } from "../path/single";
import { AddressClass } from "./address";
import { Verdict } from "./decide";
import { handOver, refuse, untag } from "./deliver";
import { Depart } from "./depart";
import { Endpoint } from "./endpoint";
import { Network, Vnic } from "./network";
import { OUT_DROPPED, OUT_HELD, OUT_LOCAL, OUT_WAITS } from "./outcome";
import { countOverlay, Overlay } from "./overlay";
import { Route } from "./route";
import { wait } from "./send";

/** Copies a vnic's frame to all others of its network. */
export function flood(o: Overlay, vnic: usize, m: usize): u32 {
  const v = changetype<Vnic>(vnic);
  const n = changetype<Network>(v.network as usize);
  const ingress = v.port as usize;
  if ((n.flags & NETWORK_F_FLOOD) == 0) return refuse(m, ingress, DROP_NO_FLOOD);
  const source = AddressClass.of(o, v.endpoint as usize, changetype<Mbuf>(m), true);
  if (source == CLASS_WAITS) return wait(o, o.waitsFor as usize, m, ingress);
  share(m, ingress);
  for (let i: u32 = 0; i < n.floodCount; i++) {
    const route = load<u32>((n.floodRoutes as usize) + ((i as usize) << 2)) as usize;
    copyToHost(o, vnic, route, m);
  }
  return floodHere(o, n, source, v.endpoint as usize, m, ingress);
}

/** Gives copies of a frame to the network's partitions here, but for its source; the frame is gone. */
export function floodHere(o: Overlay, n: Network, source: u32, sender: usize, m: usize, ingress: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  const cause = untag(n, m);
  if (cause != OK) return refuse(m, ingress, cause);
  share(m, ingress);
  for (let i: u32 = 0; i < o.vnicCount; i++) {
    const v = changetype<Vnic>(load<u32>((o.vnics as usize) + ((i as usize) << 2)) as usize);
    if ((v.network as usize) != changetype<usize>(n) || (v.endpoint as usize) == sender) continue;
    const destination = changetype<Endpoint>(v.endpoint as usize).class;
    const decision = Verdict.decision(n, mbuf, source, destination);
    if ((load<u8>(decision, DECISION_ACTION) as u32) != ACTION_ALLOW) continue;
    if ((v.flags & VNIC_F_DIVERTED) != 0) divert(o, v, m, ingress);
    else if (copyToGuest(v.port as usize, m, ingress)) {
      announce(v.port as usize);
      countOverlay(o, COUNTER_FLOOD_COPIES);
    }
  }
  free(changetype<Port>(ingress).pool as usize, m);
  return OUT_HELD;
}

/** Hands a copy to whoever has the guest on the move. */
function divert(o: Overlay, v: Vnic, m: usize, ingress: usize): void {
  const copy = duplicate(o.pool as usize, m);
  if (copy == 0) dropCopy(ingress, copy, DROP_QUEUE_FULL);
  else handOver(o, copy, ingress, CONTROL_DIVERTED, changetype<Port>(v.port as usize).index);
}

/** Sends a copy to a host. It has bytes of its own, since every copy gets other outer headers. */
function copyToHost(o: Overlay, vnic: usize, route: usize, m: usize): void {
  const ingress = changetype<Vnic>(vnic).port as usize;
  const hash = flowHash(m);
  const path = Route.path(route, hash);
  const pool = o.pool as usize;
  const copy: usize = path == 0 ? (0 as usize) : copyOfFrame(pool, m);
  let out: u32 = OUT_DROPPED;
  let cause: u32 = path == 0 ? DROP_NO_PATH : copy == 0 ? DROP_QUEUE_FULL : OK;
  if (cause == OK && !chargeLike(changetype<Pool>(pool).ledger as usize, m, copy)) cause = DROP_MBUF_LIMIT;
  if (cause == OK) {
    parse(copy);
    // Copies for many are nobody's queue pair's, and are not kept.
    out = Depart.by(o, vnic, 0, path, hash, copy);
    if (out == OUT_WAITS) out = refuse(copy, ingress, DROP_QUEUE_FULL);
  } else {
    dropCopy(ingress, copy, cause);
  }
  if (out < OUT_LOCAL) {
    announce(o.uplinkAt(out));
    countOverlay(o, COUNTER_FLOOD_COPIES);
  }
}

/** A frame of one segment again, charged to whom it is; 0 when the pool has no mbuf for it, or its owner may hold no more. */
export function duplicate(pool: usize, m: usize): usize {
  const copy = copyOfFrame(pool, m);
  if (copy == 0 || chargeLike(changetype<Pool>(pool).ledger as usize, m, copy)) return copy;
  free(pool, copy);
  return 0;
}
