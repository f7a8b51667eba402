// The transmit loop: what a guest sent, onto the underlay. Reads top to bottom; one frame at a time through all steps,
// one doorbell for the burst.

import { Queue } from "../dma/queue";
import { Ring } from "../dma/ring";
import { OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Encap } from "./encap";
import { parse } from "./parse";
import { drop, finishPosting, makeSendable, mustWait, Port } from "./port";
import { Tunnel } from "./tunnel";

/** Moves at most n frames from the tunnel's vnic to its uplink; returns how many left the vnic's ring. */
export function txBurst(tunnel: usize, n: u32): u32 {
  const t = changetype<Tunnel>(tunnel);
  const vnic = t.vnic as usize;
  const uplink = t.uplink as usize;
  const ring = changetype<Ring>(changetype<Port>(vnic).rxRing as usize);
  const queue = changetype<Queue>(changetype<Port>(uplink).txQueue as usize);
  // In locals, since a field is loaded again after every store.
  const slots = ring.slots as usize;
  const mask = ring.mask;
  const tail = ring.tail;
  const ready = min(n, ring.head - tail);
  const freeBefore = queue.free;
  let taken: u32 = 0;
  let dropped: u32 = 0;
  let bytes: u64 = 0;
  while (taken < ready) {
    const m = load<u32>(slots + ((((tail + taken) & mask) as usize) << 2)) as usize;
    // 1. No room on the uplink: the frame waits where it is.
    if ((changetype<Mbuf>(m).segments as u32) > queue.free) {
      if (mustWait(uplink, m)) break;
    }
    taken++;
    // 2. What is it?
    let cause = parse(m);
    // 3. Outer headers into the headroom, entropy port from the inner flow.
    if (cause == OK) cause = Encap.of(m, tunnel);
    // 4. One span, or as many as the uplink takes.
    if (cause == OK) cause = makeSendable(uplink, vnic, m);
    if (cause != OK) {
      drop(vnic, m, cause);
      dropped++;
      continue;
    }
    // 5. One descriptor a span. Room was there in step 1, and no step adds a segment.
    queue.postUnchecked(m);
    bytes += changetype<Mbuf>(m).pktLen;
  }
  ring.tail = tail + taken;
  finishPosting(uplink, taken - dropped, bytes, freeBefore - queue.free);
  return taken;
}
