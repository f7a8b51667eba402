/** The hand-over between real threads, by the package as it was built: each engine knows the other by the channel alone. */
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { createHandover, type Handover } from "../../src/driver/handover/channel.js";

const FRAMES = 30_000;
const SCRIPT = new URL("./handover-end.mjs", import.meta.url);

interface Answer {
  readonly frames: number;
  readonly digest: string;
  readonly census: unknown;
  readonly drops?: Record<string, number>;
}

function inWorker(side: "send" | "receive", handover: Handover): Promise<Answer> {
  const worker = new Worker(SCRIPT, { workerData: { side, handover, frames: FRAMES } });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error(`the ${side}ing worker ended without an answer`)));
  });
}

function expectSame(sent: Answer, received: Answer): void {
  expect(sent.frames).toBe(FRAMES);
  expect(received).toMatchObject({ frames: FRAMES, digest: sent.digest, drops: {} });
  for (const { census } of [sent, received]) expect(census).toMatchObject({ holds: true, free: 512 });
}

describe("between threads", () => {
  test.each([2 ** 17, 2 ** 20])("worker to worker, by a channel of %i bytes", async (bytes) => {
    const handover = createHandover({ bytes });
    const [received, sent] = await Promise.all([inWorker("receive", handover), inWorker("send", handover)]);
    expectSame(sent, received);
  });

  test("this thread to a worker, and a worker to this thread", async () => {
    const script: string = SCRIPT.href;
    const { send, receive } = await import(script);
    const out = createHandover();
    const received = inWorker("receive", out);
    expectSame(await send({ handover: out, frames: FRAMES }), await received);
    const back = createHandover();
    const sent = inWorker("send", back);
    const here = await receive({ handover: back });
    expectSame(await sent, here);
  });
});
