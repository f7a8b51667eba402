/** A capture as arrivals, in milliseconds since its first packet. */
import type { ReplayArrival } from "../../index.js";
import type { InputFile } from "../files.js";
import { readTimedFrames, type TimedSummary } from "../timed-frames.js";
import type { Peers } from "./peers.js";

export interface ArrivalSummary extends TimedSummary {
  readonly lengthMs: number;
  /** Frames of peers that came too late for a number of their own. */
  readonly framesBeyond: number;
}

const NS_PER_MS = 1e6;

/** Hands every frame to work, at most so many. */
export async function readArrivals(
  input: InputFile,
  peers: Peers,
  work: (arrival: ReplayArrival) => void,
  framesMax?: number,
): Promise<ArrivalSummary> {
  const beyondBefore = peers.framesBeyond;
  const summary = await readTimedFrames(
    input,
    ({ atNs, data, lengthBytes }) => work({ peer: peers.numberOf(data), atMs: atNs / NS_PER_MS, lengthBytes }),
    framesMax,
  );
  const framesBeyond = peers.framesBeyond - beyondBefore;
  return { ...summary, lengthMs: summary.lengthNs / NS_PER_MS, framesBeyond };
}
