import { TABLE_BYTES, TABLE_INSERTED } from "../assembly/layout.js";
import { tableBytes, tableShape } from "../src/table/shape.js";
import { createBed } from "./bed.js";
import type { CPeers } from "./c-peers.js";
import { type Call, compileCalls, inProcess, type Series, wasmCalls } from "./contestant.js";
import { type Bound, type Case, type Contestant, PLAIN, type Question } from "./question.js";
import { randomBytes } from "./workload.js";

const BURST = 32;
const SEED = 0x5eedn;
const MEASURED =
  `lookups of every key in turn, in bursts of ${BURST}: the keys lie one behind the other, as they would in frames at hand, and their ` +
  "entries all over the table, which is as full as its capacity says (two thirds of the slots). Map has the keys as strings made " +
  "beforehand, since it cannot compare bytes; DPDK's rte_hash hashes by jhash.";
/** A Map of more would take longer to measure than all else. */
const MAP_BITS_MOST = 16;

/** What does a lookup in the hash table cost, all hits, in bursts? */
export function table(cPeers: CPeers): Question {
  return {
    name: "table",
    measured: MEASURED,
    cases: () => Promise.all([16, 48].map((size) => tableCase(cPeers, size, 10))),
  };
}

/** The same in a table that no cache holds. */
export function tableLarge(cPeers: CPeers): Question {
  return {
    name: "table-large",
    measured: MEASURED,
    slow: true,
    cases: () => Promise.all([16, 48].map((size) => tableCase(cPeers, size, 20))),
  };
}

async function tableCase(cPeers: CPeers, keyBytes: number, bits: number): Promise<Case> {
  const { bed, entries, keys, ptrs, out, series } = await filledTable(keyBytes, bits);
  const { kernels, arena } = bed;
  const ours = series("tableLookupBurst");
  const image = bed.image();
  if (compileCalls(kernels, ours)() !== entries) throw new Error("not every key was found");
  const work = { image, items: entries, expected: { at: out, bytes: arena.u8.slice(out, out + 4096) } };
  const lookups: Call = ["dpdk_hash_burst", [ptrs, BURST * 4], keys, entries, keyBytes, BURST];
  const isSmall = bits <= MAP_BITS_MOST;
  return {
    name: `${keyBytes} B keys, 2^${bits} entries`,
    unit: "ns a key",
    ours: wasmCalls("tableLookupBurst", entries, kernels, ours),
    peers: [
      ...(isSmall ? [mapContestant(arena.u8.subarray(keys, keys + entries * keyBytes), keyBytes)] : []),
      ...cPeers.twins(work, series("table_lookup_burst")),
      ...cPeers.contestants({ image, items: entries }, { DPDK: { times: entries / BURST, calls: [lookups] } }),
    ],
    bounds: boundsOf(keyBytes, bits),
  };
}

/** Lookups of every key in a table of 2^bits. */
export async function lookups(keyBytes: number, bits: number): Promise<Contestant> {
  const { bed, entries, series } = await filledTable(keyBytes, bits);
  return wasmCalls(`lookup among 2^${bits}`, entries, bed.kernels, series("tableLookupBurst"));
}

async function filledTable(keyBytes: number, bits: number) {
  const entries = 2 ** bits;
  const shape = tableShape(keyBytes, entries);
  const bed = await createBed(TABLE_BYTES + tableBytes(shape) + entries * keyBytes + entries * 8 + 1024);
  const { kernels, arena } = bed;
  const table = arena.take(TABLE_BYTES);
  const buckets = arena.take(tableBytes(shape));
  const keys = arena.take(entries * keyBytes);
  const ptrs = arena.take(entries * 4);
  const out = arena.take(entries * 4);
  kernels.tableInit(table, buckets, shape.buckets, keyBytes, entries, SEED);
  arena.u8.set(randomBytes(entries * keyBytes, bits), keys);
  for (let i = 0; i < entries; i++) {
    if (kernels.tableInsert(table, keys + i * keyBytes, i) !== TABLE_INSERTED) throw new Error("the table is full");
    arena.u32[(ptrs >> 2) + i] = keys + i * keyBytes;
  }
  const step = BURST * 4;
  const series = (kernel: string): Series => ({
    times: entries / BURST,
    calls: [[kernel, table, [ptrs, step], [out, step], BURST]],
  });
  return { bed, entries, keys, ptrs, out, series };
}

function mapContestant(keys: Uint8Array, keyBytes: number): Contestant {
  const texts = Array.from({ length: keys.length / keyBytes }, (_, i) =>
    Buffer.from(keys.subarray(i * keyBytes, (i + 1) * keyBytes)).toString("latin1"),
  );
  const values = new Map(texts.map((text, i) => [text, i]));
  const run = () => texts.reduce((sum, text) => (sum + (values.get(text) as number)) | 0, 0);
  return inProcess(`${PLAIN}, Map`, texts.length, run);
}

function boundsOf(keyBytes: number, bits: number): Bound[] {
  if (keyBytes === 16) return [{ most: bits === 10 ? 8 : 35 }];
  return [{ most: bits === 10 ? 12 : 45 }];
}
