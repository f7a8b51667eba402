// Posts each frame of a burst on the port that was picked for it. Picking (a hash, a policy) and posting are apart, so that any
// way to pick meets the same rules: back-pressure from the front, one doorbell a port, drops counted by cause.
import { count } from "../counter";
import { Queue, ringDoorbell } from "../dma/queue";
import {
  COUNTER_TX_BYTES,
  COUNTER_TX_DESCRIPTORS,
  COUNTER_TX_DOORBELLS,
  COUNTER_TX_FRAMES,
  COUNTER_TX_REFUSED,
  OK,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { drop, makeSendable, mustWait, Port } from "./port";

/** Most ports to spread over: one bit each says which of them got a frame. */
const PORTS_MAX: u32 = 32;

/**
 * Posts frame i of list (u32 addresses) on ports[picks[i]] (ports: u32 addresses of at most 32 port records, picks: u32
 * indices). Stops at the first frame whose port has no room, and returns how many it took from the front; the rest stay the
 * caller's. A chain that its port cannot send is dropped, and counts as taken.
 */
export function spreadBurst(list: usize, picks: usize, n: u32, ports: usize): u32 {
  let touched: u32 = 0;
  let taken: u32 = 0;
  for (; taken < n; taken++) {
    const m = load<u32>(list + ((taken as usize) << 2)) as usize;
    const pick = load<u32>(picks + ((taken as usize) << 2));
    assert(pick < PORTS_MAX, "a pick beyond the ports");
    const port = load<u32>(ports + ((pick as usize) << 2)) as usize;
    const p = changetype<Port>(port);
    const counters = p.counters as usize;
    const queue = changetype<Queue>(p.txQueue as usize);
    if ((changetype<Mbuf>(m).segments as u32) > queue.free) {
      if (mustWait(port, m)) {
        count(counters, COUNTER_TX_REFUSED, 1);
        break;
      }
    }
    const cause = makeSendable(port, port, m);
    if (cause != OK) {
      drop(port, m, cause);
      continue;
    }
    const descriptors = queue.postUnchecked(m);
    count(counters, COUNTER_TX_FRAMES, 1);
    count(counters, COUNTER_TX_BYTES, changetype<Mbuf>(m).pktLen);
    count(counters, COUNTER_TX_DESCRIPTORS, descriptors);
    touched |= 1 << pick;
  }
  while (touched != 0) {
    const port = changetype<Port>(load<u32>(ports + ((ctz(touched) as usize) << 2)) as usize);
    ringDoorbell(port.txQueue as usize);
    count(port.counters as usize, COUNTER_TX_DOORBELLS, 1);
    touched &= touched - 1;
  }
  return taken;
}
