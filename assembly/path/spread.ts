// Posts each frame of a burst on the port that was picked for it. Picking (a hash, a policy) and posting are apart, so that any
// way to pick meets the same rules: back-pressure from the front, one doorbell a port, drops counted by cause.
import { count } from "../counter";
import { COUNTER_TX_REFUSED, OK } from "../layout";
import { drop, makeSendable, Port } from "./port";
import { announceAll, Single } from "./single";

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
    if (Single.mustWait(port, m)) {
      count(changetype<Port>(port).counters as usize, COUNTER_TX_REFUSED, 1);
      break;
    }
    const cause = makeSendable(port, port, m);
    if (cause != OK) {
      drop(port, m, cause);
      continue;
    }
    Single.post(port, m);
    touched |= 1 << pick;
  }
  announceAll(ports, touched);
  return taken;
}
