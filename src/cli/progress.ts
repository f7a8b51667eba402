/** A progress bar on stderr, for files long enough to wait for, and only where a person looks. */
import cliProgress from "cli-progress";
import type { InputFile } from "./files.js";

/** Shorter files are done before a bar could be read. */
const LONG_FILE_BYTES = 32 * 1024 * 1024;
const MIB = 1024 * 1024;

export interface Progress {
  update(): void;
  stop(): void;
}

export function showProgress(input: InputFile): Progress {
  const { sizeBytes } = input;
  if (!process.stderr.isTTY || sizeBytes === undefined || sizeBytes < LONG_FILE_BYTES) {
    return { update() {}, stop() {} };
  }
  const bar = new cliProgress.SingleBar({
    format: `${input.name} {bar} {percentage}% of {total} MiB, {eta_formatted} left`,
    stream: process.stderr,
    clearOnComplete: true,
  });
  bar.start(Math.ceil(sizeBytes / MIB), 0);
  return {
    update: () => bar.update(Math.floor(input.readBytes() / MIB)),
    stop: () => bar.stop(),
  };
}
