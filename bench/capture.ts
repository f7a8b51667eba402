import { createRequire } from "node:module";
import { PassThrough } from "node:stream";
import { type CaptureFormat, CaptureReader, encodeCapture, LINKTYPE_ETHERNET } from "../src/capture/index.js";
import { inProcess } from "./contestant.js";
import { PLAIN, type Question } from "./question.js";
import { udpFrames } from "./workload.js";

const PACKETS = 8192;
const PACKET_BYTES = 1500;
const CHUNK_BYTES = 65_536;

interface PcapParser {
  parse(source: NodeJS.ReadableStream): NodeJS.EventEmitter;
}
const pcapParser = createRequire(import.meta.url)("pcap-parser") as PcapParser;

/** How fast is a capture read that lies in memory? */
export const capture: Question = {
  name: "capture",
  measured:
    `${PACKETS} packets of ${PACKET_BYTES} bytes from memory. Each packet's time, lengths and first byte are read; the bytes between ` +
    "are not, so this is how fast files are walked. The plain loop knows one format and checks nothing.",
  cases: async () => {
    const pcap = await captureOf("pcap");
    const pcapng = await captureOf("pcapng");
    const contestant = (name: string, run: () => number | Promise<number>) => inProcess(name, PACKETS, run);
    const peers = [contestant(`${PLAIN}, DataView loop`, () => readPlainly(pcap))];
    const unit = "ns a packet";
    const microseconds = await captureOf("pcap", { nanoseconds: false }); // the one kind that the parser reads
    const parser = contestant("pcap-parser", () => readByParser(microseconds));
    return [
      { name: "pcap, bursts", unit, ours: contestant("bursts", () => readBursts(pcap)), peers: [...peers, parser] },
      { name: "pcap, packets", unit, ours: contestant("packets", () => readPackets(pcap)), peers: [parser] },
      {
        name: "pcap, 64 KiB chunks",
        unit,
        ours: contestant("chunks", () => readBursts(chunksOf(pcap))),
        peers: [parser],
      },
      { name: "pcapng, bursts", unit, ours: contestant("bursts", () => readBursts(pcapng)), peers },
      { name: "pcapng, packets", unit, ours: contestant("packets", () => readPackets(pcapng)), peers },
    ];
  },
};

async function captureOf(format: CaptureFormat, options: { nanoseconds?: boolean } = {}): Promise<Uint8Array> {
  const frames = udpFrames(PACKETS, PACKET_BYTES);
  const packets = frames.map((data, i) => ({ data, timestampNs: 1_700_000_000_000_000_000n + BigInt(i) * 12_345n }));
  const interfaces = [{ linkType: LINKTYPE_ETHERNET, snapLength: 65_535 }];
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeCapture(packets, { format, interfaces, ...options })) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

/** The parser wants a stream, and gets it in the pieces in which a file would come. */
function readByParser(bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    let sum = 0;
    const stream = new PassThrough();
    const events = pcapParser.parse(stream);
    events.on("packet", ({ header, data }) => {
      sum += (data[0] as number) + header.originalLength;
    });
    events.on("end", () => resolve(sum));
    events.on("error", reject);
    for (const chunk of chunksOf(bytes)) stream.write(chunk);
    stream.end();
  });
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
