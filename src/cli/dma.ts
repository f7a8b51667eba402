/**
 * `ringlane dma CAPTURE`: what single-DMA buffers (system 1) would do to this traffic. Each frame is sent three ways, as a
 * stack would send it: its payload into a reserved buffer with the headers in front; headers and payload as descriptors of
 * their own; both gathered into one. The counts are those of the engine's ports, and the bytes that leave are compared.
 */
import { type CapturePacket, createEngine, type Frame, type Outgoing, type Port } from "../index.js";
import { openInput } from "./files.js";
import { printUnread, readThrough } from "./read.js";
import { printJson, table } from "./report.js";

/** Room for any Ethernet, IP and TCP headers, options included, and a 64 KiB frame in one buffer. */
const HEADERS = ["ethernet", "qinq", "ipv6", "ipv4-options", "tcp", "tcp-options"] as const;
const PAYLOAD_BYTES = 65_536;
const MBUFS = 1024;

type Send = (port: Port, headers: Uint8Array, payload: Uint8Array) => boolean;

/** How a stack can hand over a frame; each way has a port of its own. */
const WAYS: readonly (readonly [name: string, send: Send])[] = [
  [
    "single DMA",
    (port, headers, payload) => fill(port, payload, (frame) => frame.prepend(headers) && port.post(frame)),
  ],
  ["scatter-gather", (port, h, payload) => fill(port, payload, (frame) => port.postFragments(h, [frame], "scatter"))],
  ["copied into one", (port, h, payload) => fill(port, payload, (frame) => port.postFragments(h, [frame], "gather"))],
];

/** Exit code 0; 1 when the three ways do not send the same bytes, or the file is damaged. */
export async function dmaEstimate(path: string, options: { json?: boolean }): Promise<number> {
  const engine = await createEngine({
    headers: HEADERS,
    payloadBytes: PAYLOAD_BYTES,
    mbufs: MBUFS,
    ports: WAYS.length,
  });
  const ports = WAYS.map(([name]) => engine.addPort(name, { scatterGather: true }));
  const burst = engine.burst();
  const input = openInput(path);
  let differing = 0;
  let unsent = 0;
  let tooLong = 0;
  const summary = await readThrough(input, burst, ({ packets }) => {
    burst.parse();
    for (const [i, { payloadOffset }] of burst.frames().entries()) {
      const { data } = packets[i] as CapturePacket;
      if (data.length - payloadOffset > PAYLOAD_BYTES) {
        tooLong++;
        continue;
      }
      const headers = data.subarray(0, payloadOffset);
      const sent = WAYS.map(([, send], way) => send(ports[way] as Port, headers, data.subarray(payloadOffset)));
      if (sent.includes(false)) unsent++;
      const [expected, ...others] = ports.map((port) => drain(port));
      if (others.some((bytes) => !bytes.equals(expected as Buffer))) differing++;
    }
  });
  const report = {
    file: input.name,
    packets: summary.packets,
    ways: ports.map(wayReport),
    headroomBytes: engine.headroomBytes,
    framesThatDiffer: differing,
    framesNotSent: unsent,
    framesTooLong: tooLong,
  };
  engine.close();
  if (options.json) {
    printJson({ ...report, ...summary.unread });
  } else {
    const rows = report.ways.map((w) => [w.way, w.frames, w.descriptors, w.descriptorsPerFrame, w.copiedBytes]);
    console.log(table(["way", "frames", "descriptors", "per frame", "bytes copied"], rows));
    console.log(differing === 0 ? "all ways put the same bytes on the wire" : `FAILED: ${differing} frames differ`);
    if (tooLong > 0) console.log(`${tooLong} frames are longer than ${PAYLOAD_BYTES} bytes and were left out`);
    if (unsent > 0) console.log(`FAILED: ${unsent} frames could not be sent`);
    printUnread(input.name, summary.unread);
  }
  return differing > 0 || unsent > 0 || summary.unread.damage ? 1 : 0;
}

/** The payload in a buffer of the port; false, and the buffer given back, when it could not be sent. */
function fill(port: Port, payload: Uint8Array, send: (frame: Frame) => boolean): boolean {
  const frame = port.reserve(payload.length);
  if (!frame) return false;
  frame.payload.set(payload);
  const sent = send(frame);
  if (!sent) frame.release();
  return sent;
}

/** The bytes of all that left, as one. */
function drain(port: Port): Buffer {
  const left: Outgoing[] = port.takeBurst();
  const bytes = Buffer.concat(left.flatMap(({ spans }) => spans));
  port.complete(left);
  return bytes;
}

function wayReport({ name, counters }: Port) {
  const { txFrames, txDescriptors, descriptorsPerFrame, copiedBytes, prependFailures } = counters;
  return { way: name, frames: txFrames, descriptors: txDescriptors, descriptorsPerFrame, copiedBytes, prependFailures };
}
