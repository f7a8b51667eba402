/**
 * The memory that regions are made of: first fit over a list of free runs, in steps of 64 bytes. Rare work, done when something is registered.
 * A run is named by its address, and where addresses differ, as on another engine, by its offset from the first one.
 */
import { ConfigError } from "../../errors.js";

const STEP_BYTES = 64;

export interface MemoryRun {
  /** Offset from the memory's beginning, a multiple of 64. */
  readonly offset: number;
  readonly bytes: number;
}

export class RegionMemory {
  readonly #start: number;
  readonly #bytes: number;
  /** Free runs by address; no two touch. */
  #free: { at: number; bytes: number }[];

  /** Runs that are taken from the beginning are in the order of their offsets, and apart. */
  constructor(start: number, bytes: number, taken: readonly MemoryRun[] = []) {
    this.#start = start;
    this.#bytes = bytes - (bytes % STEP_BYTES);
    this.#free = [];
    let at = start;
    for (const run of taken) {
      if (start + run.offset > at) this.#free.push({ at, bytes: start + run.offset - at });
      at = start + run.offset + roundUp(run.bytes);
    }
    if (start + this.#bytes > at) this.#free.push({ at, bytes: start + this.#bytes - at });
  }

  /** Nothing is taken. */
  get isUnused(): boolean {
    return this.#bytes === 0 || (this.#free.length === 1 && this.#free[0]?.bytes === this.#bytes);
  }

  offsetOf(address: number): number {
    return address - this.#start;
  }

  addressOf(offset: number): number {
    return this.#start + offset;
  }

  /** Takes that very run; false, and nothing is taken, when it is not free, not inside, or does not begin at a step of 64 bytes. */
  takeAt(offset: number, bytes: number): boolean {
    const at = this.#start + offset;
    const end = at + roundUp(bytes);
    const i = this.#free.findIndex((free) => free.at <= at && end <= free.at + free.bytes);
    const run = this.#free[i];
    if (!run || offset % STEP_BYTES !== 0) return false;
    const around = [
      { at: run.at, bytes: at - run.at },
      { at: end, bytes: run.at + run.bytes - end },
    ];
    this.#free.splice(i, 1, ...around.filter((free) => free.bytes > 0));
    return true;
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

/** Bytes that a run of so many takes. */
export function roundUp(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / STEP_BYTES)) * STEP_BYTES;
}
