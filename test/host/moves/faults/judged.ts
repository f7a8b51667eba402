/** A move under failures, until everything has settled, and what of docs/migration-move.md ("What holds") did not hold. */
import type { HostMove } from "../../../../src/host/moves/options.js";
import { createFabric } from "../../../../src/sim/fabric.js";
import { randomFaults } from "../../../../src/sim/schedule.js";
import { drawSchedule, type FailureSchedule, overMs } from "./schedule.js";
import { type FaultyWorld, makeFaultyWorld, VM } from "./world.js";

/** A lease, the renewal that was under way, and the questions after it. */
const LEASE_MS = 200;
const SETTLE_MS = 150;
/** Frames are sent so often while all settles. */
const SLOW_MS = 4;

export interface Judgement {
  readonly wrong: readonly string[];
  readonly outcomes: readonly (string | undefined)[];
  readonly runner: number | undefined;
  /** The survivor had no part in the move when the other was killed. */
  readonly isOutside: boolean;
  readonly frames: { readonly sent: number; readonly explained: Readonly<Record<string, number>> };
}

export function scheduleOf(seed: number): FailureSchedule {
  return drawSchedule(createFabric({ seed }).random("schedule"));
}

/** What is sent again comes within settleMs. */
function isInOrder({ faults, kill }: FailureSchedule): boolean {
  return (
    !kill && faults.every(({ kind, forMs = 0 }) => kind.startsWith("directory") || (kind !== "impair" && forMs < 60))
  );
}

const NAMES = ["h0", "h1", "h2"];

/** With the fabric's own faults, by which guests' frames are lost, doubled, late and altered, too: what became of frames is not judged. */
export function impairedScheduleOf(seed: number): FailureSchedule {
  const random = createFabric({ seed }).random("impaired");
  const targets = { hosts: NAMES, links: NAMES.map((name) => `${name}.up`), withinMs: random.pick([10, 30, 100, 300]) };
  return { ...scheduleOf(seed), faults: randomFaults(random, { ...targets, count: random.between(1, 5) }) };
}

export async function judge(seed: number, schedule = scheduleOf(seed)): Promise<Judgement> {
  const { encapsulation, control, faults, kill, cancelMs } = schedule;
  const world = await makeFaultyWorld({
    ...{ seed, encapsulation, restarting: kill?.restartMs === undefined ? [] : [kill.host] },
    // Messages that are lost are late by their repetition.
    limits: control.loss + faults.length > 0 ? { settleMs: 150, gateMs: 300 } : {},
  });
  try {
    return judgeIn(world, schedule);
  } finally {
    world.close();
  }

  function judgeIn(world: FaultyWorld, schedule: FailureSchedule): Judgement {
    const { fabric, ledger, wrong } = world;
    world.settle();
    if (world.owning().join() !== "0") wrong.add("it does not begin");
    const beginMs = fabric.nowMs;
    let isOutside = false;
    const name = world.move(0, 1, `move ${seed}`);
    const before = { source: () => world.moveOf(0, name), target: () => world.moveOf(1, name) };
    const machines = () => [before.source(), before.target()] as const;
    let isCopied = false;
    world.onTime = () => {
      if (isCopied || before.source()?.machine.step !== "committing") return;
      isCopied = true;
      ledger.copied(VM, 0, 1);
    };
    const at = (ms: number, what: () => void) => fabric.at(beginMs + ms, what);
    fabric.play(faults.map((fault) => ({ ...fault, atMs: beginMs + fault.atMs })));
    for (const { nic } of world.machines) nic.impairment = control;
    at(overMs(schedule), () => {
      for (const { nic } of world.machines) nic.impairment = { loss: 0, duplicate: 0, reorder: 0 };
    });
    if (kill) {
      at(kill.atMs, () => {
        const [source, target] = machines();
        const targetStep = target?.machine.step;
        isOutside =
          kill.host === 0
            ? source?.outcome !== undefined ||
              targetStep === undefined ||
              ["idle", "reserving", "gone"].includes(targetStep)
            : source?.machine.step === "released";
        world.kill(kill.host);
      });
      if (kill.restartMs !== undefined) at(kill.atMs + kill.restartMs, () => world.restart(kill.host));
    }
    if (cancelMs !== undefined) {
      at(cancelMs, () => {
        if (!world.killed.has(0)) world.core(0).cancelMove(name, fabric.nowMs);
      });
    }
    const check = (when: string) => {
      const owning = world.owning();
      if (owning.length === 1 || (isOutside && owning.length === 0)) return;
      const steps = machines().map((one) => `${one?.machine.step ?? "none"} ${one?.machine.isRunning} ${one?.outcome}`);
      wrong.add(`${owning.length} run ${when}: ${steps.join(" / ")}`);
    };
    world.run(overMs(schedule) + LEASE_MS);
    if (kill?.host === 1) isOutside ||= before.source()?.machine.step === "released";
    check("after one lease time");
    world.run(SETTLE_MS, SLOW_MS);
    check("when all is settled");
    world.isSending = false;
    world.run(SETTLE_MS, SLOW_MS);
    check("at the end");
    return verdict(machines().map((one) => one?.outcome));

    function verdict(outcomes: (string | undefined)[]): Judgement {
      const isImpaired = faults.some(({ kind }) => kind === "impair");
      const explained = world.explained(name);
      const allowed = Object.values(explained).reduce((sum, count) => sum + count, 0);
      // What is for a VM that is no more is nobody's.
      const isGone = isOutside && world.owning().length === 0;
      const streams = [...ledger.streams.keys()].filter((i) => !isGone || ledger.streams[i]?.to !== VM);
      const missing = streams.flatMap((i) => ledger.missing(i).map((number) => ledger.whereabouts(i, number)));
      if (missing.length > allowed && !isImpaired)
        wrong.add(
          `${missing.length} frames are nowhere, ${JSON.stringify(explained)}: ${missing.slice(0, 5).join("; ")}`,
        );
      const doubled = streams.flatMap((i) => ledger.doubled(i).map((number) => ledger.whereabouts(i, number)));
      if (doubled.length > 0 && !kill && !isImpaired && !outcomes.includes("returned"))
        wrong.add(`${doubled.length} frames came twice: ${doubled.slice(0, 5).join("; ")}`);
      const isOver = (one: HostMove | undefined) =>
        one === undefined || (one.outcome !== undefined && one.machine.isOver);
      if (!kill && !machines().every(isOver))
        wrong.add(`it is not over: ${machines().map((one) => one?.machine.step)}`);
      const overtaken = streams.flatMap((i) => ledger.overtaken(i).map((number) => ledger.whereabouts(i, number)));
      if (overtaken.length > 0 && isInOrder(schedule) && outcomes.join() === "moved,moved")
        wrong.add(`${overtaken.length} frames were overtaken: ${overtaken.slice(0, 5).join("; ")}`);
      if (ledger.streams.some(({ got }) => got.includes(-1)) && !isImpaired)
        wrong.add("a frame came otherwise than it was sent");
      const [runner] = world.owning();
      const place = world.directory.store.resolve({ vni: 5000, mac: VM.mac })?.endpoint.host;
      if (runner !== undefined && place !== `h${runner}`) wrong.add(`the directory names ${place}`);
      const census = fabric.census();
      if (!census.holds) wrong.add(`the census does not hold`);
      const sent = ledger.streams.reduce((sum, stream) => sum + stream.sent.length, 0);
      return { wrong: [...wrong], outcomes, runner, isOutside, frames: { sent, explained } };
    }
  }
}
