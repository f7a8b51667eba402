/** Runs a program to its end. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./files.js";

export interface Result {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; input?: Uint8Array } = {},
): Result {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...options, maxBuffer: 1 << 28 });
  if (error) throw error;
  return { code: status, stdout, stderr: stderr.toString() };
}

/** As run, for what has to succeed; returns what it wrote. */
export function must(program: string, ...args: string[]): string {
  const { code, stdout, stderr } = run(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout.toString();
}

/** The built command line. */
export function ringlane(args: readonly string[], options: { cwd?: string; input?: Uint8Array } = {}): Result {
  return run(process.execPath, [join(ROOT, "dist/cli.js"), ...args], options);
}

/** True when a program can be found; tests that need it are skipped by name when it cannot. */
export function has(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
