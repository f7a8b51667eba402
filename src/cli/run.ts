/** `ringlane run SCENARIO.yaml`: runs a scenario, says what happened, writes what crossed the wire. */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CaptureSource, createCaptureWriter, type Schedule, scheduleText, shrinkSchedule } from "../index.js";
import { parseScenario, type Scenario } from "../scenario/parse.js";
import { runScenario } from "../scenario/run.js";
import { openInput, openOutput } from "./files.js";
import { printJson } from "./report.js";
import { pageOf } from "./run-page/page.js";
import { printTables } from "./run-tables/tables.js";

/** Runs that shrinking may take. */
const SHRINK_RUNS = 200;

export interface RunOptions {
  readonly out: string;
  /** When it fails: with as few of its faults as will do. */
  readonly shrink?: boolean;
  readonly json?: boolean;
  /** All tables behind the page. */
  readonly tables?: boolean;
}

/** Exit code 0; 1 unless everything is as the scenario says: frames, what policy stops, who moves, every buffer. */
export async function runFile(path: string, options: RunOptions): Promise<number> {
  const scenario = parseScenario(path, readFileSync(path, "utf8"));
  const captures = scenario.replays.map(({ capture }) => {
    const file = join(dirname(path), capture);
    // What is not there is said before anything is written.
    openInput(file);
    return () => openInput(file).source;
  });
  mkdirSync(options.out, { recursive: true });
  const underlay = await openOutput(join(options.out, "underlay.pcapng"));
  const delivered = await openOutput(join(options.out, "delivered.pcapng"));
  try {
    const report = await runScenario(scenario, {
      captures,
      underlay: underlay.writer,
      delivered: delivered.writer,
    });
    await underlay.close();
    await delivered.close();
    const files = { underlay: underlay.name, delivered: delivered.name };
    const shrunk = options.shrink && !report.ok ? await fewestFaults(scenario, captures) : undefined;
    if (options.json) printJson({ ...report, shrunk, files });
    else console.log(pageOf(report, files));
    if (options.tables && !options.json) {
      console.log();
      printTables(report);
    }
    if (shrunk && !options.json) console.log(`\nit fails with these of its faults, too:\n\n${scheduleText(shrunk)}`);
    return report.ok ? 0 : 1;
  } finally {
    underlay.discard();
    delivered.discard();
  }
}

/** The scenario's faults without those that its failure does not need, and what is left made plainer. */
async function fewestFaults(scenario: Scenario, captures: readonly (() => CaptureSource)[]): Promise<Schedule> {
  const nowhere = () => createCaptureWriter("pcapng", { sink: () => {} });
  const fails = async (schedule: Schedule) => {
    const files = { captures, underlay: nowhere(), delivered: nowhere() };
    return !(await runScenario(scenario, files, schedule)).ok;
  };
  const { seed, faults } = scenario;
  return (await shrinkSchedule({ seed, faults }, fails, { maxRuns: SHRINK_RUNS })).schedule;
}
