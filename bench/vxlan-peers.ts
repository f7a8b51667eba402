/** VXLAN encapsulation without WebAssembly: plain JavaScript two ways, and npm packages; all checked against the data plane. */
import { MBUF_DATA } from "../assembly/layout.js";
import { inProcess } from "./contestant.js";
import { encapByPackages } from "./packages-vxlan.js";
import { encapByConcat, encapInPlace, HEADER_BYTES, plainTunnel } from "./plain-vxlan.js";
import { createPlane } from "./plane.js";
import { type Contestant, PLAIN } from "./question.js";

const HEADROOM_BYTES = 64;

export interface VxlanPeers {
  /** A new buffer for header and frame. */
  readonly concat: Contestant;
  /** The header in front of the frame, where room was left for it. */
  readonly inHeadroom: Contestant;
  readonly packages: Contestant;
}

export async function vxlanPeers(frames: readonly Uint8Array[]): Promise<VxlanPeers> {
  const header = await outerHeader(frames);
  const tunnel = plainTunnel(header);
  const frameBytes = (frames[0] as Uint8Array).length;
  const stride = HEADROOM_BYTES + frameBytes;
  const slab = new Uint8Array(stride * frames.length);
  const slabView = new DataView(slab.buffer);
  for (const [i, frame] of frames.entries()) slab.set(frame, i * stride + HEADROOM_BYTES);
  const buffers = frames.map((frame) => Buffer.from(frame));
  const views = buffers.map((buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.length));

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
  const packages = () => buffers.reduce((sum, buffer) => sum + (encapByPackages(buffer)[0] as number), 0);
  inPlace();
  checkTwin(header, slab.subarray(HEADROOM_BYTES - HEADER_BYTES, HEADROOM_BYTES));
  checkTwin(header, encapByConcat(tunnel, buffers[0] as Buffer, views[0] as DataView));
  checkTwin(header, encapByPackages(buffers[0] as Buffer));
  return {
    concat: inProcess(`${PLAIN}, Buffer.concat`, frames.length, concat),
    inHeadroom: inProcess(`${PLAIN}, in headroom`, frames.length, inPlace),
    packages: inProcess("ether-frame, ip-packet", frames.length, packages),
  };
}

/** The header that the data plane puts in front of the first frame. */
async function outerHeader(frames: readonly Uint8Array[]): Promise<Uint8Array> {
  const { kernels, arena, list, tunnel } = await createPlane(frames);
  kernels.encapBurst(list, 1, tunnel);
  const data = arena.u32[((arena.u32[list >> 2] as number) + MBUF_DATA) >> 2] as number;
  return arena.u8.slice(data, data + HEADER_BYTES);
}

/** A baseline that does something else would be none: all but the entropy port must be what the data plane wrote. */
function checkTwin(ours: Uint8Array, plain: Uint8Array): void {
  const differs = ours.some((byte, at) => byte !== plain[at] && at !== 34 && at !== 35);
  if (differs) throw new Error("plain JavaScript made another header than the data plane");
}
