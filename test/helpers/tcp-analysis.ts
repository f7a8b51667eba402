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
  readonly stream: number;
  /** Port that it came from. */
  readonly source: string;
  readonly seq: number;
  readonly ack: number;
  /** Sequence numbers that it has. */
  readonly length: number;
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

const FIELDS = ["tcp.stream", "tcp.srcport", "tcp.seq", "tcp.ack", "tcp.nxtseq", "_ws.col.Info"];

/** One entry a frame; sequence numbers are tshark's, from 0 in each direction. */
export function analyse(file: string): Analysed[] {
  const analysis = [...AGAIN, "duplicate_ack", "zero_window", "ack_rtt"];
  const names = [...FIELDS, ...analysis.map((name) => `tcp.analysis.${name}`)];
  return tsharkFields(file, names, ["-E", "occurrence=f"]).map((row) => {
    const [stream, source = "", seq, ack, next, text = ""] = row;
    const [spurious, fast, late, plain, duplicate, zero, rtt] = row.slice(FIELDS.length);
    return {
      isTcp: seq !== "",
      ...{
        stream: Number(stream),
        source,
        seq: Number(seq),
        ack: Number(ack),
        length: Number(next) - Number(seq),
        text,
      },
      again: AGAIN.find((_, i) => [spurious, fast, late, plain][i]) ?? "",
      duplicateAck: Boolean(duplicate),
      zeroWindow: Boolean(zero),
      ackRttUs: rtt ? Math.round(Number(rtt) * 1e6) : undefined,
    };
  });
}
