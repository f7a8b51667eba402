/** Waits for a condition rather than for a time. */
import { setTimeout as sleep } from "node:timers/promises";

/** Far beyond what anything takes: what is not so by then never will be. */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 20;

/** Asks until the answer is true; between is called before every other try. An error counts as no, and the last is thrown in the end. */
export async function eventually(
  condition: () => Promise<boolean> | boolean,
  between: () => Promise<void> | void = () => sleep(PAUSE_MS),
): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  let error: unknown = new Error("it never was so");
  while (performance.now() < endMs) {
    try {
      if (await condition()) return;
    } catch (caught) {
      error = caught;
    }
    await between();
  }
  throw error;
}

/** The work's result, however often it fails before: for what servers cannot answer while they elect a leader. */
export async function insist<T>(work: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  await eventually(async () => {
    result = await work();
    return true;
  });
  return result as T;
}
