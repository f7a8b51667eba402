/** Runs a script in several workers at a time, and asks each how many frames it did in the same stretch of time. */
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

/** A worker's share of shared words: set by the main thread when work is to begin, to count, and to end. */
export const READY = 0;
export const PHASE = 1;
export const PHASE_WARM = 1;
export const PHASE_TIMED = 2;
export const PHASE_OVER = 3;

const WORKER = new URL("./worker.mjs", import.meta.url);

export interface WorkerData<Task> {
  /** The module that the worker runs. */
  readonly script: string;
  readonly task: Task;
  readonly control: SharedArrayBuffer;
}

/** Frames a second of each worker, in milliseconds of time after a warm-up as long, all of them at once. */
export async function runWorkers<Task>(
  script: URL,
  tasks: readonly Task[],
  milliseconds: number,
): Promise<readonly number[]> {
  const control = new SharedArrayBuffer(8);
  const words = new Int32Array(control);
  const workers = tasks.map(
    (task) => new Worker(WORKER, { workerData: { script: script.href, task, control } satisfies WorkerData<Task> }),
  );
  try {
    const results = Promise.all(workers.map(resultOf));
    // A worker that fails before it is ready would be waited for in vain.
    let isOver = false;
    results.catch(() => {}).finally(() => (isOver = true));
    while (!isOver && Atomics.load(words, READY) < tasks.length) await sleep(5);
    for (const phase of [PHASE_WARM, PHASE_TIMED]) {
      Atomics.store(words, PHASE, phase);
      Atomics.notify(words, PHASE);
      if (!isOver) await sleep(milliseconds);
    }
    Atomics.store(words, PHASE, PHASE_OVER);
    return await results;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function resultOf(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("a worker has ended without a result")));
  });
}
