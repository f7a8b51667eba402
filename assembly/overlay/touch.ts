// Where the table of endpoints is larger than the caches near a core, so are the records that it names: those of a burst are touched
// together, and then the routes that they name, with their first paths, so that each wait for memory is one for all. So are the senders of
// what arrives, when there are many, and the owners that their frames will be charged to.
import {
  ENDPOINT_BYTES,
  ENDPOINT_HOST,
  ENDPOINT_PEER,
  ENDPOINT_ROUTE,
  ENDPOINT_STATE,
  ROUTE_MASK,
  SCRATCH_FOUND,
  STATE_REMOTE,
  TABLE_MISS,
  TUNNEL_TEMPLATE,
} from "../layout";
import { Overlay } from "./overlay";

/** Where an IPv4 tunnel's template ends, in its second line. */
const TEMPLATE_END: usize = TUNNEL_TEMPLATE + 48;

/** Touches the records of the first n that a lookup has found, and of each the route's first path. */
export function touchEndpoints(o: Overlay, n: u32): void {
  const found = (o.scratch as usize) + SCRATCH_FOUND;
  const end = found + ((n as usize) << 2);
  // What the loads come to is kept, so that no compiler leaves them out.
  let sum: u32 = 0;
  for (let at = found; at < end; at += 4) {
    const endpoint = load<u32>(at) as usize;
    if ((endpoint as u32) != TABLE_MISS) sum += load<u32>(endpoint, ENDPOINT_STATE);
  }
  for (let at = found; at < end; at += 4) {
    const endpoint = load<u32>(at) as usize;
    if ((endpoint as u32) == TABLE_MISS || load<u32>(endpoint, ENDPOINT_STATE) != STATE_REMOTE) continue;
    const route = load<u32>(endpoint, ENDPOINT_ROUTE) as usize;
    sum += load<u32>(route, ROUTE_MASK) + load<u32>(route, TEMPLATE_END);
  }
  o.touched = sum;
}

/** Endpoints whose records a core's own cache does not hold. */
const MANY: u32 = 524_288 / (ENDPOINT_BYTES as u32);

/** Touches the records of the senders of n frames, each the first of two words found, and the owners that these remember. */
export function touchSenders(o: Overlay, n: u32): void {
  if (o.recordCount - o.freeRecordCount < MANY) return;
  const found = (o.scratch as usize) + SCRATCH_FOUND;
  const end = found + ((n as usize) << 3);
  let sum: u32 = 0;
  for (let at = found; at < end; at += 8) {
    const sender = load<u32>(at) as usize;
    if ((sender as u32) != TABLE_MISS) sum += load<u32>(sender, ENDPOINT_STATE) + load<u32>(sender, ENDPOINT_HOST);
  }
  for (let at = found; at < end; at += 8) {
    const sender = load<u32>(at) as usize;
    if ((sender as u32) == TABLE_MISS) continue;
    const peer = load<u32>(sender, ENDPOINT_PEER) as usize;
    if (peer != 0) sum += load<u32>(peer);
  }
  o.touched = sum;
}
