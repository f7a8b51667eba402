import { createRequire } from "node:module";
import * as zlib from "node:zlib";
import { crc32 as foxgloveCrc32 } from "@foxglove/crc";
import { createCRC32 } from "hash-wasm";
import { CRC_POLYNOMIAL_32, CRC_TABLE_BYTES } from "../assembly/layout.js";
import { createBed, inBursts, laySpans, spansBytes } from "./bed.js";
import type { CPeers } from "./c-peers.js";
import { compileCalls, inProcess, wasmCalls } from "./contestant.js";
import { type Bound, type Case, type Contestant, PLAIN, type Question } from "./question.js";
import { udpFrames } from "./workload.js";

const FRAMES = 256;
const BURST = 32;

type Sheet = { buf(bytes: Uint8Array, seed?: number): number };
const sheetCrc32 = createRequire(import.meta.url)("crc-32") as Sheet;
/** Node 20.15 and later; by carry-less multiply where the processor has it. */
const nodeCrc32 = (zlib as unknown as { crc32?: (bytes: Uint8Array) => number }).crc32;

/** What does CRC-32 (Ethernet FCS, ICRC) cost, in bursts? WebAssembly has no carry-less multiply. */
export function crc(cPeers: CPeers): Question {
  return {
    name: "crc",
    measured:
      `CRC-32 of ${FRAMES} frames in bursts of ${BURST}. Given up: carry-less multiply, which WebAssembly lacks and node:zlib and DPDK's ` +
      "SSE4.2 kernel have. The native yardstick is slicing by 8; C also has our own way (folding).",
    cases: () => Promise.all([64, 256, 1500].map((bytes) => caseOf(cPeers, bytes))),
  };
}

async function caseOf(cPeers: CPeers, frameBytes: number): Promise<Case> {
  const bed = await createBed(spansBytes(FRAMES, frameBytes) + CRC_TABLE_BYTES + 64);
  const frames = udpFrames(FRAMES, frameBytes);
  const table = bed.arena.take(CRC_TABLE_BYTES);
  bed.kernels.crcInit(table, CRC_POLYNOMIAL_32);
  const spans = laySpans(bed.arena, frames);
  const { u8, u32 } = bed.arena;
  const series = (kernel: string, ...first: number[]) => inBursts(spans, BURST, kernel, ...first);
  const image = bed.image();
  compileCalls(bed.kernels, series("crc32Burst", table))();
  const sums = u32.slice(spans.out >> 2, (spans.out >> 2) + FRAMES);
  const work = { image, items: FRAMES, expected: { at: spans.out, bytes: new Uint8Array(sums.buffer) } };
  const views = Array.from(u32.slice(spans.ptrs >> 2, (spans.ptrs >> 2) + FRAMES), (at) =>
    u8.subarray(at, at + frameBytes),
  );
  const buffers = views.map((view) => Buffer.from(view.buffer, view.byteOffset, view.length));

  const each = <T>(name: string, items: readonly T[], crcOf: (item: T) => number): Contestant => {
    for (const [i, item] of items.entries()) if (crcOf(item) >>> 0 !== sums[i]) throw new Error(`${name} differs`);
    return inProcess(name, FRAMES, () => items.reduce((sum, item) => (sum + crcOf(item)) | 0, 0));
  };
  const hasher = await createCRC32();
  return {
    name: `CRC-32, ${frameBytes} B`,
    unit: "ns a frame",
    ours: wasmCalls("crc32Burst", FRAMES, bed.kernels, series("crc32Burst", table)),
    peers: [
      each(`${PLAIN}, a byte at a time`, views, byteWise),
      each("crc-32", views, (view) => sheetCrc32.buf(view)),
      each("@foxglove/crc", views, (view) => foxgloveCrc32(view)),
      each("hash-wasm", views, (view) => Number.parseInt(hasher.init().update(view).digest(), 16)),
      ...(nodeCrc32 ? [each("node:zlib", buffers, nodeCrc32)] : []),
      ...cPeers.twins(work, series("crc32_slice8_burst", table), "slice-by-8"),
      ...cPeers.twins(work, series("crc32_fold_burst", table), "folding"),
      ...cPeers.contestants(work, { DPDK: series("dpdk_crc32_scalar_burst") }, "scalar"),
      ...cPeers.contestants(work, { DPDK: series("dpdk_crc32_sse42_burst") }, "SSE4.2"),
    ],
    bounds: boundsOf(frameBytes),
  };
}

function boundsOf(frameBytes: number): Bound[] {
  const times = "C, native, slice-by-8";
  if (frameBytes === 64) return [{ most: 1.2, times }];
  return frameBytes === 1500
    ? [
        { most: 0.8, times },
        { most: 0.55, times },
      ]
    : [];
}

const BYTE_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (CRC_POLYNOMIAL_32 & -(register & 1));
  return register;
});

function byteWise(bytes: Uint8Array): number {
  let register = -1;
  for (let i = 0; i < bytes.length; i++) {
    register = (BYTE_TABLE[(register ^ (bytes[i] as number)) & 0xff] as number) ^ (register >>> 8);
  }
  return ~register;
}
