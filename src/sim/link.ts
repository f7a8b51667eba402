/**
 * A link: two ways between two ends, one of them or both the uplink of a host. "forth" goes from the first end (a host's uplink) to the
 * second (the network, or another host's uplink), "back" the other way.
 */
import type { ImpairmentOptions } from "./impairment.js";
import { Way, type WayCounters, type WayEnd, type WayOptions } from "./way.js";
import type { World } from "./world.js";

export interface LinkOptions extends WayOptions {
  /** What differs on the way back. */
  readonly back?: WayOptions;
}

export const DIRECTIONS = ["forth", "back"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** An end of a link that can be told whether the link is up. */
export interface LinkEnd extends WayEnd {
  linkChanged?(isUp: boolean, nowNs: number): void;
}

export class Link {
  readonly name: string;
  readonly forth: Way;
  readonly back: Way;
  readonly #world: World;
  readonly #ends: readonly [LinkEnd, LinkEnd];
  #tellingCuts = 0;

  /** @internal Made by Fabric.cable and Network.attach. Throws ConfigError for an option out of its bounds. */
  constructor(world: World, name: string, ends: readonly [LinkEnd, LinkEnd], options: LinkOptions = {}) {
    const { back, ...forth } = options;
    this.name = name;
    this.#world = world;
    this.#ends = ends;
    this.forth = new Way(world, `${name}/forth`, ends[1], forth);
    this.back = new Way(world, `${name}/back`, ends[0], { ...forth, ...back });
  }

  /** No cut that its ends can see. */
  get isUp(): boolean {
    return this.#tellingCuts === 0;
  }

  /** Both ways together. */
  get counters(): Readonly<WayCounters> {
    return sum([this.forth.counters, this.back.counters]);
  }

  /**
   * Cuts both ways, or one; what is on it is lost. The ends see the link go down (FabricHost.link), unless the cut is silent. Returns what
   * repairs it; a link that was cut twice takes both repairs.
   */
  cut({ direction, silent = false }: { direction?: Direction; silent?: boolean } = {}): () => void {
    const ways = this.#ways(direction);
    for (const way of ways) way.cut();
    if (!silent && this.#tellingCuts++ === 0) this.#tell();
    return () => {
      for (const way of ways) way.repair();
      if (!silent && --this.#tellingCuts === 0) this.#tell();
    };
  }

  /** Lays an impairment over both ways' own, or one's; returns what takes it away. */
  impair(layer: ImpairmentOptions, direction?: Direction): () => void {
    const undo = this.#ways(direction).map((way) => way.impair(layer));
    return () => {
      for (const takeAway of undo) takeAway();
    };
  }

  #ways(direction: Direction | undefined): Way[] {
    return direction ? [this[direction]] : [this.forth, this.back];
  }

  #tell(): void {
    for (const end of this.#ends) end.linkChanged?.(this.isUp, this.#world.clock.nowNs);
  }
}

/** The sum of counters, each by itself. */
export function sum(all: readonly Readonly<WayCounters>[]): WayCounters {
  const total = {} as WayCounters;
  for (const counters of all) {
    for (const [key, count] of Object.entries(counters) as [keyof WayCounters, number][]) {
      total[key] = (total[key] ?? 0) + count;
    }
  }
  return total;
}
