// The send loop: queue pairs with something to send, each in its turn until it has nothing more that may go, or room or the burst is at an end.
import { ringCount, ringDequeueBurst } from "../dma/ring";
import { QP_F_ACTIVE } from "../layout";
import { activate, Endpoint } from "./endpoint";
import { settleSent } from "./packet";
import { Qp } from "./qp";
import { sendDue } from "./reply";
import { sendRequests } from "./request";

/** Sends at most n packets; returns how many. 0 with queue pairs left means that the port or the pool has no room. */
export function rdmaSendBurst(endpoint: usize, n: u32): u32 {
  const e = changetype<Endpoint>(endpoint);
  e.budget = n;
  const ring = e.active as usize;
  for (let turns = ringCount(ring); turns > 0 && e.budget > 0; turns--) {
    ringDequeueBurst(ring, e.list as usize, 1);
    const qp = load<u32>(e.list as usize) as usize;
    changetype<Qp>(qp).flags &= ~QP_F_ACTIVE;
    if (!sendDue(endpoint, qp) || !sendRequests(endpoint, qp)) activate(endpoint, qp);
  }
  return settleSent(endpoint);
}
