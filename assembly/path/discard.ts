// The device at the end of a cable that leads nowhere: frames count as sent and their buffers go back to the pool, unread. For
// measurements, and for traffic that only its counters are wanted of.
import { lastId, nextSegments } from "../dma/device";
import { Queue, slotOf } from "../dma/queue";
import { freeBurst } from "../mbuf/pool";
import { Port } from "./port";

/** Takes at most n posted frames and frees them; list has room for their addresses. Returns how many. Nothing may be in flight (Queue.isPassable). */
export function discardBurst(port: usize, list: usize, n: u32): u32 {
  const p = changetype<Port>(port);
  const q = changetype<Queue>(p.txQueue as usize);
  if (!q.isPassable()) return 0;
  let taken: u32 = 0;
  for (; taken < n; taken++) {
    const segments = nextSegments(q);
    if (segments == 0) break;
    const id = lastId(q, q.deviceAvail, segments);
    store<u32>(list + ((taken as usize) << 2), slotOf(q, id).mbuf);
    q.passUnchecked(id, segments);
  }
  freeBurst(p.pool as usize, list, taken);
  return taken;
}
