import { RING_BYTES } from "../assembly/layout.js";
import { createBed } from "./bed.js";
import type { CPeers } from "./c-peers.js";
import { compileCalls, inProcess, type Series, wasmCalls } from "./contestant.js";
import { type Case, PLAIN, type Question } from "./question.js";

const SLOTS = 1024;
const VALUES = 256;

/** What does it cost an item to go through a ring, enqueued and dequeued by one thread? */
export function ring(cPeers: CPeers): Question {
  return {
    name: "ring",
    measured: `${VALUES} 32-bit values enqueued and dequeued by one thread, in bursts, through a ring of ${SLOTS}.`,
    cases: () => Promise.all([1, 8, 32, 256].map((burst) => caseOf(cPeers, burst))),
  };
}

async function caseOf(cPeers: CPeers, burst: number): Promise<Case> {
  const bed = await createBed(RING_BYTES + SLOTS * 4 + VALUES * 8 + 512);
  const { kernels, arena } = bed;
  const record = arena.take(RING_BYTES);
  kernels.ringInit(record, arena.take(SLOTS * 4), SLOTS);
  const list = arena.take(VALUES * 4);
  const out = arena.take(VALUES * 4);
  arena.u32.set(
    Array.from({ length: VALUES }, (_, i) => i * 64 + 1),
    list >> 2,
  );
  const step = burst * 4;
  const series = (enqueue: string, dequeue: string): Series => ({
    times: VALUES / burst,
    calls: [
      [enqueue, record, [list, step], burst],
      [dequeue, record, [out, step], burst],
    ],
  });
  const image = bed.image();
  const ours = series("ringEnqueueBurst", "ringDequeueBurst");
  compileCalls(kernels, ours)();
  const expected = { at: out, bytes: arena.u8.slice(list, list + VALUES * 4) };
  return {
    name: `bursts of ${burst}`,
    unit: "ns an item",
    ours: wasmCalls("ring", VALUES, kernels, ours),
    peers: [
      inProcess(`${PLAIN}, Int32Array`, VALUES, plainRing(burst)),
      ...cPeers.twins({ image, items: VALUES, expected }, series("ring_enqueue_burst", "ring_dequeue_burst")),
      ...cPeers.contestants(
        { image, items: VALUES, expected },
        { DPDK: { times: VALUES / burst, calls: [["dpdk_ring_burst", [list, step], [out, step], burst]] } },
      ),
    ],
    bounds: burst === 32 ? [{ most: 1.5 }] : [],
  };
}

function plainRing(burst: number): () => number {
  const slots = new Int32Array(SLOTS);
  const from = Int32Array.from({ length: VALUES }, (_, i) => i * 64 + 1);
  const to = new Int32Array(VALUES);
  let head = 0;
  let tail = 0;
  return () => {
    for (let at = 0; at < VALUES; at += burst) {
      for (let i = 0; i < burst; i++) slots[(head + i) & (SLOTS - 1)] = from[at + i] as number;
      head = (head + burst) | 0;
      for (let i = 0; i < burst; i++) to[at + i] = slots[(tail + i) & (SLOTS - 1)] as number;
      tail = (tail + burst) | 0;
    }
    return to[VALUES - 1] as number;
  };
}
