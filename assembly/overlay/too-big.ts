// A frame that is too big for its path. IPv4 that may be fragmented is; the sender of other IP packets is told the size that fits by the
// control plane (RFC 1191, RFC 8201); what is not IP is lost. The outer packet is never fragmented.

import { load16be } from "../be";
import { count } from "../counter";
import {
  CONTROL_TOO_BIG,
  COUNTER_FRAGMENTS_MADE,
  DROP_MBUF_LIMIT,
  DROP_TOO_BIG,
  FLAG_IPV4,
  FLAG_IPV6,
  OK,
  SCRATCH_LIST,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { free } from "../mbuf/pool";
import { parse } from "../path/parse";
import { announce } from "../path/single";
import { Tunnel } from "../path/tunnel";
import { ETHERNET_BYTES } from "../wire/ethernet";
import { IPV4_DF, IPV4_FRAGMENT } from "../wire/ipv4";
import { handOver, refuse } from "./deliver";
import { Depart, hasRoom, queueHolds } from "./depart";
import { fragment } from "./fragment";
import { Vnic } from "./network";
import { OUT_DROPPED, OUT_LOCAL, OUT_WAITS } from "./outcome";
import { Overlay } from "./overlay";

/** Deals with a vnic's parsed frame that is longer than the path takes. */
export function tooBig(o: Overlay, vnic: usize, endpoint: usize, path: usize, hash: u32, m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  const ingress = changetype<Vnic>(vnic).port as usize;
  const mtu = changetype<Tunnel>(path).frameBytesMax - ETHERNET_BYTES;
  if (mbuf.l4 == 0 || (mbuf.flags & (FLAG_IPV4 | FLAG_IPV6)) == 0) return refuse(m, ingress, DROP_TOO_BIG);
  const ip = (mbuf.data + mbuf.l3) as usize;
  if ((mbuf.flags & FLAG_IPV6) != 0 || (load16be(ip + IPV4_FRAGMENT) & IPV4_DF) != 0)
    return handOver(o, m, ingress, CONTROL_TOO_BIG, mtu);
  const expected = mbuf.wireLen / ((mtu & ~7) - ((mbuf.l4 - mbuf.l3) as u32)) + 2;
  if (!queueHolds(o, expected)) return refuse(m, ingress, DROP_TOO_BIG);
  if (!hasRoom(o, path, expected)) return OUT_WAITS;
  return departInPieces(o, vnic, endpoint, path, hash, m, mtu);
}

/** All of a datagram goes the same way, by the hash of the whole. */
function departInPieces(o: Overlay, vnic: usize, endpoint: usize, path: usize, hash: u32, m: usize, mtu: u32): u32 {
  const ingress = changetype<Vnic>(vnic).port as usize;
  // The burst's own frames are in the list's front; what a burst cannot hold is not made.
  const list = (o.scratch as usize) + SCRATCH_LIST;
  const pieces = fragment(o.pool as usize, m, mtu, list);
  if (pieces == 0) {
    const isLimit = changetype<Mbuf>(m).cause == DROP_MBUF_LIMIT;
    return refuse(m, ingress, isLimit ? DROP_MBUF_LIMIT : DROP_TOO_BIG);
  }
  count(o.counters as usize, COUNTER_FRAGMENTS_MADE, pieces);
  let out: u32 = OUT_DROPPED;
  for (let i: u32 = 0; i < pieces; i++) {
    const piece = load<u32>(list + ((i as usize) << 2)) as usize;
    const cause = parse(piece);
    if (cause != OK) {
      refuse(piece, ingress, cause);
      continue;
    }
    const left = Depart.by(o, vnic, endpoint, path, hash, piece);
    // Room was there for all of them.
    if (left == OUT_WAITS) refuse(piece, ingress, DROP_TOO_BIG);
    if (left >= OUT_LOCAL) continue;
    // The last one's doorbell is the caller's to ring.
    if (out < OUT_LOCAL && out != left) announce(o.uplinkAt(out));
    out = left;
  }
  free(o.pool as usize, m);
  return out;
}
