/** What may happen to frames on their way, as numbers: a link's own, and what faults lay over it for a while. */
import { checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";

export interface Impairment {
  /** Probability that a frame is lost, 0 to 1. */
  readonly loss: number;
  /** Probability that a frame comes twice. */
  readonly duplicate: number;
  /** Probability that a frame is held back by reorderMs, so that later ones overtake it. All others keep their order. */
  readonly reorder: number;
  /** Probability that one bit of a frame, any, is flipped. */
  readonly corrupt: number;
  /** Time that a frame takes, in ms. */
  readonly delayMs: number;
  /** Time that a frame takes besides, from 0 to this, in ms. */
  readonly jitterMs: number;
  readonly reorderMs: number;
}

export type ImpairmentOptions = Partial<Impairment>;

/** How jitter is spread: every value as likely as another, or the mean of four such (Bates distribution). */
const JITTER_SHAPES = ["uniform", "bell"] as const;
export type JitterShape = (typeof JITTER_SHAPES)[number];

export const NO_IMPAIRMENT: Impairment = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  corrupt: 0,
  delayMs: 0,
  jitterMs: 0,
  reorderMs: 1,
};

const PROBABILITIES = ["loss", "duplicate", "reorder", "corrupt"] as const;
const TIMES = ["delayMs", "jitterMs", "reorderMs"] as const;
/** A day: what is slower is cut. */
const LONGEST_MS = 86_400_000;

/** Throws ConfigError for the first value out of its bounds; prefix stands before its name. */
export function checkImpairment(options: ImpairmentOptions, prefix = ""): void {
  for (const key of PROBABILITIES) checkRange(prefix + key, options[key], 1);
  for (const key of TIMES) checkRange(prefix + key, options[key], LONGEST_MS);
}

/** A number from 0 to max, or nothing; else ConfigError. */
export function checkRange(argument: string, value: number | undefined, max: number): void {
  if (value === undefined || (value >= 0 && value <= max)) return;
  throw new ConfigError(argument, value, `a number from 0 to ${max}`);
}

export function checkShape(shape: JitterShape | undefined): JitterShape {
  return checkOneOf("jitter", shape ?? "uniform", JITTER_SHAPES);
}

/** All at once: losses by independent causes, delays one after the other. */
export function combined(base: Impairment, layers: Iterable<ImpairmentOptions>): Impairment {
  const all = { ...base };
  for (const layer of layers) {
    for (const key of PROBABILITIES) {
      const p = layer[key] ?? 0;
      all[key] += p - all[key] * p;
    }
    all.delayMs += layer.delayMs ?? 0;
    all.jitterMs += layer.jitterMs ?? 0;
    all.reorderMs = Math.max(all.reorderMs, layer.reorderMs ?? 0);
  }
  return all;
}
