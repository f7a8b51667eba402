/**
 * A policy with nothing left open. Defaults never contradict what was given: a ceiling of 100 alone brings a preset of 100 and a floor
 * of 64, and only what was said twice can be refused.
 */
import { checkInteger, checkOneOf } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { LimitPolicy } from "../policy.js";

/** As many mbufs as a limit can be of. */
export const LIMIT_MAX = 2 ** 24;
/** An hour: a window that is longer would follow nothing. */
const WINDOW_MS_MAX = 3_600_000;
const WINDOWS_MAX = 1000;

/** The first criterion, whole. */
export type CheckedReduce = (
  | { readonly by: "filled"; readonly below: number }
  | { readonly by: "sojourn"; readonly targetMs: number; readonly intervalMs: number }
  | { readonly by: "drops"; readonly above: number }
  | { readonly by: "tcp"; readonly above: number }
) & { readonly windows: number };

export interface CheckedPolicy {
  readonly floor: number;
  readonly preset: number;
  readonly ceiling: number;
  readonly weight: number;
  readonly window: { readonly descriptors: number; readonly ms: number };
  readonly reduce: CheckedReduce;
  readonly raise: { readonly filled: number; readonly windows: number; readonly returned: number };
  readonly holdWindows: number;
  readonly reading: "held" | "batch";
}

/** The policy with its defaults, or ConfigError that names the key (under the given one), the value and the bound. */
export function checkPolicy(key: string, policy: LimitPolicy): CheckedPolicy {
  const { floor, preset, ceiling } = checkRange(key, policy);
  const reduce = checkReduce(`${key}.reduce`, policy.reduce ?? { by: "filled" });
  return {
    floor,
    preset,
    ceiling,
    weight: checkInteger(`${key}.weight`, policy.weight ?? 1, 1, 1000),
    window: {
      descriptors: checkInteger(`${key}.window.descriptors`, policy.window?.descriptors ?? 256, 1, LIMIT_MAX),
      ms: checkMs(`${key}.window.ms`, policy.window?.ms ?? 100),
    },
    reduce,
    raise: checkRaise(`${key}.raise`, policy.raise ?? {}, reduce),
    holdWindows: checkInteger(`${key}.holdWindows`, policy.holdWindows ?? 4, 0, WINDOWS_MAX),
    reading: checkOneOf(`${key}.reading`, policy.reading ?? "held", ["held", "batch"]),
  };
}

function checkRange(key: string, policy: LimitPolicy): Pick<CheckedPolicy, "floor" | "preset" | "ceiling"> {
  for (const name of ["floor", "preset", "ceiling"] as const) {
    checkInteger(`${key}.${name}`, policy[name] ?? 1, 1, LIMIT_MAX);
  }
  const floor = policy.floor ?? Math.min(64, policy.preset ?? 64, policy.ceiling ?? 64);
  const ceiling = policy.ceiling ?? Math.max(2048, floor, policy.preset ?? 0);
  if (floor > ceiling) throw new ConfigError(`${key}.floor`, floor, `at most the ceiling, ${ceiling}`);
  const preset = policy.preset ?? Math.min(Math.max(256, floor), ceiling);
  if (preset < floor || preset > ceiling) {
    throw new ConfigError(`${key}.preset`, preset, `from the floor, ${floor}, to the ceiling, ${ceiling}`);
  }
  return { floor, preset, ceiling };
}

function checkReduce(key: string, reduce: NonNullable<LimitPolicy["reduce"]>): CheckedReduce {
  const by = checkOneOf(`${key}.by`, reduce.by, ["filled", "sojourn", "drops", "tcp"]);
  const windows = checkInteger(`${key}.windows`, reduce.windows ?? 1, 1, WINDOWS_MAX);
  if (reduce.by === "filled") return { by: "filled", below: checkShare(`${key}.below`, reduce.below ?? 0.25), windows };
  if (reduce.by === "sojourn") {
    const targetMs = checkMs(`${key}.targetMs`, reduce.targetMs ?? 5);
    const intervalMs = checkMs(`${key}.intervalMs`, reduce.intervalMs ?? 100);
    if (targetMs < intervalMs) return { by: "sojourn", targetMs, intervalMs, windows };
    throw new ConfigError(`${key}.targetMs`, targetMs, `less than the interval, ${intervalMs}`);
  }
  const above = by === "drops" ? 0.01 : 0.05;
  return { by: reduce.by, above: checkShare(`${key}.above`, reduce.above ?? above), windows };
}

function checkRaise(key: string, raise: NonNullable<LimitPolicy["raise"]>, reduce: CheckedReduce) {
  const filled = checkShare(`${key}.filled`, raise.filled ?? 0.75);
  const least = reduce.by === "filled" ? reduce.below : 0;
  if (filled <= least) throw new ConfigError(`${key}.filled`, filled, `more than ${least}, below which limits go down`);
  return {
    filled,
    windows: checkInteger(`${key}.windows`, raise.windows ?? 2, 1, WINDOWS_MAX),
    returned: checkShare(`${key}.returned`, raise.returned ?? 1 / 128),
  };
}

function checkShare(argument: string, value: number): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new ConfigError(argument, value, "a share from 0 to 1");
}

function checkMs(argument: string, value: number): number {
  if (typeof value === "number" && value > 0 && value <= WINDOW_MS_MAX) return value;
  throw new ConfigError(argument, value, `more than 0 and at most ${WINDOW_MS_MAX}`);
}
