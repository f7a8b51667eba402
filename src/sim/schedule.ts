/**
 * What goes wrong, and when, as plain data: it can be drawn from a seed, made smaller, printed, and read from a scenario. Every fault begins
 * at its time and ends by itself after forMs, or not at all; so any part of a schedule is a schedule.
 */
import type { ImpairmentOptions } from "./impairment.js";
import type { Direction } from "./link.js";
import type { Random } from "./random.js";

interface Timed {
  /** When it begins, in ms of virtual time. */
  readonly atMs: number;
  /** How long it lasts, in ms; without, to the end. */
  readonly forMs?: number | undefined;
}

/** A link carries nothing; what is on it is lost. Its ends see it, unless it is silent. */
export interface CutFault extends Timed {
  readonly kind: "cut";
  /** A link's name: host.uplink. */
  readonly link: string;
  readonly direction?: Direction | undefined;
  readonly silent?: boolean | undefined;
}

/** A link gets worse. */
export interface ImpairFault extends Timed, ImpairmentOptions {
  readonly kind: "impair";
  readonly link: string;
  readonly direction?: Direction | undefined;
}

/** Frames between hosts of different sides are lost; hosts of no side reach all. */
export interface PartitionFault extends Timed {
  readonly kind: "partition";
  readonly sides: readonly (readonly string[])[];
}

/** Hosts, all by default, do not reach the directory, nor does it reach them. */
export interface DirectoryCutFault extends Timed {
  readonly kind: "directory-cut";
  readonly hosts?: readonly string[] | undefined;
}

/** Messages between hosts, all by default, and the directory are lost or late. */
export interface DirectoryImpairFault extends Timed {
  readonly kind: "directory-impair";
  readonly hosts?: readonly string[] | undefined;
  readonly loss?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly jitterMs?: number | undefined;
}

export type Fault = CutFault | ImpairFault | PartitionFault | DirectoryCutFault | DirectoryImpairFault;
export const FAULT_KINDS = ["cut", "impair", "partition", "directory-cut", "directory-impair"] as const;

export interface Schedule {
  /** Of the fabric, 0 to 2^32 - 1. */
  readonly seed: number;
  readonly faults: readonly Fault[];
}

/** What random faults are about. */
export interface FaultTargets {
  readonly hosts: readonly string[];
  readonly links: readonly string[];
  /** Kinds to draw from; all that have a target by default. */
  readonly kinds?: readonly Fault["kind"][];
  /** Faults begin within it and end by its end. */
  readonly withinMs: number;
  readonly count: number;
}

/** Faults drawn from a stream, in the order of their time. */
export function randomFaults(random: Random, targets: FaultTargets): Fault[] {
  const { hosts, links, withinMs, count } = targets;
  const possible = FAULT_KINDS.filter((kind) => {
    if (kind === "cut" || kind === "impair") return links.length > 0;
    return hosts.length > (kind === "partition" ? 1 : 0);
  });
  const kinds = possible.filter((kind) => targets.kinds?.includes(kind) ?? true);
  if (kinds.length === 0) return [];
  const faults = Array.from({ length: count }, () => {
    const atMs = random.between(0, withinMs - 1);
    const forMs = random.between(1, withinMs - atMs);
    return randomFault(random, random.pick(kinds), targets, { atMs, forMs });
  });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function randomFault(random: Random, kind: Fault["kind"], { hosts, links }: FaultTargets, when: Timed): Fault {
  switch (kind) {
    case "cut":
      return { kind, ...when, link: random.pick(links), silent: random.between(0, 1) === 1 };
    case "impair":
      return { kind, ...when, link: random.pick(links), ...randomImpairment(random) };
    case "partition":
      return { kind, ...when, sides: randomSides(random, hosts) };
    case "directory-cut":
      return { kind, ...when, hosts: [random.pick(hosts)] };
    case "directory-impair":
      return { kind, ...when, hosts: [random.pick(hosts)], loss: percent(random, 50), delayMs: random.between(0, 50) };
  }
}

/** One to three things at once. */
function randomImpairment(random: Random): ImpairmentOptions {
  const all: readonly ImpairmentOptions[] = [
    { loss: percent(random, 50) },
    { duplicate: percent(random, 50) },
    { reorder: percent(random, 50), reorderMs: random.between(1, 10) },
    { corrupt: percent(random, 20) },
    { delayMs: random.between(1, 50) },
    { jitterMs: random.between(1, 20) },
  ];
  return Object.assign({}, ...Array.from({ length: random.between(1, 3) }, () => random.pick(all)));
}

/** Two sides, none of them empty. */
function randomSides(random: Random, hosts: readonly string[]): string[][] {
  const first = random.between(0, hosts.length - 1);
  const sides: [string[], string[]] = [[], []];
  for (const [i, host] of hosts.entries()) {
    const isOther = i === (first + 1) % hosts.length || (i !== first && random.between(0, 1) === 1);
    sides[isOther ? 1 : 0].push(host);
  }
  return sides;
}

/** 0.01 to max hundredths. */
function percent(random: Random, max: number): number {
  return random.between(1, max) / 100;
}
