/** What every command that reads captures is held to: how it refuses, and what its reports and drawings look like. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { ringlane } from "../helpers/command.js";

/** A line as arguments; words in capitals stand for what is made for them. */
export function argumentsOf(line: string, words: Readonly<Record<string, () => string>>): string[] {
  const given = line.split(" ").filter((word) => word !== "");
  return given.map((word) => words[word]?.() ?? word);
}

/** Bad usage: exit code 2, nothing on stdout, and why on stderr, without a stack. */
export function expectRefusal(args: readonly string[], why = ""): void {
  const { code, stdout, stderr } = ringlane(args);
  expect([code, stdout.toString()]).toEqual([2, ""]);
  expect(stderr).toContain(why);
  expect(stderr.length).toBeGreaterThan(20);
  expect(stderr).not.toMatch(/\n\s+at /);
}

/** What is not there, or cannot be written: exit code 1. */
export function expectNoEntry(args: readonly string[]): void {
  const { code, stderr } = ringlane(args);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^ringlane: ENOENT/);
}

/** A report for people, all of it in lines that a terminal has room for, and in no colours. */
export function expectReport(args: readonly string[], parts: readonly string[]): void {
  const { code, stdout, stderr } = ringlane(args);
  expect([code, stderr]).toEqual([0, ""]);
  const text = stdout.toString();
  for (const part of parts) expect(text).toContain(part);
  const widths = text.split("\n").map((line) => line.length);
  expect(Math.max(...widths)).toBeLessThanOrEqual(130);
  expect(text).not.toContain("\u001b[");
}

/** A whole SVG with these words. A browser takes it as it is: numbers only, no scripts. */
export function expectDrawing(file: string, words: readonly string[]): void {
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(/^<svg [\s\S]*<\/svg>$/);
  for (const word of words) expect(text).toContain(`>${word}<`);
  expect(text).not.toMatch(/NaN|undefined|<script/);
}
