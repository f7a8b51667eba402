/** What `ringlane run` prints: one page for whoever sees it for the first time. Every figure in it is the report's. */
import type { ScenarioReport } from "../../scenario/run.js";
import { fileLines, type RunFiles } from "./files.js";
import { headingLines } from "./heading.js";
import { systemLines } from "./systems.js";
import { verdictLines } from "./verdict.js";

export function pageOf(report: ScenarioReport, files: RunFiles): string {
  const parts = [headingLines(report), systemLines(report), verdictLines(report), fileLines(report, files)];
  return parts.map((lines) => lines.join("\n")).join("\n\n");
}
