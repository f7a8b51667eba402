/**
 * A capture as frames in order of time, in nanoseconds since its first packet. Where time goes backwards, as it does when several
 * interfaces or clocks wrote one file, a frame counts as come with the latest before it, for nothing can come in the past.
 */
import { CaptureError, CaptureReader, linkTypeName, toEthernet } from "../index.js";
import type { InputFile } from "./files.js";
import { showProgress } from "./progress.js";
import type { Unread } from "./read.js";
import { countOne } from "./report.js";

export interface TimedFrame {
  readonly atNs: number;
  /** The bytes that are here. */
  readonly data: Uint8Array;
  /** On the wire. */
  readonly lengthBytes: number;
}

export interface TimedSummary {
  /** Of the file. */
  readonly packets: number;
  /** Those of link types that the engine takes. */
  readonly frames: number;
  /** From the first frame to the last. */
  readonly lengthNs: number;
  /** Frames whose time was before that of an earlier one. */
  readonly backwards: number;
  readonly unread: Unread;
}

/** Hands every frame to work, at most so many: a file may be written to while it is read. */
export async function readTimedFrames(
  input: InputFile,
  work: (frame: TimedFrame) => void,
  framesMax = Number.POSITIVE_INFINITY,
): Promise<TimedSummary> {
  const unsupportedLinkTypes: Record<string, number> = {};
  let damage: Unread["damage"];
  let [packets, frames, lengthNs, backwards] = [0, 0, 0, 0];
  let firstNs: bigint | undefined;
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
        const ns = Number(packet.timestampNs - firstNs);
        if (ns < lengthNs) backwards++;
        else lengthNs = ns;
        work({ atNs: lengthNs, data: frame.data, lengthBytes: frame.originalLength });
      }
      progress.update();
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = { byteOffset: error.byteOffset, reason: error.reason };
  } finally {
    progress.stop();
  }
  return { packets, frames, lengthNs, backwards, unread: { unsupportedLinkTypes, tooLong: 0, damage } };
}
