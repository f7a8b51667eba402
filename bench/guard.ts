/**
 * The regression guard: ratios to plain JavaScript of the same run, which hold on any machine, may not fall below half of what
 * was recorded. Times are not compared.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./measure.js";
import { type Case, PLAIN } from "./question.js";

const BASELINE = new URL("./baseline.json", import.meta.url);
const ALLOWED = 0.5;

type Recorded = Pick<Row, "question" | "case" | "peerName" | "ratio">;

/** The cases that have plain JavaScript beside them, with no other peer. */
export function onlyPlain(cases: readonly Case[]): Case[] {
  return cases
    .map((each) => ({ ...each, peers: each.peers.filter(({ name }) => isPlain(name)), bounds: [] }))
    .filter(({ peers }) => peers.length > 0);
}

export function writeBaseline(rows: readonly Row[]): void {
  const recorded: Recorded[] = rows
    .filter(({ peerName }) => isPlain(peerName))
    .map((row) => ({ question: row.question, case: row.case, peerName: row.peerName, ratio: round(row.ratio) }));
  writeFileSync(BASELINE, `${JSON.stringify(recorded, null, 2)}\n`);
}

/** Says what fell; false when something did, or when a recorded case is gone. */
export function checkAgainstBaseline(rows: readonly Row[]): boolean {
  const recorded: Recorded[] = JSON.parse(readFileSync(BASELINE, "utf8"));
  const fallen = recorded.flatMap((before) => {
    const now = rows.find((row) => keyOf(row) === keyOf(before));
    if (!now) return [`${keyOf(before)}: recorded, but not measured any more`];
    if (now.ratio >= before.ratio * ALLOWED) return [];
    return [`${keyOf(before)}: ratio ${round(now.ratio)}, recorded ${before.ratio}`];
  });
  for (const line of fallen) console.error(`fell below ${ALLOWED} of what was recorded: ${line}`);
  console.log(`${recorded.length - fallen.length} of ${recorded.length} ratios to plain JavaScript hold`);
  return fallen.length === 0;
}

function isPlain(peerName: string): boolean {
  return peerName.startsWith(PLAIN);
}

function keyOf({ question, case: name, peerName }: Recorded): string {
  return `${question} / ${name} / ${peerName}`;
}

function round(ratio: number): number {
  return Number(ratio.toPrecision(3));
}
