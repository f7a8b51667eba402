import { createRequire } from "node:module";
import { createBed, inBursts, laySpans, spansBytes } from "./bed.js";
import type { CPeers } from "./c-peers.js";
import { compileCalls, inProcess, wasmCalls } from "./contestant.js";
import { type Case, PLAIN, type Question } from "./question.js";
import { udpFrames } from "./workload.js";

const FRAMES = 256;
const BURST = 32;
const UDP_OFFSET = 34;

type UdpPacket = { checksum(packet: object, datagram: Buffer): number };
const udpPacket = createRequire(import.meta.url)("udp-packet") as UdpPacket;

/** What does the Internet checksum of a frame cost, in bursts? */
export function checksum(cPeers: CPeers): Question {
  return {
    name: "checksum",
    measured: `the Internet checksum of whole frames in memory, ${FRAMES} of them, in bursts of ${BURST}. udp-packet adds a pseudo-header.`,
    cases: () => Promise.all([64, 256, 1500].map((bytes) => caseOf(cPeers, bytes))),
  };
}

async function caseOf(cPeers: CPeers, frameBytes: number): Promise<Case> {
  const bed = await createBed(spansBytes(FRAMES, frameBytes));
  const frames = udpFrames(FRAMES, frameBytes);
  const spans = laySpans(bed.arena, frames);
  const { u8, u16, u32 } = bed.arena;
  const view = new DataView(u8.buffer);
  const starts = u32.slice(spans.ptrs >> 2, (spans.ptrs >> 2) + FRAMES);
  const series = (kernel: string) => inBursts(spans, BURST, kernel);
  const work = { image: bed.image(), items: FRAMES };
  compileCalls(bed.kernels, series("checksumBurst"))();
  const sums = u32.slice(spans.out >> 2, (spans.out >> 2) + FRAMES);
  const expected = { at: spans.out, bytes: new Uint8Array(sums.buffer) };

  const plainly = (name: string, sumOf: (start: number) => number) => {
    for (const [i, start] of starts.entries()) if (sumOf(start) !== sums[i]) throw new Error(`${name} differs`);
    return inProcess(name, FRAMES, () => starts.reduce((sum, start) => sum + sumOf(start), 0));
  };
  const datagrams = frames.map((frame) => Buffer.from(frame.subarray(UDP_OFFSET)));
  const addresses = { sourceIp: Buffer.from([192, 0, 2, 1]), destinationIp: Buffer.from([192, 0, 2, 2]) };
  return {
    name: `${frameBytes} B`,
    unit: "ns a frame",
    ours: wasmCalls("checksumBurst", FRAMES, bed.kernels, series("checksumBurst")),
    peers: [
      plainly(`${PLAIN}, DataView`, (start) => byteSwap(dataViewChecksum(view, start, frameBytes))),
      plainly(`${PLAIN}, Uint16Array`, (start) => wordChecksum(u16, start, frameBytes)),
      plainly(`${PLAIN}, Uint32Array`, (start) => doubleWordChecksum(u32, start, frameBytes)),
      inProcess("udp-packet", FRAMES, () =>
        datagrams.reduce((sum, each) => sum + udpPacket.checksum(addresses, each), 0),
      ),
      ...cPeers.twins({ ...work, expected }, series("checksum_burst")),
      ...cPeers.contestants(work, { DPDK: series("dpdk_checksum_burst") }),
    ],
    bounds: boundsOf(frameBytes),
  };
}

function boundsOf(frameBytes: number): Case["bounds"] {
  if (frameBytes === 64) return [{ most: 8 }, { most: 1, times: "C, Wasm" }, { most: 1.1, times: "C, SSE4.2" }];
  if (frameBytes !== 1500) return [];
  return [
    { most: 80 },
    { most: 1, times: "C, Wasm" },
    { most: 1.1, times: "C, SSE4.2" },
    { most: 0.1, times: `${PLAIN}, DataView` },
    { most: 0.1, times: `${PLAIN}, Uint32Array` },
  ];
}

/** What emulators in browsers do. Of an even number of bytes anywhere; big-endian. */
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

/** The best that we know in plain JavaScript: two words at a time, halves summed apart in 32 bits, four at a step. */
function doubleWordChecksum(words: Uint32Array, start: number, bytes: number): number {
  let low = 0;
  let high = 0;
  let at = start >> 2;
  const end = (start + bytes) >> 2;
  for (; at + 4 <= end; at += 4) {
    const [a, b, c, d] = [words[at], words[at + 1], words[at + 2], words[at + 3]] as [number, number, number, number];
    low = (low + (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff)) | 0;
    high = (high + (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16)) | 0;
  }
  for (; at < end; at++) {
    low = (low + ((words[at] as number) & 0xffff)) | 0;
    high = (high + ((words[at] as number) >>> 16)) | 0;
  }
  return fold(low + high);
}

function fold(sum: number): number {
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return sum ^ 0xffff;
}

function byteSwap(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}
