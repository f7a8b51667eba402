/** Do two engines do twice the work of one? They share nothing but the machine: each has its own worker, memory and pool. */
import { runWorkers } from "./workers.js";

/** Frames a second of all engines together: one round of milliseconds, after a warm-up as long. */
export async function measureEngines(engines: number, milliseconds: number): Promise<number> {
  const script = new URL("./engine-worker.ts", import.meta.url);
  const rates = await runWorkers(
    script,
    Array.from({ length: engines }, (_, engine) => engine),
    milliseconds,
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}
