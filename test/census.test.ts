import { expect, test } from "vitest";
import { createEngine } from "../src/engine.js";
import { counting } from "./helpers/bytes.js";
import { censusAfterEach } from "./helpers/census.js";
import { testEngine, wasmBytes } from "./helpers/engines.js";
import { arrivals } from "./helpers/ports.js";

censusAfterEach();

test("every place is counted: pool, rings, queues (posted, taken, completed), frames and bursts", async () => {
  const engine = await testEngine({ mbufs: 1000, queueSize: 512, payloadBytes: 64, ports: 2, bursts: 2 });
  const [a, b] = [engine.addPort("a"), engine.addPort("b")];
  const frames = [a, b, b].flatMap((port) => port.reserveBurst(10, 200));
  expect(engine.census()).toMatchObject({ total: 1000, free: 400, held: 600, rings: 0, queues: 0, holds: true });
  a.postBurst(frames.splice(0, 100));
  b.postBurst(frames.splice(0, 50));
  a.takeBurst();
  expect(engine.census()).toMatchObject({ free: 400, held: 450, queues: 150, holds: true });
  b.receiveBurst(arrivals([counting(64), counting(65), counting(200)])); // 1, 2 and 4 buffers
  const [first, second] = [engine.burst(), engine.burst()];
  first.load(arrivals([counting(10), counting(100)]));
  second.load(arrivals([counting(64)]));
  expect(engine.census()).toMatchObject({ free: 389, held: 454, queues: 150, rings: 7, lost: 0, holds: true });
});

test("a frame that got lost is seen", async () => {
  const engine = await createEngine({ wasm: wasmBytes("debug"), mbufs: 8 });
  const frame = engine.addPort("a").reserve(10);
  frame?.handOver(); // what a port does when it takes a frame; here nobody does
  expect(engine.census()).toMatchObject({ free: 7, held: 0, lost: 1, doubles: 0, holds: false });
});
