/** A schedule as the part of a scenario file that `ringlane run` reads: seed and faults, in YAML. */
import type { Fault, Schedule } from "./schedule.js";

/** YAML of two keys, seed and faults; a fault is a line. Text is quoted, so that no name is taken for a number or for no. */
export function scheduleText({ seed, faults }: Schedule): string {
  const lines = faults.map((fault) => `  - ${faultText(fault)}\n`);
  return `seed: ${seed}\nfaults:${lines.length === 0 ? " []\n" : `\n${lines.join("")}`}`;
}

function faultText({ kind, atMs, forMs, ...rest }: Fault): string {
  const entries = Object.entries({ atMs, forMs, ...rest }).filter(([, value]) => value !== undefined);
  // JSON is YAML.
  return `{ kind: ${[kind, ...entries.map(([key, value]) => `${key}: ${JSON.stringify(value)}`)].join(", ")} }`;
}
