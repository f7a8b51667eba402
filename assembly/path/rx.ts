// The receive loop: what the underlay delivered, to the guest it is for. Reads top to bottom; one doorbell for each run of
// frames to one guest.

import { Queue } from "../dma/queue";
import { ringCount, ringPeek, ringSkip } from "../dma/ring";
import {
  DROP_QUEUE_FULL,
  DROP_UNKNOWN_TUNNEL_ADDRESS,
  DROP_UNKNOWN_VNI,
  FLAG_IPV4,
  OK,
  TUNNEL_BYTES,
  TUNNEL_F_IPV6,
  TUNNEL_LOCAL,
  TUNNEL_REMOTE,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { IPV4_DST, IPV4_SRC } from "../wire/ipv4";
import { IPV6_DST, IPV6_SRC } from "../wire/ipv6";
import { encapKind } from "./decap";
import { Outer } from "./outer";
import { parse } from "./parse";
import { chargeTo, drop, finishPosting, makeSendable, mustWait, Port } from "./port";
import { Tunnel } from "./tunnel";
import { Unwrap } from "./unwrap";

/**
 * Moves at most n frames from an uplink to the vnics of the tunnels (an array of count records) that end there; returns
 * how many left the uplink's ring. A guest whose queue is full loses the frame, counted: others must not wait for it.
 */
export function rxBurst(uplink: usize, tunnels: usize, count: u32, n: u32): u32 {
  const ring = changetype<Port>(uplink).rxRing as usize;
  const ready = min(n, ringCount(ring));
  // Frames for one guest come in runs: its counters and doorbell are settled when the guest changes.
  let guest: usize = 0;
  let frames: u32 = 0;
  let bytes: u64 = 0;
  let descriptors: u32 = 0;
  for (let i: u32 = 0; i < ready; i++) {
    const m = ringPeek(ring, i) as usize;
    const mbuf = changetype<Mbuf>(m);
    // 1. What is it, and do the outer headers hold?
    let cause = parse(m);
    if (cause == OK) cause = Outer.open(m, false);
    if (cause != OK) {
      drop(uplink, m, cause);
      continue;
    }
    // 2. Whose is it? The encapsulation, the network and the two ends must be those of a tunnel.
    const tunnel = findTunnel(mbuf, uplink, tunnels, count);
    if (tunnel == 0) {
      drop(uplink, m, mbuf.cause);
      continue;
    }
    const vnic = changetype<Tunnel>(tunnel).vnic as usize;
    // 3. The outer headers go, and what they say of congestion stays.
    cause = Unwrap.by(m, changetype<Tunnel>(tunnel).flags);
    if (cause == OK && mustWait(vnic, m)) cause = DROP_QUEUE_FULL;
    if (cause == OK) cause = makeSendable(vnic, uplink, m);
    if (cause == OK) cause = chargeTo(vnic, m);
    if (cause != OK) {
      drop(uplink, m, cause);
      continue;
    }
    // 4. One descriptor a span.
    if (vnic != guest) {
      if (guest != 0) finishPosting(guest, frames, bytes, descriptors);
      guest = vnic;
      frames = 0;
      bytes = 0;
      descriptors = 0;
    }
    descriptors += changetype<Queue>(changetype<Port>(vnic).txQueue as usize).postUnchecked(m);
    frames++;
    bytes += mbuf.pktLen;
  }
  ringSkip(ring, ready);
  if (guest != 0) finishPosting(guest, frames, bytes, descriptors);
  return ready;
}

/**
 * The tunnel of a frame that Outer.open accepted; 0, and the reason in mbuf.cause, when none ends here. uplink is the port that the
 * tunnel must have, 0 for tunnels without ports.
 */
export function findTunnel(mbuf: Mbuf, uplink: usize, tunnels: usize, count: u32): usize {
  mbuf.cause = DROP_UNKNOWN_VNI as u16;
  const ip = (mbuf.data + mbuf.l3) as usize;
  const isIpv4 = (mbuf.flags & FLAG_IPV4) != 0;
  const kind = encapKind(changetype<usize>(mbuf));
  for (let i: u32 = 0; i < count; i++) {
    const tunnel = tunnels + (i as usize) * TUNNEL_BYTES;
    const t = changetype<Tunnel>(tunnel);
    if (t.vni != mbuf.vni || (t.uplink as usize) != uplink || (t.kind as u32) != kind) continue;
    mbuf.cause = DROP_UNKNOWN_TUNNEL_ADDRESS as u16;
    if (isIpv4 == ((t.flags & TUNNEL_F_IPV6) != 0)) continue;
    const ends = isIpv4
      ? load<u32>(ip, IPV4_DST) == load<u32>(tunnel, TUNNEL_LOCAL) &&
        load<u32>(ip, IPV4_SRC) == load<u32>(tunnel, TUNNEL_REMOTE)
      : sameAddress(ip + IPV6_DST, tunnel + TUNNEL_LOCAL) && sameAddress(ip + IPV6_SRC, tunnel + TUNNEL_REMOTE);
    if (ends) return tunnel;
  }
  return 0;
}

function sameAddress(a: usize, b: usize): bool {
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8);
}
