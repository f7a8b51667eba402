/** Lengths of time as people write them: 100us, 1ms, 0.5ms. */
import { InvalidArgumentError } from "commander";

const NS_PER: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };
const DURATION = /^(?<number>\d+(\.\d+)?)(?<unit>ns|us|µs|ms|s)$/;

/** For commander: nanoseconds, between two bounds. Less than one is rounded. A zero needs no unit. */
export function duration(minNs: number, maxNs: number): (text: string) => number {
  return (text) => {
    const { number, unit = "" } = DURATION.exec(text === "0" ? "0ns" : text)?.groups ?? {};
    const ns = Math.round(Number(number) * (NS_PER[unit] ?? Number.NaN));
    if (ns >= minNs && ns <= maxNs) return ns;
    throw new InvalidArgumentError(
      `must be from ${durationText(minNs)} to ${durationText(maxNs)}, a number with ns, us, ms or s, such as 100us or 0.5ms`,
    );
  };
}

/** In the largest unit of which it is a whole number, where that is not nanoseconds. */
export function durationText(ns: number): string {
  const [unit, nsPer] = ns === 0 ? ["us", 1] : (UNITS.find(([, per]) => ns % per === 0) ?? ["ns", 1]);
  return `${ns / nsPer}${unit}`;
}

const UNITS = [
  ["s", 1e9],
  ["ms", 1e6],
  ["us", 1e3],
] as const;
