/** Files of a test: a folder of its own under the system's temporary one, and the captures that ship as examples. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A capture under examples/captures. */
export function exampleCapture(name: string): string {
  return join(ROOT, "examples/captures", name);
}

/** An empty folder that goes away with the test that is running. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ringlane-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
