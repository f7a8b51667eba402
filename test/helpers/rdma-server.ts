/** `ringlane rdma serve` as a process of its own, until the test ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { eventually } from "./eventually.js";
import { ROOT } from "./files.js";

export interface RdmaServer {
  readonly process: ChildProcess;
  /** Lines so far. */
  readonly lines: () => string[];
  /** Ends it as Ctrl-C does; its exit code. */
  stop(): Promise<number | null>;
}

/** Comes back when it listens. */
export async function rdmaServer(bind: string, ...options: readonly string[]): Promise<RdmaServer> {
  const child = spawn(process.execPath, [join(ROOT, "dist/cli.js"), "rdma", "serve", "--bind", bind, ...options]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text += chunk;
  });
  await eventually(() => text.includes("listening"));
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill("SIGINT");
    return (await ended)[0];
  };
  return { process: child, lines: () => text.trimEnd().split("\n"), stop };
}
