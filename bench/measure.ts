/**
 * Measures the cases of a question in rounds. benny times each case of a round; the order of the cases is drawn anew for
 * each round, so that a neighbour on the machine does not always hit the same one. Ratios are taken within a round, where
 * both cases saw the same machine, and then their median: they hold on a noisy machine where absolute figures do not.
 */
import { add, configure, suite } from "benny";
import type { Case, Question } from "./question.js";

export interface Effort {
  readonly rounds: number;
  /** How long benny takes samples of one case in one round. */
  readonly caseSeconds: number;
}

/** Many short rounds: what disturbs a machine lasts longer than a round, so that it seldom falls between two cases. */
export const THOROUGH: Effort = { rounds: 25, caseSeconds: 0.05 };
export const QUICK: Effort = { rounds: 3, caseSeconds: 0.05 };

export interface Result {
  readonly question: string;
  readonly name: string;
  /** The median round, and the quietest one. */
  readonly nsPerFrame: number;
  readonly bestNsPerFrame: number;
  /** Distance between the quartiles of the rounds, as a part of the median. */
  readonly spread: number;
  readonly bytesPerSecond: number | undefined;
  readonly baseline: string;
  readonly ratio: number;
}

/** Where every run's result goes. */
let kept = 0;

export async function measure(question: Question, effort: Effort): Promise<Result[]> {
  const cases = await question.cases();
  const roundsOf = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  // Round 0 warms up: it is when the engine compiles what is measured later.
  for (let round = 0; round <= effort.rounds; round++) {
    const title = `${question.name}, ${round === 0 ? "warm-up" : `round ${round} of ${effort.rounds}`}`;
    const nsPerFrame = await runRound(title, shuffled(cases), effort);
    if (round > 0) for (const [name, ns] of nsPerFrame) roundsOf.get(name)?.push(ns);
  }
  return cases.map(({ name, baseline, bytesPerFrame }) => {
    const rounds = roundsOf.get(name) as number[];
    const base = roundsOf.get(baseline);
    if (!base) throw new Error(`${question.name} has no case "${baseline}"`);
    const ns = quantile(rounds, 0.5);
    const ratios = rounds.map((value, round) => value / (base[round] as number));
    return {
      question: question.name,
      name,
      nsPerFrame: ns,
      bestNsPerFrame: quantile(rounds, 0),
      spread: (quantile(rounds, 0.75) - quantile(rounds, 0.25)) / ns,
      bytesPerSecond: bytesPerFrame === undefined ? undefined : (bytesPerFrame / ns) * 1e9,
      baseline,
      ratio: quantile(ratios, 0.5),
    };
  });
}

/** Nanoseconds per frame by case name: the median of benny's samples. */
async function runRound(title: string, cases: readonly Case[], effort: Effort): Promise<Map<string, number>> {
  const options = { minTime: effort.caseSeconds / 5, maxTime: effort.caseSeconds, minSamples: 5, delay: 0 };
  const summary = await suite(
    title,
    // A function that returns a function: benny takes the outer one for setup and times the inner one.
    ...cases.map(({ name, run }) => add(name, () => () => keep(run()))),
    configure({ cases: options }),
  );
  const framesOf = new Map(cases.map(({ name, framesPerRun }) => [name, framesPerRun]));
  return new Map(
    summary.results.map(({ name, details }) => [name, (details.median * 1e9) / (framesOf.get(name) as number)]),
  );
}

function keep(result: number | Promise<number>): void | Promise<void> {
  if (typeof result !== "number") return result.then((value) => keep(value));
  kept = (kept + result) | 0;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * part)] as number;
}
