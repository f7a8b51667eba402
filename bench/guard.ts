/**
 * The regression guard: ratios to plain JavaScript of the same run, which hold on any machine, may not fall below half of what
 * was recorded. Times are not compared.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./measure.js";
import { type Case, PLAIN } from "./question.js";

const BASELINE = new URL("./baseline.json", import.meta.url);
/** What part of a recorded ratio must be left. */
export const ALLOWED = 0.5;

export type Recorded = Pick<Row, "question" | "case" | "peerName" | "ratio">;

/** The cases that have plain JavaScript beside them, with no other peer. */
export function onlyPlain(cases: readonly Case[]): Case[] {
  return cases
    .map((each) => ({ ...each, peers: each.peers.filter(({ name }) => isPlain(name)), bounds: [] }))
    .filter(({ peers }) => peers.length > 0);
}

/** The ratios to plain JavaScript, to three digits. */
export function plainRatios(rows: readonly Row[]): Recorded[] {
  return rows
    .filter(({ peerName }) => isPlain(peerName))
    .map((row) => ({ question: row.question, case: row.case, peerName: row.peerName, ratio: round(row.ratio) }));
}

export function writeBaseline(rows: readonly Row[]): void {
  writeFileSync(BASELINE, `${JSON.stringify(plainRatios(rows), null, 2)}\n`);
}

export function readBaseline(): Recorded[] {
  return JSON.parse(readFileSync(BASELINE, "utf8"));
}

/** Recorded ratios of which less than ALLOWED is left; a case that is not measured any more has nothing left. */
export function fallen(recorded: readonly Recorded[], rows: readonly Recorded[]): Recorded[] {
  return recorded.filter((before) => {
    const now = rows.find((row) => keyOf(row) === keyOf(before));
    return !now || now.ratio < before.ratio * ALLOWED;
  });
}

function isPlain(peerName: string): boolean {
  return peerName.startsWith(PLAIN);
}

export function keyOf({ question, case: name, peerName }: Recorded): string {
  return `${question} / ${name} / ${peerName}`;
}

function round(ratio: number): number {
  return Number(ratio.toPrecision(3));
}
