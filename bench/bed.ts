/** Where single kernels are measured: the release build over an arena, and frames laid out as a pool would lay them. */
import { readFileSync } from "node:fs";
import { type Arena, MemoryPlan } from "../src/memory.js";
import { instantiate, type Kernels } from "../src/wasm.js";
import type { Series } from "./contestant.js";

/** The release build of this tree. */
export const WASM = new Uint8Array(readFileSync(new URL("../build/ringlane.wasm", import.meta.url)));

export interface Bed {
  readonly kernels: Kernels;
  readonly arena: Arena;
  /** A copy of all memory as it is now, for peers that work on the same bytes. */
  image(): Uint8Array;
}

export async function createBed(arenaBytes: number): Promise<Bed> {
  const plan = new MemoryPlan().add(arenaBytes);
  const memory = plan.createMemory();
  const { raw: kernels } = await instantiate(WASM, memory);
  kernels.heapInit();
  const arena = plan.createArena(memory);
  return { kernels, arena, image: () => arena.u8.slice() };
}

/** Byte strings in memory with the arrays that a burst kernel takes: u32 addresses, u32 lengths, and room for results. */
export interface Spans {
  readonly count: number;
  readonly ptrs: number;
  readonly lens: number;
  /** 8 bytes for each. */
  readonly out: number;
}

export function spansBytes(count: number, bytes: number): number {
  return count * (strideOf(bytes) + 16) + 256;
}

export function laySpans(arena: Arena, strings: readonly Uint8Array[]): Spans {
  const count = strings.length;
  const stride = strideOf(strings.reduce((most, { length }) => Math.max(most, length), 0));
  const bytes = arena.take(count * stride);
  const spans = { count, ptrs: arena.take(count * 4), lens: arena.take(count * 4), out: arena.take(count * 8) };
  for (const [i, string] of strings.entries()) {
    arena.u8.set(string, bytes + i * stride);
    arena.u32[(spans.ptrs >> 2) + i] = bytes + i * stride;
    arena.u32[(spans.lens >> 2) + i] = string.length;
  }
  return spans;
}

/** A series that takes the spans in bursts: kernel(...first, ptrs, lens, out, burst). */
export function inBursts({ count, ptrs, lens, out }: Spans, burst: number, kernel: string, ...first: number[]): Series {
  const step = burst * 4;
  return { times: count / burst, calls: [[kernel, ...first, [ptrs, step], [lens, step], [out, step], burst]] };
}

/** An odd number of cache lines, so that the strings' first lines do not all fall into the same few cache sets. */
function strideOf(bytes: number): number {
  const lines = Math.ceil(bytes / 64);
  return (lines | 1) * 64;
}
