/** A whole capture through one kernel, frame by frame into another capture: what `ringlane encap` and `ringlane decap` share. */
import { type Burst, type CaptureReader, causeText, type Engine, LINKTYPE_ETHERNET } from "../../index.js";
import { type OutputFile, openInput, openOutput } from "../files.js";
import { type LoadedBurst, printUnread, type ReadSummary, readThrough } from "../read.js";
import { countOne, printJson, table } from "../report.js";

export interface Conversion {
  readonly from: string;
  readonly to: string;
  readonly json: boolean | undefined;
  readonly work: (burst: Burst) => void;
  /** Whether a frame that is left out for this cause makes the whole a failure. */
  readonly isFault: (cause: string) => boolean;
}

/** Exit code 0; 1 when a frame was left out for a fault, or the input is damaged. */
export async function convert(engine: Engine, { from, to, json, work, isFault }: Conversion): Promise<number> {
  const burst = engine.burst();
  // Once on nothing: a bad option is refused before a file is opened.
  work(burst);
  const input = openInput(from);
  const output = await openOutput(to);
  const interfaces = new Interfaces(output);
  const left: Record<string, number> = {};
  const found: Record<string, number> = {};
  let written = 0;
  let writtenBytes = 0;
  const convertBurst = async ({ packets }: LoadedBurst, reader: CaptureReader) => {
    work(burst);
    for (const [i, frame] of burst.frames().entries()) {
      if (frame.cause !== undefined) {
        countOne(left, frame.cause);
        continue;
      }
      const { interfaceId, comments } = packets[i] as (typeof packets)[number];
      const { timestampNs, spans, originalLength } = frame;
      const target = interfaces.idFor(interfaceId, reader);
      await output.writer.write({ timestampNs, data: spans, originalLength, comments, interfaceId: target });
      if (frame.encapsulation) countOne(found, frame.encapsulation);
      written++;
      writtenBytes += originalLength;
    }
  };
  let summary: ReadSummary;
  try {
    summary = await readThrough(input, burst, convertBurst);
    interfaces.ensureOne();
    await output.close();
  } finally {
    output.discard();
    engine.close();
  }
  const report = reportOf(input.name, output.name, summary, { written, writtenBytes, found, left });
  if (json) printJson(report);
  else printReport(report, to === "-");
  return Object.keys(left).some(isFault) || summary.unread.damage ? 1 : 0;
}

/** Interfaces of the output: one for each of the input's, as Ethernet; a pcap file has room for one only. */
class Interfaces {
  readonly #output: OutputFile;
  readonly #ids = new Map<number, number>();

  constructor(output: OutputFile) {
    this.#output = output;
  }

  idFor(interfaceId: number, reader: CaptureReader): number {
    const key = this.#output.writer.format === "pcap" ? 0 : interfaceId;
    let id = this.#ids.get(key);
    if (id === undefined) {
      const { name, description } = reader.interfaces[interfaceId] ?? {};
      id = this.#output.writer.addInterface({ linkType: LINKTYPE_ETHERNET, name, description });
      this.#ids.set(key, id);
    }
    return id;
  }

  /** A file without packets still says what it would hold. */
  ensureOne(): void {
    if (this.#ids.size === 0) this.#output.writer.addInterface({ linkType: LINKTYPE_ETHERNET });
  }
}

function reportOf(
  from: string,
  to: string,
  { packets, unread }: ReadSummary,
  done: { written: number; writtenBytes: number; found: Record<string, number>; left: Record<string, number> },
) {
  return {
    input: from,
    output: to,
    packetsRead: packets,
    packetsWritten: done.written,
    wireBytesWritten: done.writtenBytes,
    ...(Object.keys(done.found).length > 0 ? { encapsulations: done.found } : {}),
    leftOut: done.left,
    ...unread,
  };
}

function printReport(report: ReturnType<typeof reportOf>, toStdout: boolean): void {
  // The file itself goes to stdout when it was asked for there.
  const print = toStdout ? console.error : console.log;
  print(
    `${report.packetsRead} packets read from ${report.input}, ${report.packetsWritten} written to ${report.output}`,
  );
  const found = Object.entries(report.encapsulations ?? {});
  if (found.length > 0) print(table(["encapsulation", "frames"], found));
  const left = Object.entries(report.leftOut).map(([cause, n]) => [n, cause, causeText(cause)]);
  if (left.length > 0) print(table(["left out", "cause", "which means"], left));
  printUnread(report.input, report);
}
