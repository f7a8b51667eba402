// The ways to another host. Nearly every route has one path: its record is the route's own beginning, and the route's mask, which says so,
// is in a word that a tunnel has to spare. So whoever has a route has the path, in the lines that are read of it anyway.
//
//   │ the first path, a tunnel's record; in it the mask │ buckets 16 × u32: paths, the first one or others of the pool │
import { ROUTE_BYTES, ROUTE_MASK, ROUTE_PATHS, TUNNEL_BYTES } from "../layout";
import { Tunnel } from "../path/tunnel";

@unmanaged
export class Route extends Tunnel {
  buckets0: v128;
  buckets1: v128;
  buckets2: v128;
  buckets3: v128;

  /** The path of a flow by its hash, or 0 when none is live. */
  @inline
  static path(route: usize, hash: u32): usize {
    const mask = load<u32>(route, ROUTE_MASK);
    // A branch, not a select: guessed right mostly, it has nothing wait for the mask.
    if (mask == 0) return route;
    return load<u32>(route + (((hash & mask) as usize) << 2), ROUTE_PATHS) as usize;
  }
}

if (offsetof<Route>() != ROUTE_BYTES) ERROR("Route: size");
if (offsetof<Route>("routeMask") != ROUTE_MASK) ERROR("Route: mask");
if (offsetof<Route>("buckets0") != ROUTE_PATHS) ERROR("Route: paths");
if (ROUTE_PATHS != TUNNEL_BYTES) ERROR("Route: first path");
