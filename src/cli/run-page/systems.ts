/**
 * The seven systems on the page, each with what the run has shown of it. A tick means that all that was checked of it held; what was not,
 * says the report's list of failures. One that a scenario has no part of is named at the end.
 */
import type { ScenarioReport } from "../../scenario/run.js";
import { SYSTEMS, type System } from "../../scenario/systems.js";
import { limitFacts } from "./limits.js";
import { behind, wrapped } from "./lines.js";
import { migrationFacts } from "./migration.js";
import { overlayFacts } from "./overlay.js";
import { queuePairFacts } from "./queue-pairs.js";
import { singleDmaFacts } from "./single-dma.js";
import { socketFacts } from "./sockets.js";
import { uplinkFacts } from "./uplinks.js";

const HELD = "✓";
const FAILED = "FAILED";

/** Facts are empty where the scenario has no part of the system. */
const SHOWN: Readonly<Record<System, readonly [name: string, facts: (report: ScenarioReport) => readonly string[]]>> = {
  "single-dma": ["single-DMA transmit buffers", singleDmaFacts],
  uplinks: ["selective link aggregation", uplinkFacts],
  "queue-pairs": ["global queue pairs", queuePairFacts],
  overlay: ["distributed overlay", overlayFacts],
  sockets: ["RDMA socket aggregation", socketFacts],
  migration: ["adapter-state migration", migrationFacts],
  limits: ["dynamic mbuf limits", limitFacts],
};

export function systemLines(report: ScenarioReport): string[] {
  const failed = new Set(report.failures.map(({ system }) => system));
  const told = SYSTEMS.map((system) => {
    const [name, facts] = SHOWN[system];
    return { name, facts: facts(report), mark: failed.has(system) ? FAILED : HELD };
  });
  const shown = told.filter(({ facts }) => facts.length > 0);
  const nameWidth = Math.max(0, ...shown.map(({ name }) => name.length));
  const markWidth = Math.max(0, ...shown.map(({ mark }) => mark.length));
  const lines = shown.flatMap(({ name, facts, mark }) =>
    behind(`${mark.padEnd(markWidth)} ${name.padEnd(nameWidth)}  `, facts),
  );
  const absent = told.filter(({ facts }) => facts.length === 0).map(({ name }) => name);
  return absent.length === 0 ? lines : [...lines, ...wrapped(`not used here: ${absent.join(", ")}`)];
}
