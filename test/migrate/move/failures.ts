/** What goes wrong in a move, drawn from a seed, as plain data; and how it is done to a world. */
import type { Chance } from "./chance.js";
import type { LinkState } from "./link.js";
import type { World } from "./world.js";

/** Ways between two places: both, or the one that is named first to last. */
export interface Cut {
  readonly atMs: number;
  /** Undefined: for ever. */
  readonly forMs: number | undefined;
  readonly ways: readonly (readonly [string, string])[];
}

export interface Kill {
  readonly atMs: number;
  readonly host: 0 | 1;
  /** Without memory, so long after; undefined: never. */
  readonly restartMs: number | undefined;
}

export interface FailureSchedule {
  readonly links: Omit<LinkState, "isCut">;
  readonly cuts: readonly Cut[];
  readonly kills: readonly Kill[];
}

export const PAIRS = [
  ["alpha", "beta"],
  ["alpha", "directory"],
  ["beta", "directory"],
  ["senders", "alpha"],
  ["senders", "beta"],
] as const;
/** A move takes some milliseconds: most of what goes wrong is to fall into it. */
const SPANS_MS = [3, 8, 8, 20, 60, 250];

export function drawSchedule(chance: Chance): FailureSchedule {
  const time = () => chance.below(1000 * chance.pick(SPANS_MS)) / 1000;
  const isClean = chance.below(3) === 0;
  const links = {
    delayMs: 0.1 + chance.below(isClean ? 200 : 2000) / 1000,
    jitterMs: chance.below(isClean ? 100 : 3000) / 1000,
    loss: isClean ? 0 : chance.below(30),
    duplicate: isClean ? 0 : chance.below(30),
    reorders: !isClean && chance.below(2) === 0,
  };
  // Senders' links decide nothing: they are cut less often.
  const pairs = chance.below(3) === 0 ? PAIRS : PAIRS.slice(0, 3);
  const cuts = Array.from({ length: chance.below(5) }, () => {
    const [a, b] = chance.pick(pairs);
    const ways = chance.pick([
      [[a, b]],
      [[b, a]],
      [
        [a, b],
        [b, a],
      ],
      [
        [a, b],
        [b, a],
      ],
    ] as const);
    return { atMs: time(), forMs: 1 + chance.below(1000 * chance.pick([2, 30, 200, 400])) / 1000, ways };
  });
  const kill = (): Kill => ({
    atMs: time(),
    host: chance.below(2) as 0 | 1,
    restartMs: chance.below(2) === 0 ? undefined : 1 + chance.below(chance.pick([5, 300])),
  });
  return { links, cuts, kills: chance.below(2) === 0 ? [] : [kill()] };
}

/** When the last of it has happened, or is over, from the beginning; a restart is the host's own affair. */
export function overMs({ cuts, kills }: FailureSchedule): number {
  return Math.max(0, ...cuts.map(({ atMs, forMs = 0 }) => atMs + forMs), ...kills.map(({ atMs }) => atMs));
}

/** Begins a schedule now; links that are not cut are good again when all is over. */
export function inflict(world: World, schedule: FailureSchedule, killed: (host: 0 | 1) => void): void {
  const { clock } = world;
  const at = (ms: number, fire: () => void) => clock.after(Math.round(ms * 1e6), { fire });
  const all = PAIRS.flatMap(([a, b]) => [world.link(a, b), world.link(b, a)]);
  const good = all.map(({ state }) => ({ ...state }));
  for (const { state } of all) Object.assign(state, schedule.links);
  const cutWays = new Map<string, number>();
  for (const { atMs, forMs, ways } of schedule.cuts) {
    for (const [from, to] of ways) {
      const change = (by: number) => {
        const cuts = (cutWays.get(`${from}>${to}`) ?? 0) + by;
        cutWays.set(`${from}>${to}`, cuts);
        world.link(from, to).state.isCut = cuts > 0;
      };
      at(atMs, () => change(1));
      if (forMs !== undefined) at(atMs + forMs, () => change(-1));
    }
  }
  for (const { atMs, host, restartMs } of schedule.kills) {
    at(atMs, () => {
      world.kill(world.hosts[host]);
      killed(host);
    });
    if (restartMs !== undefined) at(atMs + restartMs, () => world.hosts[host].restart());
  }
  // Behind the last cut's end, which has the same time.
  at(overMs(schedule), () => {
    for (const [i, { state }] of all.entries()) Object.assign(state, good[i], { isCut: state.isCut });
  });
}
