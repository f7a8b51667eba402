import { COUNTER_TX_FRAMES, LIMIT_F_PEERS, LIMIT_FLAGS, PORT_OWNER } from "../assembly/layout.js";
import { Accounts } from "../src/limit/plane/accounts.js";
import { LedgerRecord } from "../src/limit/plane/ledger-record.js";
import { limitCapacity, planLedger } from "../src/limit/plane/sizes.js";
import { MemoryPlan } from "../src/memory.js";
import { definePolicy } from "../src/overlay/policy/policy.js";
import { compileCalls, type Series, wasmCalls } from "./contestant.js";
import { guests } from "./limit/guests.js";
import { vxlanFrames } from "./limit/traffic.js";
import { createOverlayBed, type OverlayBed } from "./overlay/plane.js";
import { destinationIp, VNI } from "./overlay/traffic.js";
import type { Contestant, Question } from "./question.js";

/** Frames at a time. */
const BURST = 32;
const FRAMES = 16_384;
const PEERS = 10_000;
const HOSTS = 100;
const MBUFS = 256;
const WITHOUT = "without limits";
const CAPACITY = limitCapacity({ partitions: 1, peers: PEERS });

/** What does it cost to know whose every mbuf is, and to hold owners to their limits? */
export const limit: Question = {
  name: "limit",
  measured:
    `Guests: ${BURST} frames of 64 bytes arrive on the next of ${PEERS.toLocaleString("en")} vnics, are taken from its ring and posted on an uplink. Peers: ` +
    `${FRAMES.toLocaleString("en")} VXLAN frames with 64 bytes inside, from random ones of ${PEERS.toLocaleString("en")} peers on ${HOSTS} hosts, in bursts of ${BURST}: copied in, ` +
    "through the overlay to a guest's queue, and back to the pool. Each is charged where the guest gets it and given back where it is freed; no limit is reached.",
  cases: async () => {
    const frames = await vxlanFrames(FRAMES, PEERS, HOSTS);
    const without = await contestant(WITHOUT, frames);
    const unit = "ns a frame";
    const bounds = [{ most: 3, over: WITHOUT }];
    return [
      {
        ...{ name: "the guest is the owner", unit, bounds, peers: [without] },
        ours: await contestant("charged to the guest", frames, withGuest),
      },
      {
        ...{ name: `${PEERS.toLocaleString("en")} owners: each guest`, unit, bounds },
        ours: await guests("charged to each guest", true),
        peers: [await guests(WITHOUT, false)],
      },
      {
        ...{ name: `${PEERS.toLocaleString("en")} owners: each peer`, unit, bounds, peers: [without] },
        ours: await contestant("charged to the peer", frames, withPeers),
      },
    ];
  },
};

async function contestant(
  name: string,
  frames: readonly Uint8Array[],
  own: (bed: OverlayBed) => void = () => undefined,
): Promise<Contestant> {
  const plan = new MemoryPlan();
  planLedger(plan, CAPACITY, MBUFS);
  const policy = definePolicy({ networks: { net: { vni: VNI, default: "allow" } } }).network("net");
  const bed = await createOverlayBed({
    ...{ destinations: PEERS, hosts: HOSTS, policy, frames, mbufs: MBUFS },
    spareBytes: plan.bytes,
  });
  own(bed);
  const { kernels, arena, pool, sources, list, uplinkPort, vnicPort, plane } = bed;
  const step = BURST * 4;
  const series: Series = {
    times: FRAMES / BURST,
    calls: [
      ["copyInBurst", pool.ptr, [sources.ptrs, step], [sources.lens, step], list, BURST],
      ["portReceiveBurst", uplinkPort.ptr, list, BURST],
      ["overlayReceiveBurst", plane.ptr, 0, BURST],
      ["discardBurst", vnicPort.ptr, list, BURST],
    ],
  };
  const counter = vnicPort.counters / 8 + COUNTER_TX_FRAMES;
  compileCalls(kernels, series)();
  if (arena.u64[counter] !== BigInt(FRAMES)) throw new Error(`${arena.u64[counter]} of ${FRAMES} frames came through`);
  return wasmCalls(name, FRAMES, kernels, series);
}

/** Charges what the guest is given to the guest. */
function withGuest({ kernels, arena, pool, vnicPort }: OverlayBed) {
  const accounts = new Accounts(kernels, arena, CAPACITY.partitions + CAPACITY.peers);
  const home = { kernels, arena, pool: pool.ptr, mbufs: MBUFS };
  const ledger = new LedgerRecord(home, CAPACITY, accounts.dueRing);
  const open = () => accounts.open(MBUFS, MBUFS, 2 ** 31);
  const partition = accounts.record(open());
  arena.u32[(vnicPort.ptr + PORT_OWNER) >> 2] = partition;
  return { accounts, ledger, open, partition };
}

/** Charges it to whom it comes from. */
function withPeers(bed: OverlayBed): void {
  const { accounts, ledger, open, partition } = withGuest(bed);
  bed.arena.u32[(partition + LIMIT_FLAGS) >> 2] = LIMIT_F_PEERS;
  for (let i = 0; i < PEERS; i++) {
    const address = new Uint8Array(16);
    address.set([0xff, 0xff, ...destinationIp(i)], 10);
    const owner = open();
    accounts.setPartition(owner, 0);
    ledger.insertPeer({ address, partition }, accounts.record(owner));
  }
}
