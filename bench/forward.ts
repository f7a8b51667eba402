import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeCapture, LINKTYPE_ETHERNET } from "../src/capture/index.js";
import type { CPeers } from "./c-peers.js";
import { type Call, compileCalls, inProcess, type Series } from "./contestant.js";
import { emptyPool, POOL_MBUFS, UPLINKS } from "./plane.js";
import type { Case, Contestant, Question } from "./question.js";
import { BOND, CSUM, MACSWAP, Testpmd } from "./testpmd.js";
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
      return (await Promise.all([64, 1500].map((bytes) => casesOf(cPeers, testpmd, folder, bytes)))).flat();
    },
  };
}

async function casesOf(cPeers: CPeers, testpmd: Testpmd, folder: string, frameBytes: number): Promise<Case[]> {
  const frames = udpFrames(FLOWS, frameBytes);
  const file = join(folder, `${frameBytes}.pcap`);
  await writeCapture(file, frames);
  const row = async (name: string, kernel: KernelCall, peers: readonly Contestant[]): Promise<Case> => {
    const plane = await emptyPool(endless(frames));
    return { name: `${frameBytes} B, ${name}`, unit: "ns a frame", ours: forwarder(name, plane, kernel(plane)), peers };
  };
  const vxlan = await emptyPool(endless(frames));
  const twins = cPeers.twins(
    { image: vxlan.arena.u8.slice(), items: POOL_MBUFS },
    forwarding(vxlan, ["copy_in_burst", "post_burst", "pack_burst"], ["encap_burst", vxlan.list, BURST, vxlan.tunnel]),
  );
  return [
    await row("macswap", ({ list }) => ["macswapBurst", list, BURST], testpmd.contestant(MACSWAP, file)),
    await row("csum", ({ list }) => ["fillBurst", list, BURST], testpmd.contestant(CSUM, file)),
    await row("VXLAN", ({ list, tunnel }) => ["encapBurst", list, BURST, tunnel], twins),
    { ...(await bond(frames)), peers: testpmd.contestant(BOND, file), name: `${frameBytes} B, bonding layer3+4` },
  ];
}

type EmptyPlane = Awaited<ReturnType<typeof emptyPool>>;
type KernelCall = (plane: EmptyPlane) => Call;

function forwarder(name: string, plane: EmptyPlane, work: Call): Contestant {
  const series = forwarding(plane, ["copyInBurst", "postBurst", "packBurst"], work);
  const run = compileCalls(plane.kernels, series);
  run();
  if (plane.pool.free !== POOL_MBUFS) throw new Error("not every frame left");
  return inProcess(`ringlane, ${name}`, POOL_MBUFS, run);
}

/** A burst after the other: in, the mode's work, posted, out. */
function forwarding(plane: EmptyPlane, kernels: readonly [string, string, string], work: Call): Series {
  const { pool, list, uplink, sources, stage } = plane;
  const [copyIn, post, pack] = kernels;
  return {
    times: POOL_MBUFS / BURST,
    calls: [
      [copyIn, pool.ptr, [sources.ptrs, BURST * 4], [sources.lens, BURST * 4], list, BURST],
      work,
      [post, uplink.queue, list, BURST],
      [pack, uplink.ptr, stage, BURST],
    ],
  };
}

/** Copy in, pick, post on the port that was picked; when all are posted, each port's device frees what it has. */
async function bond(flows: readonly Uint8Array[]): Promise<Omit<Case, "peers">> {
  const plane = await emptyPool(endless(flows));
  const { kernels, pool, layer34, list, uplinks, portTable, sources, scratch } = plane;
  const post = compileCalls(kernels, {
    times: POOL_MBUFS / BURST,
    calls: [
      ["copyInBurst", pool.ptr, [sources.ptrs, BURST * 4], [sources.lens, BURST * 4], list, BURST],
      ["parseBurst", list, BURST],
      ["pickBurst", layer34, list, UPLINKS, scratch, BURST],
      ["spreadBurst", list, scratch, BURST, portTable],
    ],
  });
  const discard = compileCalls(kernels, {
    times: 1,
    calls: uplinks.map(({ ptr }) => ["discardBurst", ptr, list, POOL_MBUFS] as const),
  });
  const run = () => post() + discard();
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
