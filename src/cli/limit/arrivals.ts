/**
 * A capture as arrivals. Time is the capture's own, in milliseconds since its first packet. Where it goes backwards, as it does when
 * several interfaces or clocks wrote one file, a packet counts as come with the latest before it, for nothing can come in the past.
 */
import { CaptureError, CaptureReader, linkTypeName, type ReplayArrival, toEthernet } from "../../index.js";
import type { InputFile } from "../files.js";
import { showProgress } from "../progress.js";
import type { Unread } from "../read.js";
import { countOne } from "../report.js";
import type { Peers } from "./peers.js";

export interface ArrivalSummary {
  /** Of the file. */
  readonly packets: number;
  /** That are arrivals: those of link types that the engine takes. */
  readonly frames: number;
  /** From the first frame to the last. */
  readonly lengthMs: number;
  /** Frames whose time was before that of an earlier one. */
  readonly backwards: number;
  /** Frames of peers that came too late for a number of their own. */
  readonly framesBeyond: number;
  readonly unread: Unread;
}

/** Hands every frame to work, at most so many: a file may be written to while it is read. */
export async function readArrivals(
  input: InputFile,
  peers: Peers,
  work: (arrival: ReplayArrival) => void,
  framesMax = Number.POSITIVE_INFINITY,
): Promise<ArrivalSummary> {
  const unsupportedLinkTypes: Record<string, number> = {};
  let damage: Unread["damage"];
  let [packets, frames, lengthMs, backwards] = [0, 0, 0, 0];
  let firstNs: bigint | undefined;
  const beyondBefore = peers.framesBeyond;
  const progress = showProgress(input);
  try {
    read: for await (const burst of new CaptureReader(input.source).bursts()) {
      for (const packet of burst) {
        if (frames >= framesMax) break read;
        packets++;
        const frame = toEthernet(packet);
        if (!frame) {
          countOne(unsupportedLinkTypes, linkTypeName(packet.linkType));
          continue;
        }
        frames++;
        firstNs ??= packet.timestampNs;
        const ms = Number(packet.timestampNs - firstNs) / 1e6;
        if (ms < lengthMs) backwards++;
        else lengthMs = ms;
        work({ peer: peers.numberOf(frame.data), atMs: lengthMs, lengthBytes: frame.originalLength });
      }
      progress.update();
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = { byteOffset: error.byteOffset, reason: error.reason };
  } finally {
    progress.stop();
  }
  const framesBeyond = peers.framesBeyond - beyondBefore;
  return { packets, frames, lengthMs, backwards, framesBeyond, unread: { unsupportedLinkTypes, tooLong: 0, damage } };
}
