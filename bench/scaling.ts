import { createBed, inBursts, laySpans, spansBytes } from "./bed.js";
import { wasmCalls } from "./contestant.js";
import { encapsulating } from "./gains.js";
import type { Case, Contestant, Question } from "./question.js";
import { lookups } from "./table.js";
import { udpFrames } from "./workload.js";

const BURST = 32;
const FRAMES = 256;
const PACKET_BYTES = [64, 128, 256, 512, 1024, 1500, 4096, 9000];
/** 256 packets are 0.6 MB with their headroom, 32768 are 73 MB. */
const WORKING_SETS = [256, 1024, 4096, 16384, 32768];
const TABLE_BITS = [8, 12, 16, 20, 24];

/** How does a packet's cost grow with its size, with the working set, with the table? (By burst size: the question gains.) */
export const scaling: Question = {
  name: "scaling",
  measured:
    "the smallest of each row of sizes is the peer of all others: a ratio below 1 says what the larger size costs more. Checksums " +
    "read every byte; encapsulation reads and writes a few cache lines of each of so many packets; lookups are in 16-byte keys.",
  slow: true,
  cases: async () => [
    ...against("packet size", "ns a frame", await each(PACKET_BYTES, checksumOf)),
    ...against("working set", "ns a frame", await each(WORKING_SETS, encapsulationOf)),
    ...against("table size", "ns a key", await each(TABLE_BITS, (bits) => lookups(16, bits))),
  ],
};

async function each(sizes: readonly number[], build: (size: number) => Promise<Contestant>): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const size of sizes) contestants.push(await build(size));
  return contestants;
}

function against(name: string, unit: string, [smallest, ...larger]: readonly Contestant[]): Case[] {
  return larger.map((ours) => ({ name: `${name}, ${ours.name}`, unit, ours, peers: [smallest as Contestant] }));
}

async function checksumOf(frameBytes: number): Promise<Contestant> {
  const bed = await createBed(spansBytes(FRAMES, frameBytes));
  const spans = laySpans(bed.arena, udpFrames(FRAMES, frameBytes));
  return wasmCalls(`checksum of ${frameBytes} B`, FRAMES, bed.kernels, inBursts(spans, BURST, "checksumBurst"));
}

async function encapsulationOf(packets: number): Promise<Contestant> {
  const contestant = await encapsulating(udpFrames(packets, 64), BURST);
  return { ...contestant, name: `encapsulation of ${packets} packets` };
}
