/**
 * What does it cost a frame to change cores? Two engines, each in a worker of its own: one takes buffers from its pool, posts
 * them and sends; the other receives, dequeues and frees. Frames are counted where they arrive.
 */
import { createHandover } from "../../src/driver/handover/channel.js";
import { runWorkers } from "./workers.js";

/** What a worker of this measurement is told. */
export interface HandoverTask {
  readonly side: "send" | "receive";
  readonly shared: SharedArrayBuffer;
  readonly burst: number;
  readonly frameBytes: number;
}

/** Nanoseconds a frame from engine to engine: one round of milliseconds, after a warm-up as long. */
export async function measureHandover(burst: number, frameBytes: number, milliseconds: number): Promise<number> {
  const { shared } = createHandover();
  const script = new URL("./handover-worker.ts", import.meta.url);
  const sides = ["send", "receive"] as const;
  const tasks = sides.map((side): HandoverTask => ({ side, shared, burst, frameBytes }));
  const [, received] = await runWorkers(script, tasks, milliseconds);
  return 1e9 / (received as number);
}
