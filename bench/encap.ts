/** What does VXLAN cost a frame, and what of the gain is layout, what is Wasm, what is the burst? Goal: 20 ns or less. */
import {
  MBUF_DATA,
  MBUF_LEN,
  MBUF_PKT_LEN,
  MBUF_WIRE_LEN,
  SPAN_ADDR,
  SPAN_BYTES,
  SPAN_ID,
} from "../assembly/layout.js";
import { encapByConcat, encapInPlace, HEADER_BYTES, plainTunnel } from "./plain-vxlan.js";
import { armVnic, createPlane, type Plane, POOL_MBUFS } from "./plane.js";
import type { Case, Question } from "./question.js";
import { udpFrames } from "./workload.js";

const HEADROOM_BYTES = 64;

export const encap: Question = {
  name: "encap",
  measured:
    "parse, flow hash, outer header, IPv4 checksum. txBurst adds the ring, one descriptor and the counters; its mbuf\n" +
    "records are set back for the next run inside the loop, which alone is the row 'set back'. The circuit lets a device\n" +
    "take, read and complete each frame, reaps it, strips the header and lets it arrive again, all of it timed.",
  cases: async () => (await Promise.all([64, 1500].map(casesFor))).flat(),
};

async function casesFor(frameBytes: number): Promise<Case[]> {
  const frames = udpFrames(POOL_MBUFS, frameBytes);
  const armed = await createPlane(frames);
  const setBack = armVnic(armed);
  const { kernels, uplink, list, tunnel } = armed;
  const inBursts = (burst: number, work: (at: number) => unknown) => () => {
    for (let at = 0; at < POOL_MBUFS; at += burst) work(at);
    const free = kernels.queueFree(uplink.queue);
    setBack();
    return free;
  };
  const kernel = (burst: number) => inBursts(burst, (at) => kernels.encapBurst(list + at * 4, burst, tunnel));
  const transmit = (burst: number) => inBursts(burst, () => kernels.txBurst(tunnel, burst));
  if (transmit(32)() !== 0) throw new Error("not every frame was posted");
  const plain = plainCases(frames, await outerHeader(frames));
  const row = (name: string, baseline: string, run: () => number): Case => ({
    name: `${frameBytes} B, ${name}`,
    baseline: `${frameBytes} B, ${baseline}`,
    framesPerRun: POOL_MBUFS,
    run,
  });
  return [
    row("JavaScript, Buffer.concat", "JavaScript, Buffer.concat", plain.concat),
    row("JavaScript, in headroom", "JavaScript, Buffer.concat", plain.inPlace),
    row("encapBurst of 1", "JavaScript, in headroom", kernel(1)),
    row("encapBurst of 32", "encapBurst of 1", kernel(32)),
    row("encapBurst of 256", "encapBurst of 1", kernel(256)),
    row("txBurst of 1", "encapBurst of 1", transmit(1)),
    row("txBurst of 32", "JavaScript, in headroom", transmit(32)),
    row("txBurst of 256", "JavaScript, in headroom", transmit(256)),
    row("circuit in bursts of 32", "txBurst of 32", circuit(await createPlane(frames), 32)),
    row(
      "set back",
      "txBurst of 32",
      inBursts(POOL_MBUFS, () => undefined),
    ),
  ];
}

/** Frames arrive at the vnic, leave by the uplink, and come back. */
function circuit({ kernels, arena, vnic, uplink, tunnel, list, spans, ids }: Plane, burst: number): () => number {
  const { u8, u32 } = arena;
  return () => {
    let sum = 0;
    for (let done = 0; done < POOL_MBUFS; done += burst) {
      kernels.portReceiveBurst(vnic.ptr, list + done * 4, burst);
      kernels.txBurst(tunnel, burst);
      const taken = kernels.takeBurst(uplink.queue, spans, burst);
      for (let i = 0; i < taken; i++) {
        const span = (spans + i * SPAN_BYTES) >> 2;
        sum += u8[u32[span + SPAN_ADDR / 4] as number] as number;
        u32[(ids >> 2) + i] = (u32[span + SPAN_ID / 4] as number) & 0xffff;
      }
      kernels.completeBurst(uplink.queue, ids, taken);
      kernels.reapBurst(uplink.queue, list + done * 4, taken);
      for (let i = 0; i < taken; i++) {
        const m = u32[(list >> 2) + done + i] as number;
        strip(u32, m);
      }
    }
    return sum;
  };
}

/** What adj does, without a crossing for each frame. */
function strip(u32: Uint32Array, m: number): void {
  u32[(m + MBUF_DATA) >> 2] = (u32[(m + MBUF_DATA) >> 2] as number) + HEADER_BYTES;
  u32[(m + MBUF_LEN) >> 2] = (u32[(m + MBUF_LEN) >> 2] as number) - HEADER_BYTES;
  u32[(m + MBUF_PKT_LEN) >> 2] = (u32[(m + MBUF_PKT_LEN) >> 2] as number) - HEADER_BYTES;
  u32[(m + MBUF_WIRE_LEN) >> 2] = (u32[(m + MBUF_WIRE_LEN) >> 2] as number) - HEADER_BYTES;
}

/** The header that the data plane puts in front of the first frame. */
async function outerHeader(frames: readonly Uint8Array[]): Promise<Uint8Array> {
  const { kernels, arena, list, tunnel } = await createPlane(frames);
  kernels.encapBurst(list, 1, tunnel);
  const data = arena.u32[((arena.u32[list >> 2] as number) + MBUF_DATA) >> 2] as number;
  return arena.u8.slice(data, data + HEADER_BYTES);
}

function plainCases(frames: readonly Uint8Array[], header: Uint8Array) {
  const tunnel = plainTunnel(header);
  const stride = HEADROOM_BYTES + (frames[0] as Uint8Array).length;
  const slab = new Uint8Array(stride * frames.length);
  const slabView = new DataView(slab.buffer);
  for (const [i, frame] of frames.entries()) slab.set(frame, i * stride + HEADROOM_BYTES);
  const buffers = frames.map((frame) => Buffer.from(frame));
  const views = buffers.map((buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.length));
  const frameBytes = stride - HEADROOM_BYTES;

  const inPlace = () => {
    let sum = 0;
    for (let off = HEADROOM_BYTES; off < slab.length; off += stride) {
      sum += slab[encapInPlace(tunnel, slabView, off, frameBytes)] as number;
    }
    return sum;
  };
  const concat = () => {
    let sum = 0;
    for (let i = 0; i < buffers.length; i++) {
      sum += encapByConcat(tunnel, buffers[i] as Buffer, views[i] as DataView)[0] as number;
    }
    return sum;
  };
  inPlace();
  checkTwin(header, slab.subarray(HEADROOM_BYTES - HEADER_BYTES, HEADROOM_BYTES));
  checkTwin(header, encapByConcat(tunnel, buffers[0] as Buffer, views[0] as DataView));
  return { inPlace, concat };
}

/** A baseline that does something else would be none: all but the entropy port must be what the data plane wrote. */
function checkTwin(ours: Uint8Array, plain: Uint8Array): void {
  const differs = ours.some((byte, at) => byte !== plain[at] && at !== 34 && at !== 35);
  if (differs) throw new Error("plain JavaScript made another header than the data plane");
}
