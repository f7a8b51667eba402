/** How results are shown: a table for a terminal, Markdown for bench/RESULTS.md. Rows that were lost stay in. */
import { cpus, release } from "node:os";
import Table from "cli-table3";
import type { Row, Verdict } from "./measure.js";
import type { Question } from "./question.js";

const HEAD = ["question", "case", "ours", "peer", "ratio", "spread", "who wins"];
/** Nearer than this to 1, a ratio says nothing on a machine like this. */
const EVEN = 0.03;

export interface Report {
  readonly questions: readonly Question[];
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  /** What questions show besides times, by name. */
  readonly shown: ReadonlyMap<string, string>;
  /** Peers that this machine does not have, and what made those that it has. */
  readonly missing: readonly string[];
  readonly versions: readonly string[];
}

export function terminalTable(rows: readonly Row[]): string {
  const table = new Table({
    head: HEAD,
    colAligns: ["left", "left", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map(cellsOf));
  return table.toString();
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  const table = new Table({
    head: ["question", "case", "at most", "reached", ""],
    style: { head: [], border: [], compact: true },
  });
  table.push(...verdicts.map((verdict) => verdictCells(verdict)));
  return table.toString();
}

export function markdown({ questions, rows, verdicts, shown, missing, versions }: Report): string {
  const sections = questions.map(({ name, measured }) => {
    const table = markdownTable(HEAD, rows.filter(({ question }) => question === name).map(cellsOf));
    const text = shown.get(name);
    return [`## ${name}`, measured, table, ...(text ? [`\`\`\`\n${text}\n\`\`\``] : [])].join("\n\n");
  });
  return [
    "# What the benchmark said",
    `Written by \`npm run bench -- --record\` on ${new Date().toISOString().slice(0, 10)}: ${machine()}. Medians of the rounds of one run; ` +
      "ratio is the peer's time over ours (above 1 ringlane wins), and spread the distance between the quartiles of the rounds' ratios. " +
      "The machine is shared with others: ratios hold, nanoseconds drift.",
    versions.map((version) => `- ${version}`).join("\n"),
    missing.length === 0 ? "No peer was missing." : `Missing on this machine: ${missing.join("; ")}.`,
    ...sections,
    "## Bounds",
    "What ringlane wants to keep to, and whether it did in this run.",
    markdownTable(["question", "case", "at most", "reached", ""], verdicts.map(verdictCells)),
    "",
  ].join("\n\n");
}

export function machine(): string {
  return `${cpus()[0]?.model?.trim()}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}, V8 ${process.versions.v8}`;
}

function cellsOf({ question, case: name, unit, ours, peer, peerName, ratio, spread }: Row): string[] {
  const winner = Math.abs(ratio - 1) <= EVEN ? "even" : ratio > 1 ? "ours" : peerName;
  return [
    question,
    name,
    `${figure(ours)} ${unit}`,
    `${figure(peer)} ${peerName}`,
    ratio.toFixed(2),
    `${(spread * 100).toFixed(0)} %`,
    winner,
  ];
}

function verdictCells({ question, case: name, bound, reached, kept }: Verdict): string[] {
  return [question, name, bound, reached, kept ? "kept" : "lost"];
}

/** Three digits, which is all that a noisy machine gives. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
