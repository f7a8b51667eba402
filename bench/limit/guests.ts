/** A data plane with a vnic for each of many guests, whose frames are charged to them or not. */
import { COUNTER_TX_FRAMES, PORT_OWNER } from "../../assembly/layout.js";
import { headroomFor } from "../../src/buffer/headroom.js";
import { Pool, planPool, poolShape } from "../../src/buffer/pool.js";
import { Port } from "../../src/buffer/port.js";
import { planPort } from "../../src/buffer/port-record.js";
import { Accounts } from "../../src/limit/plane/accounts.js";
import { LedgerRecord } from "../../src/limit/plane/ledger-record.js";
import { limitCapacity, planLedger } from "../../src/limit/plane/sizes.js";
import { MemoryPlan } from "../../src/memory.js";
import { instantiate } from "../../src/wasm.js";
import { laySpans, spansBytes, WASM } from "../bed.js";
import { compileCalls, type Series, wasmCalls } from "../contestant.js";
import type { Contestant } from "../question.js";
import { udpFrames } from "../workload.js";

const GUESTS = 10_000;
const BURST = 32;
const QUEUE = 64;
const MBUFS = 256;
const CAPACITY = limitCapacity({ partitions: GUESTS, peers: 1 });

/** A burst from each guest in turn, from arrival to the pool. */
export async function guests(name: string, charged: boolean): Promise<Contestant> {
  const shape = poolShape(MBUFS, headroomFor(["ethernet", "ipv4", "udp", "vxlan"]), 2048);
  const plan = new MemoryPlan();
  planPool(plan, shape);
  for (let i = 0; i <= GUESTS; i++) planPort(plan, QUEUE);
  planLedger(plan, CAPACITY, MBUFS);
  plan.add(spansBytes(BURST, 64)).add(BURST * 4);
  const memory = plan.createMemory();
  const instance = await instantiate(WASM, memory);
  const { raw: kernels } = instance;
  kernels.heapInit();
  const arena = plan.createArena(memory);
  const pool = new Pool(kernels, arena, shape);
  const owner = { kernels, arena, pool, checkOpen: () => instance.checkOpen() };
  const uplink = new Port(owner, "uplink", GUESTS, QUEUE, {}).record;
  const vnics = Array.from({ length: GUESTS }, (_, i) => new Port(owner, `vnic ${i}`, i, QUEUE, {}).record);
  if (charged) {
    const accounts = new Accounts(kernels, arena, CAPACITY.partitions + CAPACITY.peers);
    new LedgerRecord({ kernels, arena, pool: pool.ptr, mbufs: MBUFS }, CAPACITY, accounts.dueRing);
    for (const { ptr } of vnics) {
      arena.u32[(ptr + PORT_OWNER) >> 2] = accounts.record(accounts.open(MBUFS, MBUFS, 2 ** 31));
    }
  }
  const sources = laySpans(arena, udpFrames(BURST, 64));
  const list = arena.take(BURST * 4);
  const [first, second] = vnics as [(typeof vnics)[0], (typeof vnics)[0]];
  const series: Series = {
    times: GUESTS,
    calls: [
      ["copyInBurst", pool.ptr, sources.ptrs, sources.lens, list, BURST],
      ["portReceiveBurst", [first.ptr, second.ptr - first.ptr], list, BURST],
      ["ringDequeueBurst", [first.ring, second.ring - first.ring], list, BURST],
      ["portPostBurst", uplink.ptr, list, BURST],
      ["discardBurst", uplink.ptr, list, BURST],
    ],
  };
  compileCalls(kernels, series)();
  const sent = arena.u64[uplink.counters / 8 + COUNTER_TX_FRAMES];
  if (sent !== BigInt(GUESTS * BURST)) throw new Error(`${sent} of ${GUESTS * BURST} frames were sent`);
  return wasmCalls(name, GUESTS * BURST, kernels, series);
}
