/** A worker's side of a round: repeats its work through warm-up and timed stretch, and answers with frames a second. */
import { parentPort, workerData } from "node:worker_threads";
import { PHASE, PHASE_TIMED, PHASE_WARM, READY, type WorkerData } from "./workers.js";

export function taskOf<Task>(): Task {
  return (workerData as WorkerData<Task>).task;
}

/** work moves frames and returns how many. */
export function runRound(work: () => number): void {
  const words = new Int32Array((workerData as WorkerData<unknown>).control);
  Atomics.add(words, READY, 1);
  while (Atomics.load(words, PHASE) < PHASE_WARM) Atomics.wait(words, PHASE, 0);
  count(words, PHASE_WARM, work);
  const begin = performance.now();
  const frames = count(words, PHASE_TIMED, work);
  const seconds = (performance.now() - begin) / 1000;
  parentPort?.postMessage(frames / seconds);
}

function count(words: Int32Array, phase: number, work: () => number): number {
  let frames = 0;
  while (Atomics.load(words, PHASE) === phase) {
    for (let i = 0; i < 16; i++) frames += work();
  }
  return frames;
}
