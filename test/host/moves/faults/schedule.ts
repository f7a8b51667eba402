/** What goes wrong in a move between h0 and h1, drawn from a seed, as plain data. */
import type { EncapsulationName } from "../../../../src/directory/records.js";
import type { Random } from "../../../../src/sim/random.js";
import type { Fault } from "../../../../src/sim/schedule.js";
import type { ControlImpairment } from "./nic.js";

export interface Kill {
  readonly atMs: number;
  readonly host: 0 | 1;
  /** Comes back without memory so long after; undefined: never. */
  readonly restartMs: number | undefined;
}

export interface FailureSchedule {
  readonly encapsulation: EncapsulationName;
  /** Of messages between hosts, while it goes wrong. */
  readonly control: ControlImpairment;
  readonly faults: readonly Fault[];
  readonly kill: Kill | undefined;
  readonly cancelMs: number | undefined;
}

/** A move takes some milliseconds: most of what goes wrong is to fall into it. */
const SPANS_MS = [2, 5, 10, 20, 60, 200];
const LASTS_MS = [2, 10, 30, 80, 200, 400];

export function drawSchedule(random: Random): FailureSchedule {
  const within = (ms: number) => random.unit() * ms;
  const time = () => within(random.pick(SPANS_MS));
  const isOneOf = (n: number) => random.between(1, n) === 1;
  const isClean = isOneOf(3);
  const chance = (max: number) => (isClean ? 0 : within(max));
  const fault = (): Fault => {
    const when = { atMs: time(), forMs: 1 + within(random.pick(LASTS_MS)) };
    const host = random.between(0, 2);
    const kind = random.pick(["cut", "cut", "one-way", "directory-cut", "directory-impair", "partition"] as const);
    switch (kind) {
      case "cut":
        return { kind, ...when, link: `h${host}.up`, silent: isOneOf(2) };
      case "one-way":
        return { kind: "cut", ...when, link: `h${host}.up`, silent: true, direction: random.pick(["forth", "back"]) };
      case "directory-cut":
        return { kind, ...when, hosts: isOneOf(3) ? ["h0", "h1", "h2"] : [`h${host}`] };
      case "directory-impair":
        return { kind, ...when, hosts: [`h${host}`], loss: within(0.5), delayMs: within(10), jitterMs: within(5) };
      case "partition":
        return { kind, ...when, sides: [["h0"], ["h1"]] };
    }
  };
  return {
    encapsulation: random.pick(["vxlan", "rocev2"]),
    control: { loss: chance(0.3), duplicate: chance(0.3), reorder: chance(0.3) },
    faults: Array.from({ length: random.between(0, 4) }, fault).sort((a, b) => a.atMs - b.atMs),
    kill: isOneOf(3)
      ? {
          atMs: time(),
          host: random.pick([0, 1]),
          restartMs: isOneOf(2) ? undefined : 1 + within(random.pick([5, 300])),
        }
      : undefined,
    cancelMs: isOneOf(6) ? time() : undefined,
  };
}

/** When the last of it is over, a host's coming back not being counted. */
export function overMs({ faults, kill }: FailureSchedule): number {
  return Math.max(0, kill?.atMs ?? 0, ...faults.map(({ atMs, forMs = 0 }) => atMs + forMs));
}
