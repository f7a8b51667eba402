/** What tshark reads in a file. */
import { expect } from "vitest";
import { run } from "./command.js";

/** A row of fields a packet. Fails the test when tshark complains. */
export function tsharkFields(file: string, names: readonly string[], options: readonly string[] = []): string[][] {
  const fields = names.flatMap((name) => ["-e", name]);
  const { code, stdout, stderr } = run("tshark", ["-n", "-r", file, ...options, "-T", "fields", ...fields]);
  expect(stderr.replace(/^Running as user.*\n?/, "")).toBe("");
  expect(code).toBe(0);
  const lines = stdout.toString().split("\n").slice(0, -1);
  return lines.map((line) => line.split("\t"));
}
