/** The memory that regions are made of: first fit over a list of free runs, in steps of 64 bytes. Rare work, done when something is registered. */
import { ConfigError } from "../../errors.js";

const STEP_BYTES = 64;

export class RegionMemory {
  /** Free runs by address; no two touch. */
  #free: { at: number; bytes: number }[];

  constructor(at: number, bytes: number) {
    this.#free = [{ at, bytes: bytes - (bytes % STEP_BYTES) }];
  }

  /** The address of that many bytes; ConfigError when no run is as long. */
  take(bytes: number): number {
    const needed = roundUp(bytes);
    const run = this.#free.find((free) => free.bytes >= needed);
    if (!run) {
      const longest = Math.max(0, ...this.#free.map((free) => free.bytes));
      throw new ConfigError("bytes", bytes, `at most ${longest}, the longest run that is free (rdma.memoryBytes)`);
    }
    const { at } = run;
    run.at += needed;
    run.bytes -= needed;
    if (run.bytes === 0) this.#free.splice(this.#free.indexOf(run), 1);
    return at;
  }

  /** Gives back what take gave for that many bytes. */
  give(at: number, bytes: number): void {
    const runs = [...this.#free, { at, bytes: roundUp(bytes) }].sort((a, b) => a.at - b.at);
    this.#free = [];
    for (const run of runs) {
      const last = this.#free.at(-1);
      if (last && last.at + last.bytes === run.at) last.bytes += run.bytes;
      else this.#free.push(run);
    }
  }
}

function roundUp(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / STEP_BYTES)) * STEP_BYTES;
}
