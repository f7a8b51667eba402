/** What does an Internet checksum cost where the bytes lie, one call a frame, against plain JavaScript? */
import { MBUF_DATA } from "../assembly/layout.js";
import { createPlane, POOL_MBUFS } from "./plane.js";
import type { Case, Question } from "./question.js";
import { udpFrames } from "./workload.js";

export const checksum: Question = {
  name: "checksum",
  measured: "the Internet checksum of a whole frame in linear memory, one call a frame; all read the same bytes.",
  cases: async () => (await Promise.all([64, 1500].map(casesFor))).flat(),
};

async function casesFor(frameBytes: number): Promise<Case[]> {
  const { kernels, arena, list } = await createPlane(udpFrames(POOL_MBUFS, frameBytes));
  const { u16, u32 } = arena;
  const view = new DataView(arena.u8.buffer);
  const starts = u32.slice(list >> 2, (list >> 2) + POOL_MBUFS).map((m) => u32[(m + MBUF_DATA) >> 2] as number);
  const each = (sumOf: (start: number) => number) => () => {
    let sum = 0;
    for (const start of starts) sum += sumOf(start);
    return sum;
  };
  const byDataView = each((start) => byteSwap(dataViewChecksum(view, start, frameBytes)));
  const byWords = each((start) => wordChecksum(u16, start, frameBytes));
  const byKernel = each((start) => kernels.checksum(start, frameBytes));
  if (byDataView() !== byKernel() || byWords() !== byKernel()) throw new Error("the checksums differ");
  const row = (name: string, run: () => number): Case => ({
    name: `${frameBytes} B, ${name}`,
    baseline: `${frameBytes} B, JavaScript, DataView`,
    framesPerRun: POOL_MBUFS,
    bytesPerFrame: frameBytes,
    run,
  });
  return [
    row("JavaScript, DataView", byDataView),
    row("JavaScript, Uint16Array", byWords),
    row("checksum kernel", byKernel),
  ];
}

/** Of an even number of bytes anywhere; big-endian. */
function dataViewChecksum(view: DataView, start: number, bytes: number): number {
  let sum = 0;
  for (let off = start; off < start + bytes; off += 2) sum += view.getUint16(off);
  return fold(sum);
}

/** Of an even number of bytes from an even address on; in memory order. */
function wordChecksum(words: Uint16Array, start: number, bytes: number): number {
  let sum = 0;
  for (let at = start >> 1; at < (start + bytes) >> 1; at++) sum += words[at] as number;
  return fold(sum);
}

function fold(sum: number): number {
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return sum ^ 0xffff;
}

function byteSwap(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}
