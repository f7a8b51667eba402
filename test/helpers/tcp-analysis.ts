/** What tshark's TCP analysis says of a capture's frames, by the names that ours have for it. */
import { readFileSync } from "node:fs";
import { CaptureReader } from "../../src/capture/index.js";
import type { Seen } from "./health.js";
import { tsharkFields } from "./tshark.js";

/** The TCP frames of a capture of Ethernet frames, all for one peer. */
export async function readFrames(file: string): Promise<Seen[]> {
  const frames: Seen[] = [];
  for await (const { data, originalLength, timestampNs } of new CaptureReader(new Uint8Array(readFileSync(file)))) {
    frames.push({ data: data.slice(), originalLength, timestampNs });
  }
  return frames;
}

export interface Analysed {
  readonly isTcp: boolean;
  readonly seq: number;
  readonly ack: number;
  readonly bytes: number;
  /** Of its four names for what has been sent before, one at most. */
  readonly again: "" | "retransmission" | "fast_retransmission" | "spurious_retransmission" | "out_of_order";
  readonly duplicateAck: boolean;
  readonly zeroWindow: boolean;
  /** Since the segment that it acknowledges, in microseconds. */
  readonly ackRttUs: number | undefined;
  /** All that tshark says of it, for messages. */
  readonly text: string;
}

const AGAIN = ["spurious_retransmission", "fast_retransmission", "out_of_order", "retransmission"] as const;

/** One entry a frame. */
export function analyse(file: string): Analysed[] {
  const flags = [...AGAIN, "duplicate_ack", "zero_window", "ack_rtt", "flags"];
  const names = [...flags.map((name) => `tcp.analysis.${name}`), "tcp.seq", "tcp.ack", "tcp.len", "_ws.col.Info"];
  return tsharkFields(file, names, ["-E", "occurrence=f"]).map((row) => {
    const [spurious, fast, late, plain, duplicate, zero, rtt, , seq, ack, bytes, text] = row;
    const again = AGAIN.find((_, i) => [spurious, fast, late, plain][i]) ?? "";
    return {
      isTcp: seq !== "",
      ...{ seq: Number(seq), ack: Number(ack), bytes: Number(bytes), again, text: text ?? "" },
      duplicateAck: Boolean(duplicate),
      zeroWindow: Boolean(zero),
      ackRttUs: rtt ? Math.round(Number(rtt) * 1e6) : undefined,
    };
  });
}
