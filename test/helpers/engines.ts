/** Engines for tests: the debug build (assertions on) unless asked otherwise. One suite, both builds. */
import { readFileSync } from "node:fs";
import { createEngine, type Engine } from "../../src/engine.js";
import type { EngineOptions } from "../../src/engine-options.js";
import { type Arena, MemoryPlan } from "../../src/memory.js";
import { type Instance, instantiate } from "../../src/wasm.js";

/** Both builds of the data plane; a suite that runs on each is `describe.each(BUILDS)`. */
export const BUILDS = ["debug", "release"] as const;
export type Build = (typeof BUILDS)[number];

export function wasmBytes(build: Build): Uint8Array<ArrayBuffer> {
  const name = build === "debug" ? "ringlane.debug.wasm" : "ringlane.wasm";
  return new Uint8Array(readFileSync(new URL(`../../build/${name}`, import.meta.url)));
}

const made = new Set<Engine>();

/** An engine, small unless asked otherwise; census.ts looks at it when the test ends. */
export async function testEngine(options: EngineOptions = {}, build: Build = "debug"): Promise<Engine> {
  const engine = await createEngine({ wasm: wasmBytes(build), mbufs: 64, queueSize: 16, ...options });
  made.add(engine);
  return engine;
}

/** The engines that were made since the last call. */
export function takeMade(): Engine[] {
  const engines = [...made];
  made.clear();
  return engines;
}

/** The bare data plane over a memory with an arena of the given size: for tests of single kernels. */
export async function testKernels(arenaBytes: number, build: Build = "debug"): Promise<Instance & { arena: Arena }> {
  const plan = new MemoryPlan().add(arenaBytes);
  const memory = plan.createMemory();
  const instance = await instantiate(wasmBytes(build), memory);
  const { raw, kernels } = instance;
  kernels.heapInit();
  const arena = plan.createArena(memory);
  return {
    raw,
    kernels,
    arena,
    loadTable: instance.loadTable.bind(instance),
    checkOpen: instance.checkOpen.bind(instance),
    close: instance.close.bind(instance),
  };
}
