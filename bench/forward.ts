import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPAN_BYTES, SPAN_ID } from "../assembly/layout.js";
import { encodeCapture, LINKTYPE_ETHERNET } from "../src/capture/index.js";
import type { CPeers } from "./c-peers.js";
import { type Call, compileCalls, inProcess } from "./contestant.js";
import { emptyPool, POOL_MBUFS, UPLINKS } from "./plane.js";
import type { Case, Question } from "./question.js";
import { BOND, CSUM, MACSWAP, type Mode, Testpmd } from "./testpmd.js";
import { udpFrames } from "./workload.js";

const BURST = 32;
const FLOWS = 250;

/** The engine as a forwarder on one core, beside DPDK's. */
export function forward(cPeers: CPeers): Question {
  return {
    name: "forward",
    measured:
      `${FLOWS} flows from memory for ever, in bursts of ${BURST}: a copy in, the mode's work, posted as descriptors, a copy out, freed. ` +
      "1000 / ns is Mpps a core. testpmd (same frames, same order of work) reads by net_pcap, which copies in, and what it sends is " +
      "dropped without a copy out. Bonding is copy in, pick and post on both sides, nothing copied out. " +
      "csum checks and rewrites IPv4 and UDP checksums. Open vSwitch with DPDK encapsulated VXLAN at 81 (64 B) and 256 ns (1500 B) " +
      "on another machine.",
    slow: true,
    cases: async () => {
      const testpmd = new Testpmd(6);
      cPeers.whenDone(() => testpmd.close());
      if (testpmd.missing) cPeers.missing.push(testpmd.missing);
      const folder = mkdtempSync(join(tmpdir(), "ringlane-forward-"));
      cPeers.whenDone(() => rmSync(folder, { recursive: true }));
      return (await Promise.all([64, 1500].map((bytes) => casesOf(testpmd, folder, bytes)))).flat();
    },
  };
}

async function casesOf(testpmd: Testpmd, folder: string, frameBytes: number): Promise<Case[]> {
  const frames = udpFrames(FLOWS, frameBytes);
  const file = join(folder, `${frameBytes}.pcap`);
  await writeCapture(file, frames);
  const row = async (name: string, work: Work, mode?: Mode): Promise<Case> => ({
    name: `${frameBytes} B, ${name}`,
    unit: "ns a frame",
    ours: await forwarder(name, frames, work),
    peers: mode ? testpmd.contestant(mode, file) : [],
  });
  return [
    await row("macswap", ({ list }) => [["macswapBurst", list, BURST]], MACSWAP),
    await row("csum", ({ list }) => [["fillBurst", list, BURST]], CSUM),
    await row("VXLAN", ({ list, tunnel }) => [["encapBurst", list, BURST, tunnel]]),
    { ...(await bond(frames)), peers: testpmd.contestant(BOND, file), name: `${frameBytes} B, bonding layer3+4` },
  ];
}

type Work = (plane: Awaited<ReturnType<typeof emptyPool>>) => Call[];

async function forwarder(name: string, flows: readonly Uint8Array[], work: Work) {
  const plane = await emptyPool(endless(flows));
  const { kernels, pool, list, uplink, sources, stage } = plane;
  const run = compileCalls(kernels, {
    times: POOL_MBUFS / BURST,
    calls: [
      ["copyInBurst", pool.ptr, [sources.ptrs, BURST * 4], [sources.lens, BURST * 4], list, BURST],
      ...work(plane),
      ["portPostBurst", uplink.ptr, list, BURST],
      ["packBurst", uplink.ptr, stage, BURST],
    ],
  });
  run();
  if (pool.free !== POOL_MBUFS) throw new Error("not every frame left");
  return inProcess(`ringlane, ${name}`, POOL_MBUFS, run);
}

/** Copy in, pick, post on the port that was picked; when all are posted, each port's device completes what it has. */
async function bond(flows: readonly Uint8Array[]): Promise<Omit<Case, "peers">> {
  const plane = await emptyPool(endless(flows));
  const { kernels, arena, pool, list, uplinks, portTable, sources, ids, spans } = plane;
  const post = compileCalls(kernels, {
    times: POOL_MBUFS / BURST,
    calls: [
      ["copyInBurst", pool.ptr, [sources.ptrs, BURST * 4], [sources.lens, BURST * 4], list, BURST],
      ["parseBurst", list, BURST],
      ["pickBurst", list, UPLINKS, ids, BURST],
      ["spreadBurst", list, ids, BURST, portTable],
    ],
  });
  const { u16, u32 } = arena;
  const run = () => {
    const sum = post();
    for (const { queue } of uplinks) {
      const taken = kernels.takeBurst(queue, spans, POOL_MBUFS);
      for (let i = 0; i < taken; i++) u32[(ids >> 2) + i] = u16[(spans + i * SPAN_BYTES + SPAN_ID) >> 1] as number;
      kernels.completeBurst(queue, ids, taken);
      kernels.reapFree(queue, pool.ptr, list, taken);
    }
    return sum;
  };
  run();
  if (pool.free !== POOL_MBUFS) throw new Error("not every frame left");
  return { name: "bonding", unit: "ns a frame", ours: inProcess("ringlane, bonding", POOL_MBUFS, run) };
}

/** As many frames as the pool has buffers: the flows, over again. */
function endless(flows: readonly Uint8Array[]): Uint8Array[] {
  return Array.from({ length: POOL_MBUFS }, (_, i) => flows[i % flows.length] as Uint8Array);
}

async function writeCapture(file: string, frames: readonly Uint8Array[]): Promise<void> {
  const packets = frames.map((data) => ({ data, timestampNs: 0n }));
  const interfaces = [{ linkType: LINKTYPE_ETHERNET, snapLength: 65_535 }];
  const chunks: Uint8Array[] = [];
  // By microseconds, which every libpcap reads.
  const options = { format: "pcap", nanoseconds: false, interfaces } as const;
  for await (const chunk of encodeCapture(packets, options)) chunks.push(chunk.slice());
  writeFileSync(file, Buffer.concat(chunks));
}
