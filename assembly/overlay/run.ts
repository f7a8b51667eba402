// A run of the express lane: frames one behind the other that leave by the same uplink, and with which nothing can go wrong any more.
// They get their headers in turn and are posted together, so that the queue's cursors and the port's counters are written once for all.
import { count } from "../counter";
import { postSingles } from "../dma/post";
import { Queue } from "../dma/queue";
import { COUNTER_TX_BYTES, COUNTER_TX_DESCRIPTORS, COUNTER_TX_FRAMES, SCRATCH_LIST, SCRATCH_PATHS } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Encap } from "../path/encap";
import { Port } from "../path/port";
import { Tunnel } from "../path/tunnel";
import { Overlay } from "./overlay";

/**
 * Sends frames of a ring from the i-th on, before the n-th, for which chooseExpress has found a path, by the uplink of that number;
 * slots, tail and mask are the ring's. It ends at the first that goes by another, does not fit as it is, or finds no room; returns how
 * many have left.
 */
export function departRun(o: Overlay, number: u32, slots: usize, tail: u32, mask: u32, i: u32, n: u32): u32 {
  const scratch = o.scratch as usize;
  const port = changetype<Port>(o.uplinkAt(number));
  const queue = changetype<Queue>(port.txQueue as usize);
  const end = i + min(n - i, queue.free);
  let list = scratch + SCRATCH_LIST;
  let bytes: u64 = 0;
  for (; i < end; i++) {
    const path = load<u32>(scratch + ((i as usize) << 2), SCRATCH_PATHS) as usize;
    if (path == 0) break;
    const m = load<u32>(slots + ((((tail + i) & mask) as usize) << 2)) as usize;
    const mbuf = changetype<Mbuf>(m);
    const differs = (changetype<Tunnel>(path).uplink ^ number) | ((mbuf.segments as u32) ^ 1);
    if ((Encap.unready(m, path) | differs) != 0) break;
    Encap.plain(m, path, mbuf.hash);
    bytes += mbuf.pktLen as u64;
    store<u32>(list, m as u32);
    list += 4;
  }
  const sent = ((list - scratch - SCRATCH_LIST) >> 2) as u32;
  if (sent == 0) return 0;
  postSingles(queue, scratch + SCRATCH_LIST, sent);
  const counters = port.counters as usize;
  count(counters, COUNTER_TX_FRAMES, sent);
  count(counters, COUNTER_TX_BYTES, bytes);
  count(counters, COUNTER_TX_DESCRIPTORS, sent);
  return sent;
}
