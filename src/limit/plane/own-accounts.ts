/** Accounts in memory of their own, without an engine: for a replay of a capture, whose mbufs nobody has. */
import { checkInteger } from "../../check.js";
import { MemoryPlan } from "../../memory.js";
import { checkHost, defaultSource, instantiate, type WasmSource } from "../../wasm.js";
import { Accounts } from "./accounts.js";
import { planAccounts } from "./sizes.js";

/** Rejects with EngineUnsupported where SIMD is missing, with ConfigError for a bad option. */
export async function createAccounts(owners: number, wasm: WasmSource = defaultSource(false)): Promise<Accounts> {
  const plan = new MemoryPlan();
  planAccounts(plan, checkInteger("owners", owners, 1, 2 ** 20));
  checkHost();
  const memory = plan.createMemory();
  const { kernels } = await instantiate(wasm, memory);
  kernels.heapInit();
  return new Accounts(kernels, plan.createArena(memory), owners);
}
