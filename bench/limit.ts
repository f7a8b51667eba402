/** What does it cost to know whose every mbuf is, and to hold owners to their limits? */
import { COUNTER_TX_FRAMES, LIMIT_F_PEERS, LIMIT_FLAGS, PORT_OWNER } from "../assembly/layout.js";
import { Accounts } from "../src/limit/accounts.js";
import { LedgerRecord } from "../src/limit/ledger-record.js";
import { type LimitCapacity, limitCapacity, planLedger } from "../src/limit/sizes.js";
import { MemoryPlan } from "../src/memory.js";
import { laySpans, spansBytes } from "./bed.js";
import { compileCalls, type Series, wasmCalls } from "./contestant.js";
import { vxlanFrames } from "./limit/traffic.js";
import { createPlane, type Plane } from "./plane.js";
import type { Contestant, Question } from "./question.js";
import { udpFrames } from "./workload.js";

const BURST = 32;
const FRAMES = 16_384;
const PEERS = 10_000;
const MBUFS = 256;

export const limit: Question = {
  name: "limit",
  measured:
    `${FRAMES.toLocaleString("en")} VXLAN frames of 64 bytes inside, from ${PEERS.toLocaleString("en")} peers in random order, in bursts of ${BURST}: copied in, ` +
    "arrival on the uplink, out of the tunnel, to the guest's queue, and back to the pool. Charged where the guest gets it, given back where it is freed.",
  cases: async () => {
    const without = await contestant("without limits", "none");
    return [
      {
        name: "the guest is the owner",
        unit: "ns a frame",
        ours: await contestant("charged to the guest", "vnic"),
        peers: [without],
      },
      {
        name: `${PEERS.toLocaleString("en")} peers are owners`,
        unit: "ns a frame",
        ours: await contestant("charged to the peer", "peers"),
        peers: [without],
      },
    ];
  },
};

async function contestant(name: string, owners: "none" | "vnic" | "peers"): Promise<Contestant> {
  const sources = await vxlanFrames(FRAMES, PEERS);
  const capacity = limitCapacity({ partitions: 1, peers: PEERS });
  const plane = await createPlane(udpFrames(MBUFS, 64), spansBytes(FRAMES, 128) + ledgerBytes(capacity));
  const { kernels, arena, pool, uplink, vnic, tunnel, list } = plane;
  kernels.freeBurst(pool.ptr, list, MBUFS);
  const spans = laySpans(arena, sources);
  if (owners !== "none") withOwners(plane, owners === "peers");
  const step = BURST * 4;
  const series: Series = {
    times: FRAMES / BURST,
    calls: [
      ["copyInBurst", pool.ptr, [spans.ptrs, step], [spans.lens, step], list, BURST],
      ["portReceiveBurst", uplink.ptr, list, BURST],
      ["rxBurst", uplink.ptr, tunnel, 1, BURST],
      ["discardBurst", vnic.ptr, BURST],
    ],
  };
  const counter = vnic.counters / 8 + COUNTER_TX_FRAMES;
  compileCalls(kernels, series)();
  if (arena.u64[counter] !== BigInt(FRAMES)) throw new Error(`${arena.u64[counter]} of ${FRAMES} frames came through`);
  return wasmCalls(name, FRAMES, kernels, series);
}

function ledgerBytes(capacity: LimitCapacity): number {
  const plan = new MemoryPlan();
  planLedger(plan, capacity, MBUFS);
  return plan.bytes;
}

function withOwners({ kernels, arena, pool, vnic }: Plane, withPeers: boolean): void {
  const accounts = new Accounts(kernels, arena, 1 + PEERS);
  const home = { kernels, arena, pool: pool.ptr, mbufs: MBUFS };
  const ledger = new LedgerRecord(home, limitCapacity({ partitions: 1, peers: PEERS }), accounts.dueRing);
  const guest = accounts.open(MBUFS, MBUFS, 2 ** 31);
  const record = accounts.record(guest);
  arena.u32[(vnic.ptr + PORT_OWNER) >> 2] = record;
  if (!withPeers) return;
  arena.u32[(record + LIMIT_FLAGS) >> 2] = LIMIT_F_PEERS;
  for (let i = 0; i < PEERS; i++) {
    const address = new Uint8Array(16);
    address.set([0xff, 0xff, 10, 0, i >> 8, i & 0xff], 10);
    ledger.insertPeer({ address, partition: record }, accounts.record(accounts.open(MBUFS, MBUFS, 2 ** 31)));
  }
}
