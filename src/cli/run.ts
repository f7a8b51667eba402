/** `ringlane run SCENARIO.yaml`: runs a scenario, says what happened, writes what crossed the wire. */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseScenario } from "../scenario/parse.js";
import { runScenario } from "../scenario/run.js";
import { openInput, openOutput } from "./files.js";
import { printJson } from "./report.js";
import { printRun } from "./run-report.js";

/** Exit code 0; 1 unless everything is as the scenario says: frames, what policy stops, who moves, every buffer. */
export async function runFile(path: string, options: { out: string; json?: boolean }): Promise<number> {
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
    if (options.json) printJson({ ...report, files });
    else printRun(report, files);
    return report.ok ? 0 : 1;
  } finally {
    underlay.discard();
    delivered.discard();
  }
}
