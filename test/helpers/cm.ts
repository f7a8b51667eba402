/** Communication management MADs of real traffic, and frames around others. */

import { icrcOf } from "../model/crc.js";
import { u16At } from "./bytes.js";
import { roceFrames } from "./roce.js";

const BTH = 42;
const MAD = BTH + 12 + 8;
const MAD_BYTES = 256;

export interface RealMad {
  readonly from: "client" | "server";
  readonly mad: Uint8Array;
  readonly frame: Uint8Array;
}

/** What rping's two ends said to each other over queue pair 1, in order. */
export async function rpingMads(): Promise<RealMad[]> {
  const frames = await roceFrames("rocev2-rping-cm");
  const isManagement = (frame: Uint8Array) => u16At(frame, BTH + 4) === 0 && u16At(frame, BTH + 6) === 1;
  return frames.filter(isManagement).map((frame) => ({
    // 10.9.0.1 is the client.
    from: frame[29] === 1 ? "client" : "server",
    mad: frame.slice(MAD, MAD + MAD_BYTES),
    frame,
  }));
}

/** A real frame with another MAD in it, and the ICRC made anew. */
export function withMad(frame: Uint8Array, mad: Uint8Array): Uint8Array {
  const copy = frame.slice();
  copy.set(mad, MAD);
  new DataView(copy.buffer).setUint32(copy.length - 4, icrcOf("ipv4", copy.subarray(14)), true);
  return copy;
}
