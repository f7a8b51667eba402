import { TOEPLITZ_ROW_BYTES } from "../assembly/layout.js";
import { createBed, laySpans, spansBytes } from "./bed.js";
import type { CPeers } from "./c-peers.js";
import { compileCalls, inProcess, type Series, wasmCalls } from "./contestant.js";
import { type Case, PLAIN, type Question } from "./question.js";
import { randomBytes } from "./workload.js";

const TUPLES = 256;
const BURST = 32;
const KEY_BYTES = 40;

/** What does the Toeplitz hash of receive-side scaling cost, in bursts? */
export function toeplitz(cPeers: CPeers): Question {
  return {
    name: "toeplitz",
    measured: `${TUPLES} tuples in bursts of ${BURST}, by table; DPDK's rte_softrss has none and goes bit by bit.`,
    cases: () => Promise.all([12, 36].map((bytes) => caseOf(cPeers, bytes))),
  };
}

async function caseOf(cPeers: CPeers, tupleBytes: number): Promise<Case> {
  const tableBytes = tupleBytes * TOEPLITZ_ROW_BYTES;
  const bed = await createBed(spansBytes(TUPLES, tupleBytes) + tableBytes + KEY_BYTES + 256);
  const { u8, u32 } = bed.arena;
  const table = bed.arena.take(tableBytes);
  const key = bed.arena.take(KEY_BYTES);
  const tuples = Array.from({ length: TUPLES }, (_, i) => randomBytes(tupleBytes, i));
  u8.set(randomBytes(KEY_BYTES, TUPLES), key);
  bed.kernels.toeplitzInit(table, key, KEY_BYTES, tupleBytes);
  const spans = laySpans(bed.arena, tuples);
  const series = (kernel: string, first: number, size: number): Series => {
    const step = BURST * 4;
    return { times: TUPLES / BURST, calls: [[kernel, first, [spans.ptrs, step], size, [spans.out, step], BURST]] };
  };
  const image = bed.image();
  compileCalls(bed.kernels, series("toeplitzBurst", table, tupleBytes))();
  const hashes = u32.slice(spans.out >> 2, (spans.out >> 2) + TUPLES);
  const work = { image, items: TUPLES, expected: { at: spans.out, bytes: new Uint8Array(hashes.buffer) } };
  const rows = Int32Array.from(u32.subarray(table >> 2, (table + tableBytes) >> 2));
  return {
    name: `${tupleBytes} B`,
    unit: "ns a tuple",
    ours: wasmCalls("toeplitzBurst", TUPLES, bed.kernels, series("toeplitzBurst", table, tupleBytes)),
    peers: [
      inProcess(`${PLAIN}, by table`, TUPLES, () => tuples.reduce((sum, tuple) => (sum + byTable(rows, tuple)) | 0, 0)),
      ...cPeers.twins(work, series("toeplitz_burst", table, tupleBytes)),
      ...cPeers.contestants(work, { DPDK: series("dpdk_softrss_burst", key, tupleBytes / 4) }),
    ],
    bounds: tupleBytes === 12 ? [{ most: 6 }] : [],
  };
}

function byTable(rows: Int32Array, tuple: Uint8Array): number {
  let hash = 0;
  for (let i = 0; i < tuple.length; i++) hash ^= rows[(i << 8) | (tuple[i] as number)] as number;
  return hash;
}
