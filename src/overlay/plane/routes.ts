/** Routes and their paths: for each network and host that is talked to, prepared outer headers, chosen among by weight. */
import {
  ROUTE_BUCKETS_MAX,
  ROUTE_BYTES,
  ROUTE_MASK,
  ROUTE_PATHS,
  TUNNEL_BYTES,
  TUNNEL_UPLINK,
} from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { Arena } from "../../memory.js";
import type { OverlayRecord } from "./record.js";
import type { OverlayLimits } from "./sizes.js";

/** One way to a host. */
export interface PathChoice {
  /** The path's record, as encodeTunnel and its like make it. */
  readonly record: Uint8Array;
  /** Its place among the overlay's uplinks; no matter where a LAG group chooses. */
  readonly uplink: number;
  /** Share of the flows, 1 to 16. */
  readonly weight: number;
}

/** Buckets of a route without paths: more than one, since the only bucket would be the route's own path. */
const NOWHERE: readonly number[] = new Array(ROUTE_BUCKETS_MAX).fill(0);

export class Routes {
  readonly #arena: Arena;
  readonly #idleRoutes: number[];
  readonly #idlePaths: number[];
  /** Of each route that is in use, the paths behind its first, which is the route's own record. */
  readonly #others = new Map<number, number[]>();

  constructor(arena: Arena, record: OverlayRecord, { routes, paths }: OverlayLimits) {
    this.#arena = arena;
    this.#idleRoutes = places(record.routes, ROUTE_BYTES, routes);
    this.#idlePaths = places(record.paths, TUNNEL_BYTES, paths);
  }

  /** Routes that are in use. */
  get count(): number {
    return this.#others.size;
  }

  /** A route without paths. Throws ConfigError when there is no room. */
  add(): number {
    const route = this.#idleRoutes.pop();
    if (route === undefined) throw new ConfigError("routes", "full", "more of them (createEngine's overlay.routes)");
    this.#others.set(route, []);
    this.#fill(route, NOWHERE);
    return route;
  }

  /** The route's paths from now on; without any, its frames are dropped as no-path. Throws ConfigError, and nothing has changed. */
  set(route: number, choices: readonly PathChoice[]): void {
    const buckets = bucketsOf(choices);
    const before = this.#others.get(route) ?? [];
    if (this.#idlePaths.length + before.length < choices.length - 1) {
      throw new ConfigError("paths", "full", "more of them (createEngine's overlay.paths)");
    }
    this.#idlePaths.push(...before);
    const paths = choices.map((_, i) => (i === 0 ? route : (this.#idlePaths.pop() as number)));
    for (const [i, { record, uplink }] of choices.entries()) {
      const path = paths[i] as number;
      this.#arena.u8.set(record, path);
      this.#arena.u32[(path + TUNNEL_UPLINK) >> 2] = uplink;
    }
    this.#others.set(route, paths.slice(1));
    this.#fill(route, choices.length === 0 ? NOWHERE : buckets.map((i) => paths[i] as number));
  }

  remove(route: number): void {
    this.#fill(route, NOWHERE);
    this.#idlePaths.push(...(this.#others.get(route) ?? []));
    if (this.#others.delete(route)) this.#idleRoutes.push(route);
  }

  /** After the first path is written: the mask is among its bytes. */
  #fill(route: number, buckets: readonly number[]): void {
    const { u32 } = this.#arena;
    u32[(route + ROUTE_MASK) >> 2] = buckets.length - 1;
    u32.set(buckets, (route + ROUTE_PATHS) >> 2);
  }
}

/**
 * Which path each bucket has: one bucket for one path, else all of them, by the largest remainders of the weights, so that every path
 * has one at least.
 */
function bucketsOf(choices: readonly { readonly weight: number }[]): number[] {
  if (choices.length <= 1) return [0];
  checkInteger("paths.length", choices.length, 0, ROUTE_BUCKETS_MAX);
  for (const [i, { weight }] of choices.entries()) checkInteger(`paths[${i}].weight`, weight, 1, ROUTE_BUCKETS_MAX);
  const total = choices.reduce((sum, { weight }) => sum + weight, 0);
  const shares = choices.map(({ weight }, i) => ({ i, exact: (weight * ROUTE_BUCKETS_MAX) / total }));
  const counts = shares.map(({ exact }) => Math.max(1, Math.floor(exact)));
  const missing = () => ROUTE_BUCKETS_MAX - counts.reduce((sum, count) => sum + count, 0);
  const byNeed = (sign: 1 | -1) =>
    shares.toSorted((a, b) => sign * (b.exact - (counts[b.i] as number) - (a.exact - (counts[a.i] as number))));
  while (missing() > 0) (counts[byNeed(1)[0]?.i ?? 0] as number) += 1;
  while (missing() < 0) {
    const richest = byNeed(-1).find(({ i }) => (counts[i] as number) > 1);
    (counts[richest?.i ?? 0] as number) -= 1;
  }
  return counts.flatMap((count, i) => Array.from({ length: count }, () => i));
}

function places(first: number, bytes: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + (count - 1 - i) * bytes);
}
