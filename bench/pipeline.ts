import { MBUF_CAUSE } from "../assembly/layout.js";
import type { CPeers } from "./c-peers.js";
import { type Arg, compileCalls, type Series, wasmCalls } from "./contestant.js";
import { emptyPool, POOL_MBUFS, TUNNEL } from "./plane.js";
import type { Case, Question } from "./question.js";
import { udpFrames } from "./workload.js";

const BURST = 32;
const VXLAN_PORT = 4789;

/** What does a frame's whole way cost, and what its parts? */
export function pipeline(cPeers: CPeers): Question {
  return {
    name: "pipeline",
    measured:
      `frames in bursts of ${BURST} from ${POOL_MBUFS} places in memory: alloc, copy in, parse and encapsulate, through a ring, check and strip ` +
      "(outer lengths, header checksum, VNI), free. Each step is a call for the burst, on both sides.",
    cases: async () => [
      await wholeCase(cPeers, 64, 45),
      await wholeCase(cPeers, 1500, 75),
      await copyCase(cPeers, 64),
      await copyCase(cPeers, 1500),
      await poolCase(cPeers),
    ],
  };
}

async function wholeCase(cPeers: CPeers, frameBytes: number, most: number): Promise<Case> {
  const plane = await emptyPool(udpFrames(POOL_MBUFS, frameBytes));
  const { kernels, arena, pool, list, vnic, tunnel, sources } = plane;
  const out = plane.scratch;
  const at: Arg = [sources.ptrs, BURST * 4];
  const lengths: Arg = [sources.lens, BURST * 4];
  const steps = (names: readonly string[]): Series => {
    const [copyIn, encap, enqueue, dequeue, decap, free] = names as [string, string, string, string, string, string];
    return {
      times: POOL_MBUFS / BURST,
      calls: [
        [copyIn, pool.ptr, at, lengths, list, BURST],
        [encap, list, BURST, tunnel],
        [enqueue, vnic.ring, list, BURST],
        [dequeue, vnic.ring, out, BURST],
        [decap, out, BURST, VXLAN_PORT, TUNNEL.vni, 0],
        [free, pool.ptr, out, BURST],
      ],
    };
  };
  const image = arena.u8.slice();
  const ours = steps(["copyInBurst", "encapBurst", "ringEnqueueBurst", "ringDequeueBurst", "decapBurst", "freeBurst"]);
  compileCalls(kernels, ours)();
  for (const m of arena.u32.subarray(out >> 2, (out >> 2) + BURST)) {
    if (arena.u16[(m + MBUF_CAUSE) >> 1] !== 0) throw new Error("a frame was refused");
  }
  if (pool.free !== POOL_MBUFS) throw new Error("not every frame came back");
  const twin = [
    "copy_in_burst",
    "encap_burst",
    "ring_enqueue_burst",
    "ring_dequeue_burst",
    "decap_burst",
    "free_burst",
  ];
  return {
    name: `${frameBytes} B`,
    unit: "ns a frame",
    ours: wasmCalls("pipeline", POOL_MBUFS, kernels, ours),
    peers: cPeers.twins({ image, items: POOL_MBUFS }, steps(twin)),
    bounds: [{ most }, { most: 1.1, times: "C, SSE4.2" }],
  };
}

async function copyCase(cPeers: CPeers, frameBytes: number): Promise<Case> {
  const { kernels, arena, pool, list, sources } = await emptyPool(udpFrames(POOL_MBUFS, frameBytes));
  const steps = (copyIn: string, free: string): Series => ({
    times: POOL_MBUFS / BURST,
    calls: [
      [copyIn, pool.ptr, [sources.ptrs, BURST * 4], [sources.lens, BURST * 4], list, BURST],
      [free, pool.ptr, list, BURST],
    ],
  });
  const image = arena.u8.slice();
  return {
    name: `${frameBytes} B, alloc, copy in, free`,
    unit: "ns a frame",
    ours: wasmCalls("copyInBurst", POOL_MBUFS, kernels, steps("copyInBurst", "freeBurst")),
    peers: cPeers.twins({ image, items: POOL_MBUFS }, steps("copy_in_burst", "free_burst")),
  };
}

async function poolCase(cPeers: CPeers): Promise<Case> {
  const { kernels, arena, pool, list } = await emptyPool(udpFrames(POOL_MBUFS, 64));
  const steps = (alloc: string, free: string): Series => ({
    times: POOL_MBUFS / BURST,
    calls: [
      [alloc, pool.ptr, list, BURST],
      [free, pool.ptr, list, BURST],
    ],
  });
  const work = { image: arena.u8.slice(), items: POOL_MBUFS };
  return {
    name: "alloc and free alone",
    unit: "ns an mbuf",
    ours: wasmCalls("allocBurst", POOL_MBUFS, kernels, steps("allocBurst", "freeBurst")),
    peers: [
      ...cPeers.twins(work, steps("alloc_burst", "free_burst")),
      ...cPeers.contestants(work, { DPDK: { times: POOL_MBUFS / BURST, calls: [["dpdk_pool_burst", BURST]] } }),
    ],
  };
}
