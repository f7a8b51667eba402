// Where the table of endpoints is larger than the caches near a core, so are the records that it names: those of a burst are touched
// together, and then the routes and paths that they name, so that each wait for memory is one for all.
import { ENDPOINT_ROUTE, ENDPOINT_STATE, ROUTE_PATHS, SCRATCH_FOUND, STATE_REMOTE, TABLE_MISS } from "../layout";
import { Overlay } from "./overlay";

/** Touches the records of the first n that a lookup has found, their routes, and the first path of each. */
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
    sum += load<u32>(load<u32>(endpoint, ENDPOINT_ROUTE) as usize, ROUTE_PATHS);
  }
  o.touched = sum;
}
