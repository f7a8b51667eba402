/** Engines for tests: the debug build (assertions on) unless asked otherwise. One suite, both builds. */
import { readFileSync } from "node:fs";
import { createEngine, type Engine, type EngineOptions } from "../../src/engine.js";
import { Arena } from "../../src/memory.js";
import { type Instance, instantiate } from "../../src/wasm.js";

/** Both builds of the data plane; a suite that runs on each is `describe.each(BUILDS)`. */
export const BUILDS = ["debug", "release"] as const;
export type Build = (typeof BUILDS)[number];

export function wasmBytes(build: Build): Uint8Array<ArrayBuffer> {
  const name = build === "debug" ? "ringlane.debug.wasm" : "ringlane.wasm";
  return new Uint8Array(readFileSync(new URL(`../../build/${name}`, import.meta.url)));
}

export function testEngine(options: EngineOptions = {}, build: Build = "debug"): Promise<Engine> {
  return createEngine({ wasm: wasmBytes(build), ...options });
}

/** The bare data plane over a memory with an arena of the given size: for tests of single kernels. */
export async function testKernels(arenaBytes: number, build: Build = "debug"): Promise<Instance & { arena: Arena }> {
  const pages = Math.ceil(arenaBytes / 65536) + 8;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = await instantiate(wasmBytes(build), memory);
  const { raw, kernels } = instance;
  const arena = new Arena(memory, kernels.arenaAlloc(arenaBytes) >>> 0, arenaBytes);
  return { raw, kernels, arena, loadTable: instance.loadTable.bind(instance), close: instance.close.bind(instance) };
}
