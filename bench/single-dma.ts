/** What does a frame cost that is written once and leaves as one span, against copying, gathering and scattering it? */
import { createEngine, type Engine, type Frame, type Port } from "../src/index.js";
import { WASM } from "./bed.js";
import { inProcess } from "./contestant.js";
import type { Question } from "./question.js";
import { udpFrames } from "./workload.js";

const BURST = 32;
const FRAGMENTS = 4;
const HEADER_BYTES = 42;
const PAYLOAD_BYTES = 1400;

export const singleDma: Question = {
  name: "single-dma",
  measured:
    `through the public API, ${BURST} frames at a time: a stack makes a frame of a ${HEADER_BYTES}-byte header and ${PAYLOAD_BYTES} bytes ` +
    `(in ${FRAGMENTS} fragments for gather and scatter), posts it, and a device takes it, reads a byte a span and completes it. ` +
    "Every way copies the payload once out of the application's buffer; what differs is what is copied or posted more.",
  cases: async () => {
    const frame = udpFrames(1, HEADER_BYTES + PAYLOAD_BYTES)[0] as Uint8Array;
    const header = frame.subarray(0, HEADER_BYTES);
    const payload = frame.subarray(HEADER_BYTES);
    const uplink = await createUplink();
    const contestant = (name: string, run: () => number) => inProcess(name, BURST, run);
    const alone = contestant(
      "a frame at a time",
      perFrame(uplink, (port) => inPlace(port, header, payload)),
    );
    const joinedFirst = perFrame(await createUplink(), (port) => joined(port, header, payload));
    const gathered = perFrame(await createUplink(), fragmented("gather", header, payload));
    const scattered = perFrame(await createUplink(true), fragmented("scatter", header, payload));
    const unit = "ns a frame";
    return [
      {
        name: "in place",
        unit,
        ours: alone,
        peers: [
          contestant("joined, then copied in", joinedFirst),
          contestant("gathered", gathered),
          contestant("scattered", scattered),
        ],
      },
      {
        name: "in place, one post a burst",
        unit,
        ours: contestant("a burst at a time", inPlaceBurst(await createUplink(), header, payload)),
        peers: [alone],
      },
    ];
  },
};

async function createUplink(scatterGather = false): Promise<Port> {
  const engine: Engine = await createEngine({ wasm: WASM, mbufs: 256, ports: 1, queueSize: 256 });
  return engine.addPort("uplink", { scatterGather });
}

function perFrame(uplink: Port, post: (uplink: Port) => boolean): () => number {
  return () => {
    for (let i = 0; i < BURST; i++) if (!post(uplink)) throw new Error("the queue is full");
    return sendAll(uplink);
  };
}

function inPlaceBurst(uplink: Port, header: Uint8Array, payload: Uint8Array): () => number {
  return () => {
    const frames = uplink.reserveBurst(PAYLOAD_BYTES, BURST);
    for (const frame of frames) {
      frame.payload.set(payload);
      frame.prepend(header);
    }
    uplink.postBurst(frames);
    return sendAll(uplink);
  };
}

function inPlace(uplink: Port, header: Uint8Array, payload: Uint8Array): boolean {
  const frame = reserve(uplink, PAYLOAD_BYTES);
  frame.payload.set(payload);
  return frame.prepend(header) && uplink.post(frame);
}

/** A stack without headroom: it joins header and payload in memory of its own, and the port copies the whole in. */
function joined(uplink: Port, header: Uint8Array, payload: Uint8Array): boolean {
  const whole = new Uint8Array(HEADER_BYTES + PAYLOAD_BYTES);
  whole.set(header);
  whole.set(payload, HEADER_BYTES);
  const frame = reserve(uplink, whole.length);
  frame.payload.set(whole);
  return uplink.post(frame);
}

function fragmented(how: "gather" | "scatter", header: Uint8Array, payload: Uint8Array): (uplink: Port) => boolean {
  const fragmentBytes = PAYLOAD_BYTES / FRAGMENTS;
  const parts = Array.from({ length: FRAGMENTS }, (_, i) =>
    payload.subarray(i * fragmentBytes, (i + 1) * fragmentBytes),
  );
  return (uplink) => {
    const fragments = parts.map((part) => {
      const fragment = reserve(uplink, fragmentBytes);
      fragment.payload.set(part);
      return fragment;
    });
    return uplink.postFragments(header, fragments, how);
  };
}

function reserve(uplink: Port, bytes: number): Frame {
  const frame = uplink.reserve(bytes);
  if (!frame) throw new Error("the pool is empty");
  return frame;
}

/** The device: takes all that is posted, reads a byte of each span, completes. */
function sendAll(uplink: Port): number {
  let sum = 0;
  for (let frames = uplink.takeBurst(); frames.length > 0; frames = uplink.takeBurst()) {
    for (const { spans } of frames) for (const span of spans) sum += span[0] as number;
    uplink.complete(frames);
  }
  return sum;
}
