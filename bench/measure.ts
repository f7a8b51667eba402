/**
 * Measures a question's contestants in rounds. The order is drawn anew for each round, so that a neighbour on the machine
 * does not always hit the same one. Ratios are taken within a round, where both saw the same machine, and then their median:
 * they hold on a noisy machine where absolute figures do not.
 */
import type { Bound, Case, Contestant, Question } from "./question.js";

export interface Effort {
  /** Rounds after the first, which only warms up. */
  readonly rounds: number;
  /** How long one contestant is timed in one round. */
  readonly seconds: number;
  /** And in the first, which counts for nothing: long enough for optimized code to be there. */
  readonly warmUpSeconds: number;
}

/** Many short rounds: what disturbs a machine lasts longer than a round, so that it seldom falls between two contestants. */
export const THOROUGH: Effort = { rounds: 9, seconds: 0.03, warmUpSeconds: 0.1 };
export const QUICK: Effort = { rounds: 7, seconds: 0.003, warmUpSeconds: 0.03 };

/** ringlane against one peer. */
export interface Row {
  readonly question: string;
  readonly case: string;
  readonly unit: string;
  /** Medians of the rounds. */
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  /** The peer's time over ours, the median of the rounds: above 1 ringlane wins. */
  readonly ratio: number;
  /** Distance between the quartiles of the rounds' ratios, as a part of their median. */
  readonly spread: number;
}

/** Whether a bound was kept. */
export interface Verdict {
  readonly question: string;
  readonly case: string;
  readonly bound: string;
  readonly reached: string;
  readonly kept: boolean;
}

export interface Answer {
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
}

type Rounds = ReadonlyMap<Contestant, readonly number[]>;

export async function measure(
  question: Question,
  cases: readonly Case[],
  effort: Effort,
  onRound: (round: number) => void,
): Promise<Answer> {
  const contestants = [...new Set(cases.flatMap(({ ours, peers }) => [ours, ...peers]))];
  const rounds = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]));
  for (let round = 0; round <= effort.rounds; round++) {
    onRound(round);
    for (const contestant of shuffled(contestants)) {
      const time = await contestant.time(round === 0 ? effort.warmUpSeconds : effort.seconds);
      if (round > 0) rounds.get(contestant)?.push(time);
    }
  }
  return {
    rows: cases.flatMap((each) => rowsOf(question, each, rounds)),
    verdicts: cases.flatMap((each) => verdictsOf(question, each, rounds)),
  };
}

function rowsOf(question: Question, { name, unit, ours, peers }: Case, rounds: Rounds): Row[] {
  return peers.map((peer) => {
    const ratios = ratiosOf(rounds, peer, ours);
    const ratio = quantile(ratios, 0.5);
    return {
      question: question.name,
      case: name,
      unit,
      ours: median(rounds, ours),
      peer: median(rounds, peer),
      peerName: peer.name,
      ratio,
      spread: (quantile(ratios, 0.75) - quantile(ratios, 0.25)) / ratio,
    };
  });
}

function verdictsOf(question: Question, each: Case, rounds: Rounds): Verdict[] {
  const verdict = ({ most, times, over }: Bound): Verdict | undefined => {
    const named = times ?? over;
    const peer = each.peers.find(({ name }) => name === named);
    if (named !== undefined && !peer) return undefined; // the peer is missing on this machine
    const compare = over === undefined ? ratiosOf : differencesOf;
    const reached = peer ? quantile(compare(rounds, each.ours, peer), 0.5) : median(rounds, each.ours);
    const unit = times === undefined ? ` ${each.unit}${over === undefined ? "" : ` over ${over}`}` : ` times ${times}`;
    return {
      question: question.name,
      case: each.name,
      bound: `${Number(most.toPrecision(3))}${unit}`,
      reached: reached.toPrecision(3),
      kept: reached <= most,
    };
  };
  return (each.bounds ?? []).map(verdict).filter((found) => found !== undefined);
}

function median(rounds: Rounds, contestant: Contestant): number {
  return quantile(rounds.get(contestant) as readonly number[], 0.5);
}

function ratiosOf(rounds: Rounds, above: Contestant, below: Contestant): number[] {
  const base = rounds.get(below) as readonly number[];
  return (rounds.get(above) as readonly number[]).map((time, round) => time / (base[round] as number));
}

function differencesOf(rounds: Rounds, more: Contestant, less: Contestant): number[] {
  const base = rounds.get(less) as readonly number[];
  return (rounds.get(more) as readonly number[]).map((time, round) => time - (base[round] as number));
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
