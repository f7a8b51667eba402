/**
 * Makes a failing schedule smaller: leaves faults out, in halves, quarters and so on down to single ones (the complements of ddmin: A. Zeller,
 * R. Hildebrandt, Simplifying and isolating failure-inducing input, IEEE TSE 28, 2002), and then makes what is left plainer. What
 * comes out fails, and leaving out any one of its faults does not, unless the runs were used up before.
 */
import { checkInteger } from "../check.js";
import type { Fault, Schedule } from "./schedule.js";

/** Whether a schedule fails: a run of its own, from its seed, each time. */
export type Fails = (schedule: Schedule) => boolean | Promise<boolean>;

export interface Shrunk {
  readonly schedule: Schedule;
  /** How often fails was called. */
  readonly runs: number;
  /** False when maxRuns ended the search. */
  readonly isSmallest: boolean;
}

/** The schedule must fail; maxRuns is 1000 by default. */
export async function shrinkSchedule(
  schedule: Schedule,
  fails: Fails,
  { maxRuns = 1000 }: { maxRuns?: number } = {},
): Promise<Shrunk> {
  checkInteger("maxRuns", maxRuns, 1, Number.MAX_SAFE_INTEGER);
  const search = new Search(schedule, fails, maxRuns);
  while ((await search.removeFaults()) || (await search.simplifyFaults()));
  return { schedule: search.best, runs: search.runs, isSmallest: !search.isOver };
}

class Search {
  best: Schedule;
  runs = 0;
  /** A run was refused: there may be smaller ones. */
  isOver = false;
  readonly #fails: Fails;
  readonly #maxRuns: number;

  constructor(schedule: Schedule, fails: Fails, maxRuns: number) {
    this.best = schedule;
    this.#fails = fails;
    this.#maxRuns = maxRuns;
  }

  /** Returns whether fewer faults fail too. */
  async removeFaults(): Promise<boolean> {
    const before = this.best.faults.length;
    for (let size = before; size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at < this.best.faults.length; ) {
        const rest = this.best.faults.filter((_, i) => i < at || i >= at + size);
        // What stood behind has moved up.
        if (!(await this.#takes(rest))) at += size;
      }
    }
    return this.best.faults.length < before;
  }

  /** Returns whether plainer faults fail too. */
  async simplifyFaults(): Promise<boolean> {
    let isPlainer = false;
    for (let at = 0; at < this.best.faults.length; at++) {
      while (await this.#simplify(at)) isPlainer = true;
    }
    return isPlainer;
  }

  async #simplify(at: number): Promise<boolean> {
    for (const plainer of plainerFaults(this.best.faults[at] as Fault)) {
      if (await this.#takes(this.best.faults.with(at, plainer))) return true;
    }
    return false;
  }

  /** Takes these faults for the best, if they fail. */
  async #takes(faults: readonly Fault[]): Promise<boolean> {
    if (this.runs >= this.#maxRuns) {
      this.isOver = true;
      return false;
    }
    this.runs++;
    const candidate = { ...this.best, faults };
    if (!(await this.#fails(candidate))) return false;
    this.best = candidate;
    return true;
  }
}

const PROBABILITIES = ["loss", "duplicate", "reorder", "corrupt"];
const TIMES = ["atMs", "forMs", "delayMs", "jitterMs", "reorderMs"];
const OPTIONS = [...PROBABILITIES, "delayMs", "jitterMs", "reorderMs", "direction", "silent"];

/**
 * Plainer faults, the plainest first. Each has an option less, a probability of 1 in place of another, a shorter or rounder time, or a host
 * less; so there is an end to it.
 */
export function plainerFaults(fault: Fault): Fault[] {
  const plainer: Fault[] = [];
  const values = fault as unknown as Readonly<Record<string, unknown>>;
  for (const key of OPTIONS) {
    const { [key]: value, ...rest } = values;
    if (value !== undefined) plainer.push(rest as unknown as Fault);
  }
  for (const key of PROBABILITIES) {
    const value = values[key];
    if (typeof value === "number" && value < 1) plainer.push({ ...fault, [key]: 1 });
  }
  for (const key of TIMES) {
    const value = values[key];
    if (typeof value === "number") for (const less of lessThan(value)) plainer.push({ ...fault, [key]: less });
  }
  return [...plainer, ...fewerHosts(fault)];
}

/** Smaller numbers: nothing, round ones, and the half. */
function lessThan(value: number): number[] {
  const round = [1000, 100, 10, 1].map((unit) => Math.floor(value / unit) * unit);
  return [...new Set([0, ...round, Math.floor(value / 2)])].filter((less) => less < value);
}

function fewerHosts(fault: Fault): Fault[] {
  if (fault.kind !== "partition") return [];
  return fault.sides.flatMap((hosts, side) => {
    if (hosts.length < 2) return [];
    return hosts.map((host) => ({ ...fault, sides: fault.sides.with(side, without(hosts, host)) }));
  });
}

function without(hosts: readonly string[], host: string): string[] {
  return hosts.filter((other) => other !== host);
}
