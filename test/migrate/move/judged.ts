/** A move under failures, from its beginning until everything has settled, and what of the promises did not hold. */
import type { MoveOptions } from "../../../src/migrate/move/index.js";
import type { Chance } from "./chance.js";
import { type FailureSchedule, inflict, overMs } from "./failures.js";
import { World, type WorldOptions } from "./world.js";

/** Within which exactly one runs: the directory's lease (TTL_MS, in host.ts), and the questions before and after it. */
export const LEASE_MS = 200;
const SETTLE_MS = 150;

export interface Judgement {
  readonly world: World;
  readonly wrong: readonly string[];
  /** Who runs at the end. */
  readonly runner: string | undefined;
  readonly outcomes: readonly (string | undefined)[];
  /** The survivor had no part in the move when the other was killed: before it began for the target, or after the source had ended it. */
  readonly isOutside: boolean;
}

export interface JudgedOptions extends WorldOptions {
  readonly limits?: Partial<MoveOptions>;
  /** Called when the machines are there, before the move begins. */
  readonly prepared?: (world: World) => void;
}

export function judge(chance: Chance, schedule: FailureSchedule, options: JudgedOptions = {}): Judgement {
  const limits = { chunkBytes: 256, stopBytes: 200, ...options.limits };
  const world = new World(chance, { ...options, limits });
  const [alpha] = world.hosts;
  const { source, target } = world.prepare(alpha);
  world.run(chance.below(4000) / 1000);
  options.prepared?.(world);
  let isOutside = false;
  inflict(world, schedule, (host) => {
    isOutside = source.outcome !== undefined || (host === 0 && ["idle", "reserving"].includes(target.step));
  });
  alpha.handle({ type: "start" });
  world.run(overMs(schedule) + LEASE_MS);
  // Its last step out of the move may have been on its way when the other was killed.
  const [kill] = schedule.kills;
  if (kill?.host === 1) isOutside ||= source.step === "released";
  const wrong: string[] = [];
  const check = (when: string) => {
    const names = world.running.map(({ name }) => name);
    if (names.length !== 1 && !(isOutside && names.length === 0)) wrong.push(`${names.length} run ${when}`);
  };
  check("after one lease time");
  world.run(SETTLE_MS);
  check("when all is settled");
  world.stopSending();
  world.run(SETTLE_MS);
  check("at the end");
  const missing = world.missing();
  if (missing.length > 0) wrong.push(`${missing.length} frames are nowhere`);
  const isAlive = schedule.kills.length === 0;
  const isMended = schedule.cuts.every(({ forMs }) => forMs !== undefined);
  if (isAlive && isMended && world.waiting() > 0) wrong.push(`${world.waiting()} frames still wait`);
  // Whoever runs keeps nothing back, though the other side may be dead.
  const kept = world.running.reduce((sum, host) => sum + [...host.frames()].length, 0);
  if (isMended && kept > 0) wrong.push(`${kept} frames are with the VM's host, and not delivered`);
  const { doubled } = world.count();
  const outcomes = [source.outcome, target.outcome];
  if (doubled > 0 && isAlive && !outcomes.includes("returned")) wrong.push(`${doubled} frames came twice`);
  const runner = world.running[0]?.name;
  if (runner !== undefined && world.directory.owner.host !== runner) wrong.push("the directory names another");
  if (runner === undefined && !isOutside) wrong.push("nobody runs");
  return { world, wrong: [...new Set([...world.wrong, ...wrong])], runner, outcomes, isOutside };
}
