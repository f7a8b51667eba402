import { compileCalls, inProcess, type Series, wasmCalls } from "./contestant.js";
import { createPlane, emptyPool, POOL_MBUFS, savedRecords } from "./plane.js";
import type { Case, Contestant, Question } from "./question.js";
import { vxlanPeers } from "./vxlan-peers.js";
import { udpFrames } from "./workload.js";

const BURSTS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Of what VXLAN gains: what is layout (headroom), what is WebAssembly, what is the burst (one crossing for many frames)? */
export const gains: Question = {
  name: "gains",
  measured:
    "VXLAN encapsulation with each of three gains switched on alone, then all. Without layout every frame is copied into a new " +
    "buffer behind its header (JavaScript: Buffer.concat; WebAssembly: alloc, copy, free). Without the burst every frame is a crossing " +
    "of its own. Below that, what a frame costs by burst size: the price of a crossing is what it saves, times the burst.",
  cases: async () => [...(await gainCases(64)), ...(await gainCases(1500)), ...(await crossingCases())],
};

async function gainCases(frameBytes: number): Promise<Case[]> {
  const frames = udpFrames(POOL_MBUFS, frameBytes);
  const { concat, inHeadroom } = await vxlanPeers(frames);
  const alone = await copying(frames, 1);
  const ofBurst = await copying(frames, 32);
  const inPlace = await encapsulating(frames, 32);
  const row = (gain: string, ours: Contestant, peer: Contestant): Case => ({
    name: `${frameBytes} B, ${gain}`,
    unit: "ns a frame",
    ours,
    peers: [peer],
  });
  return [
    row("layout alone", inHeadroom, concat),
    row("WebAssembly alone", alone, concat),
    row("burst alone", ofBurst, alone),
    row("all three", inPlace, concat),
  ];
}

async function crossingCases(): Promise<Case[]> {
  const frames = udpFrames(POOL_MBUFS, 64);
  const contestants = await Promise.all(BURSTS.map((burst) => encapsulating(frames, burst)));
  const [single, ...larger] = contestants as [Contestant, ...Contestant[]];
  return larger.map((ours) => ({ name: `64 B, ${ours.name}`, unit: "ns a frame", ours, peers: [single] }));
}

/** In a new buffer each, in bursts. */
async function copying(frames: readonly Uint8Array[], burst: number): Promise<Contestant> {
  const { kernels, pool, list, tunnel, sources } = await emptyPool(frames);
  const series: Series = {
    times: POOL_MBUFS / burst,
    calls: [
      ["copyInBurst", pool.ptr, [sources.ptrs, burst * 4], [sources.lens, burst * 4], list, burst],
      ["encapBurst", list, burst, tunnel],
      ["freeBurst", pool.ptr, list, burst],
    ],
  };
  return wasmCalls(`WebAssembly, copied, bursts of ${burst}`, POOL_MBUFS, kernels, series);
}

/** In place, in bursts. */
export async function encapsulating(frames: readonly Uint8Array[], burst: number): Promise<Contestant> {
  const plane = await createPlane(frames);
  const { restore } = savedRecords(plane);
  const run = compileCalls(plane.kernels, {
    times: frames.length / burst,
    calls: [["encapBurst", [plane.list, burst * 4], burst, plane.tunnel]],
  });
  return inProcess(`bursts of ${burst}`, frames.length, () => {
    const sum = run();
    restore();
    return sum;
  });
}
