/** One side of measureHandover. */
import { BURST_MAX, MBUF_BYTES } from "../../assembly/layout.js";
import { Pool, planPool, poolShape } from "../../src/buffer/pool.js";
import { Port } from "../../src/buffer/port.js";
import { planPort } from "../../src/buffer/port-record.js";
import { HandoverReceiver } from "../../src/driver/handover/receiver.js";
import { HandoverSender } from "../../src/driver/handover/sender.js";
import { planStage, Stage } from "../../src/driver/handover/stage.js";
import { MemoryPlan } from "../../src/memory.js";
import { instantiate } from "../../src/wasm.js";
import { WASM } from "../bed.js";
import { POOL_MBUFS } from "../plane.js";
import { udpFrames } from "../workload.js";
import type { HandoverTask } from "./handover.js";
import { runRound, taskOf } from "./round.js";

/** Some 50 µs. */
const SPINS = 1000;
let idle = 0;

const { side, shared, burst, frameBytes } = taskOf<HandoverTask>();

// An engine by its parts, with one port: the raw kernels stand in for a stack that takes and frees buffers a burst at a time.
const plan = new MemoryPlan();
const shape = poolShape(POOL_MBUFS, 128, 2048);
planPool(plan, shape);
planPort(plan, POOL_MBUFS);
planStage(plan);
plan.add(BURST_MAX * 4);
const memory = plan.createMemory();
const instance = await instantiate(WASM, memory);
const { raw, kernels } = instance;
kernels.heapInit();
const arena = plan.createArena(memory);
const pool = new Pool(kernels, arena, shape);
const owner = { kernels, arena, pool, checkOpen: () => instance.checkOpen() };
const port = new Port(owner, "port", 0, POOL_MBUFS, {});
const stage = new Stage(owner);
const list = arena.take(BURST_MAX * 4);
const { ptr, ring } = port.record;

runRound(side === "send" ? send() : receive());

/**
 * Posts and sends a burst, when the burst before has gone. Buffers keep their bytes when they are freed, and the pool gives
 * the same ones out again: their records need only be set back to what they were.
 */
function send(): () => number {
  const arrivals = udpFrames(burst, frameBytes).map((data) => ({ data }));
  pool.fillBurst(arrivals, 0, list);
  const records = Math.min(...arena.u32.subarray(list >> 2, (list >> 2) + burst));
  const saved = arena.u8.slice(records, records + burst * MBUF_BYTES);
  raw.freeBurst(pool.ptr, list, burst);
  const sender = new HandoverSender({ shared }, port, stage, () => {});
  let posted = 0;
  return () => {
    if (posted === 0) {
      raw.allocBurst(pool.ptr, list, burst);
      arena.u8.set(saved, records);
      posted = raw.portPostBurst(ptr, list, burst);
    }
    const sent = sender.pump();
    posted -= sent;
    return busyOrWait(sent, sender);
  };
}

function receive(): () => number {
  const receiver = new HandoverReceiver({ shared }, port, stage, () => {});
  return () => {
    const received = receiver.pump();
    const n = raw.ringDequeueBurst(ring, list, BURST_MAX);
    raw.freeBurst(pool.ptr, list, n);
    return busyOrWait(received, receiver);
  };
}

/**
 * Spins for a while, then sleeps: where two workers have two cores, nobody ever sleeps; where a core is taken by somebody else,
 * spinning would take from the other side what it waits for.
 */
function busyOrWait(frames: number, end: HandoverSender | HandoverReceiver): number {
  if (frames > 0) idle = 0;
  else if (++idle > SPINS) end.wait(1);
  return frames;
}
