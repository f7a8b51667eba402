/** How fast is a capture read that lies in memory? Goal: 1 GB/s of 1500-byte packets or more. */
import { type CaptureFormat, CaptureReader, encodeCapture, LINKTYPE_ETHERNET } from "../src/capture/index.js";
import type { Case, Question } from "./question.js";
import { udpFrames } from "./workload.js";

const PACKETS = 8192;
const PACKET_BYTES = 1500;
const CHUNK_BYTES = 65_536;

export const capture: Question = {
  name: "capture",
  measured:
    `${PACKETS} packets of ${PACKET_BYTES} bytes (GB/s: of packet bytes) from memory, in one piece unless chunks are named. Each\n` +
    "packet's time, lengths and first byte are read; the bytes between are not, so GB/s says how fast files are walked.",
  cases: async () => {
    const pcap = await captureOf("pcap");
    const pcapng = await captureOf("pcapng");
    const row = (name: string, run: () => number | Promise<number>): Case => ({
      name,
      baseline: "pcap, DataView loop",
      framesPerRun: PACKETS,
      bytesPerFrame: PACKET_BYTES,
      run,
    });
    return [
      row("pcap, DataView loop", () => readPlainly(pcap)),
      row("pcap, bursts", () => readBursts(pcap)),
      row("pcap, packets", () => readPackets(pcap)),
      row("pcap, bursts, 64 KiB chunks", () => readBursts(chunksOf(pcap))),
      row("pcapng, bursts", () => readBursts(pcapng)),
      row("pcapng, packets", () => readPackets(pcapng)),
    ];
  },
};

async function captureOf(format: CaptureFormat): Promise<Uint8Array> {
  const frames = udpFrames(PACKETS, PACKET_BYTES);
  const packets = frames.map((data, i) => ({ data, timestampNs: 1_700_000_000_000_000_000n + BigInt(i) * 12_345n }));
  const interfaces = [{ linkType: LINKTYPE_ETHERNET, snapLength: 65_535 }];
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeCapture(packets, { format, interfaces })) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

/** The least that a reader of one known file has to do: no checks, no second format, a view of each packet. */
function readPlainly(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let sum = 0;
  for (let at = 24; at < bytes.length; ) {
    const timestampMs = view.getUint32(at, true) * 1e3 + view.getUint32(at + 4, true) / 1e6;
    const captured = view.getUint32(at + 8, true);
    const data = new Uint8Array(bytes.buffer, bytes.byteOffset + at + 16, captured);
    sum += (data[0] as number) + (timestampMs % 1024) + view.getUint32(at + 12, true);
    at += 16 + captured;
  }
  return sum;
}

async function readBursts(source: Uint8Array | Iterable<Uint8Array>): Promise<number> {
  let sum = 0;
  for await (const burst of new CaptureReader(source).bursts()) {
    for (const packet of burst) sum += (packet.data[0] as number) + packet.originalLength + touch(packet.timestampNs);
  }
  return sum;
}

async function readPackets(source: Uint8Array): Promise<number> {
  let sum = 0;
  for await (const packet of new CaptureReader(source)) {
    sum += (packet.data[0] as number) + packet.originalLength + touch(packet.timestampNs);
  }
  return sum;
}

function touch(timestampNs: bigint): number {
  return timestampNs > 0n ? 1 : 0;
}
