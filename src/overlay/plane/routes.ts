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

export class Routes {
  readonly #arena: Arena;
  readonly #idleRoutes: number[];
  readonly #idlePaths: number[];
  /** Paths of each route that is in use. */
  readonly #paths = new Map<number, number[]>();

  constructor(arena: Arena, record: OverlayRecord, { routes, paths }: OverlayLimits) {
    this.#arena = arena;
    this.#idleRoutes = places(record.routes, ROUTE_BYTES, routes);
    this.#idlePaths = places(record.paths, TUNNEL_BYTES, paths);
  }

  /** Routes that are in use. */
  get count(): number {
    return this.#paths.size;
  }

  /** A route without paths. Throws ConfigError when there is no room. */
  add(): number {
    const route = this.#idleRoutes.pop();
    if (route === undefined) throw new ConfigError("routes", "full", "more of them (createEngine's overlay.routes)");
    this.#paths.set(route, []);
    this.#fill(route, [0]);
    return route;
  }

  /** The route's paths from now on; without any, its frames are dropped as no-path. Throws ConfigError, and nothing has changed. */
  set(route: number, choices: readonly PathChoice[]): void {
    const buckets = bucketsOf(choices);
    const before = this.#paths.get(route) ?? [];
    if (this.#idlePaths.length + before.length < choices.length) {
      throw new ConfigError("paths", "full", "more of them (createEngine's overlay.paths)");
    }
    this.#idlePaths.push(...before);
    const paths = choices.map(({ record, uplink }) => {
      const path = this.#idlePaths.pop() as number;
      this.#arena.u8.set(record, path);
      this.#arena.u32[(path + TUNNEL_UPLINK) >> 2] = uplink;
      return path;
    });
    this.#paths.set(route, paths);
    this.#fill(
      route,
      buckets.map((i) => paths[i] ?? 0),
    );
  }

  remove(route: number): void {
    this.#fill(route, [0]);
    this.#idlePaths.push(...(this.#paths.get(route) ?? []));
    if (this.#paths.delete(route)) this.#idleRoutes.push(route);
  }

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
